"""What asking again costs when a video's vision features are kept, against when they are not.

    python benchmarks/features.py [VIDEO] [--model demo] [--question TEXT] [--rounds 5]

Each round asks without and with kept features, one after the other, in one process; wall time,
medians. "looking" is decoding and vision, or reading the features instead. Then the processor time
that one window of a full-size model takes (Qwen3-VL-4B, 128 patches of 448x256 px).
"""
# ruff: noqa: T201 (a benchmark prints)

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import torch

from qvtime.model.engine import Engine
from qvtime.settings import Settings
from qvtime.store.features import FeatureKey, FeatureStore
from qvtime.tasks.ask import ask_video
from qvtime.tasks.looking import open_engine

RALLY = Path(__file__).parents[1] / "samples" / "rally.mp4"
FULL_SIZE = (4, 128 * 14 * 8, 2560)
"""Levels, tokens, numbers a token."""
STAGES = ("decode", "vision", "features")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("video", nargs="?", default=str(RALLY))
    parser.add_argument("--model", default="demo")
    parser.add_argument("--question", default="what happens between 1:00 and 1:30?")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(model=options.model, max_new_tokens=16, features=folder)
        with open_engine(settings) as engine:
            asking(engine, settings, options.video, options.question, options.rounds)
        size_mb = FeatureStore(folder, 0).size_bytes() / 1e6
        print(f"kept: {size_mb:.1f} MB")
    with tempfile.TemporaryDirectory() as folder:
        reading(FeatureStore(folder, 10**10), options.rounds)


def asking(engine: Engine, settings: Settings, video: str, question: str, rounds: int) -> None:
    """Print how long a question takes with and without kept features."""
    without = replace(settings, features="none")
    ask(engine, settings, video, question)  # keeps the features, and warms up
    spent: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for _ in range(rounds):
        for kept, chosen in ((False, without), (True, settings)):
            spent[kept].append(ask(engine, chosen, video, question))
    print(f"{'':22}{'looking ms':>12}{'in all ms':>12}")
    looks, wholes = {}, {}
    for kept, name in ((False, "decoded and seen"), (True, "kept features")):
        looks[kept], wholes[kept] = (median(column) for column in zip(*spent[kept], strict=True))
        print(f"{name:22}{looks[kept]:12.1f}{wholes[kept]:12.1f}")
    print(f"{'ratio':22}{looks[False] / looks[True]:12.1f}{wholes[False] / wholes[True]:12.2f}")


def ask(engine: Engine, settings: Settings, video: str, question: str) -> tuple[float, float]:
    """Milliseconds of looking, and of everything."""
    started = time.perf_counter()
    (report,) = ask_video(video, [question], settings, lambda: engine)
    whole_ms = 1000 * (time.perf_counter() - started)
    return sum(report.timings_ms.get(stage, 0) for stage in STAGES), whole_ms


def reading(store: FeatureStore, rounds: int) -> None:
    """Print how fast a full-size window is read and checked."""
    levels, *shape = FULL_SIZE
    generator = np.random.default_rng(0)
    arrays = {
        str(level): generator.integers(0, 1 << 16, shape, dtype=np.uint16)
        for level in range(levels)
    }
    key = FeatureKey("b2:0", "full size", "0", "bfloat16", "cpu", "pyav", (0,), 448, 256)
    started = time.process_time()
    store.keep(key, arrays)
    kept_ms = 1000 * (time.process_time() - started)
    found_ms = []
    for _ in range(rounds):
        started = time.process_time()
        if store.find(key) is None:
            raise SystemExit("the features that were just kept are not there")
        found_ms.append(1000 * (time.process_time() - started))
    size_mb = store.size_bytes() / 1e6
    print(f"a full-size window of {size_mb:.0f} MB: kept in {kept_ms:.0f} ms, ", end="")
    print(f"read and checked in {median(found_ms):.0f} ms ({size_mb / median(found_ms):.2f} GB/s)")


if __name__ == "__main__":
    main()

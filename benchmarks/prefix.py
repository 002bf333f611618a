"""What a second question about the same window costs, against the first, in one run.

    python benchmarks/prefix.py [--model NAME] [--seconds 60] [--threads 1]

Random pictures at granularity 0.5 s, 96x96 px; processor time. Without --model: the demo's shape
with random weights. Every answer is 16 tokens long.
"""
# ruff: noqa: T201 (a benchmark prints)

import argparse
import time
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from qvtime.frames import FrameBatch
from qvtime.model.engine import Engine
from qvtime.model.prompt import control_ids
from qvtime.model.vision import speed_up_vision
from qvtime.model.weights import LoadedModel, load_model
from qvtime.training.miniature import build_model
from qvtime.training.tokenizer import build_tokenizer
from qvtime.training.wording import corpus

GRANULARITY_MS = 500
ANSWER_TOKENS = 16


def random_demo() -> LoadedModel:
    """The demo's shape, untaught."""
    tokenizer = build_tokenizer(corpus())
    model: Any = build_model(tokenizer)
    model.eval()
    speed_up_vision(model)
    control = control_ids(tokenizer)
    return LoadedModel(model, tokenizer, control, "random demo", "none", "cpu", torch.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model")
    parser.add_argument("--seconds", type=int, default=60, help="length of the window")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    loaded = load_model(options.model, "cpu") if options.model else random_demo()
    patches = 1000 * options.seconds // GRANULARITY_MS
    pixels = np.random.default_rng(0).integers(0, 256, (2 * patches, 96, 96, 3), dtype=np.uint8)
    times = np.arange(2 * patches) * GRANULARITY_MS // 2
    frames, centres = FrameBatch(pixels, times, times), range(0, patches * 500, GRANULARITY_MS)
    with Engine(loaded) as engine:
        engine.stop_ids = frozenset()
        with engine.look(frames, centres) as warm_up:
            warm_up.ask("what happens?", ANSWER_TOKENS)
        spent = [time.process_time()]
        with engine.look(frames, centres) as look:
            for question in ("what happens at <8.0 seconds>?", "list all events with their times"):
                look.ask(question, ANSWER_TOKENS)
                spent.append(time.process_time())
            first_ms, second_ms = (1000 * (b - a) for a, b in pairwise(spent))
            print(f"{loaded.name}: {patches} patches, {look.video_tokens} tokens of video")
    print(
        f"first question {first_ms:8.1f} ms   second {second_ms:8.1f} ms   "
        f"ratio {first_ms / second_ms:.1f}"
    )


if __name__ == "__main__":
    main()

"""What whole commands cost, from the start of the process to its end, on the demo model.

    python benchmarks/commands.py unchanged [--videos 1000]
    python benchmarks/commands.py minute
    python benchmarks/commands.py again [--rounds 3]
    python benchmarks/commands.py moment [--rounds 3]
    python benchmarks/commands.py hours [--hours 2]

`unchanged`: a second `index` over a folder in which nothing changed (the first one by a model that
sees nothing). `minute`: `index`, per minute of video. `again`: `ask` of an indexed video, beside
the same one without an index. `moment`: `ask` about a moment of an hour, beside one of two minutes.
`hours`: the memory that `index`, `locate` and `ask` take for hours of video, beside two minutes.
Seconds are of the processor, children included: the clock depends on what else the machine does.
Memory is the highest sum of all processes of a command, looked at ten times a second; pages that
they share count once (PSS).
"""
# ruff: noqa: T201 (a benchmark prints)

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import cast

import av
import cv2
import numpy as np
import numpy.typing as npt

from qvtime.model.backend import Backend
from qvtime.model.habits import Habits
from qvtime.model.reply import Reply
from qvtime.report import Setting
from qvtime.settings import Settings
from qvtime.tasks.folders import Choices, index_paths
from qvtime.tasks.index import Outcome

ROOT = Path(__file__).parents[1]
RALLY, SHORT = ROOT / "samples" / "rally.mp4", ROOT / "samples" / "short.mp4"
QUESTION = "what happens between 1:00 and 1:30?"
EVENT = "the red circle jumps"
PICTURES_A_SECOND = 4
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Cost:
    """What a command took: seconds of the processor and of the clock, bytes at its fullest."""

    cpu: float
    wall: float
    peak: int


def qvtime(*arguments: str, ok: tuple[int, ...] = (0,)) -> Cost:
    """Run a command line of qvtime on the demo model, one thread."""
    environment = {**os.environ, "QVTIME_MODEL": "demo", "OMP_NUM_THREADS": "1"}
    before, began = _children(), time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - our own command line
        [sys.executable, "-m", "qvtime", *arguments],
        stdout=subprocess.DEVNULL,
        env=environment,
        cwd=ROOT,
    ) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, _memory(process.pid))
            time.sleep(LOOK_SECONDS)
    if process.returncode not in ok:
        raise SystemExit(f"{arguments} ended with {process.returncode}")
    return Cost(_children() - before, time.perf_counter() - began, peak)


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _memory(pid: int) -> int:
    """The PSS of a process and all below it, in bytes."""
    total, waiting = 0, [pid]
    while waiting:
        one = Path(f"/proc/{waiting.pop()}")
        try:
            lines = (one / "smaps_rollup").read_text("ascii").splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) << 10
            for thread in (one / "task").iterdir():
                waiting += map(int, (thread / "children").read_text("ascii").split())
        except (OSError, ValueError):  # it has ended meanwhile
            continue
    return total


def pictures(path: Path) -> Iterator[npt.NDArray[np.uint8]]:
    """Those of a clip, `PICTURES_A_SECOND` of them."""
    due = 0.0
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            while (frame.time or 0.0) >= due:
                due += 1 / PICTURES_A_SECOND
                yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def make_long(path: Path, seconds: int, at: int) -> None:
    """A clip in which nothing moves but, from `at` on, what happens in samples/short.mp4."""
    moving = list(pictures(SHORT))
    still, first = moving[0], at * PICTURES_A_SECOND
    with av.open(str(path), "w") as container:
        options = {"preset": "veryfast", "g": str(10 * PICTURES_A_SECOND)}
        stream = container.add_stream("libx264", rate=PICTURES_A_SECOND, options=options)
        stream.height, stream.width = still.shape[:2]
        stream.pix_fmt = "yuv420p"
        for number in range(seconds * PICTURES_A_SECOND):
            inside = 0 <= number - first < len(moving)
            frame = av.VideoFrame.from_ndarray(moving[number - first] if inside else still, "rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def make_small(folder: Path, count: int) -> None:
    """Clips of a second, no two alike."""
    for number in range(count):
        picture = np.full((64, 64, 3), 40, np.uint8)
        cv2.putText(picture, str(number), (2, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255))
        with av.open(str(folder / f"{number:04}.mp4"), "w") as container:
            stream = container.add_stream("libx264", rate=2, options={"preset": "ultrafast"})
            stream.height, stream.width, stream.pix_fmt = 64, 64, "yuv420p"
            for _ in range(2):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            container.mux(stream.encode(None))


class Blind:
    """A model that sees nothing, at once. What it is named makes no difference to an index."""

    name, note, habits = "blind", None, Habits(frame_pixels=64 * 64)
    vision_ms = prefill_ms = 0.0

    def settings(self) -> dict[str, Setting]:
        return {}

    def look(self, *_: object) -> "Blind":
        return self

    def ask(self, *_: object) -> Reply:
        return Reply("Nothing happens.", (), (), 1.0, "stop", 0)

    def __enter__(self) -> "Blind":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def unchanged(folder: Path, videos: int) -> None:
    """A second run over a folder of small videos."""
    make_small(folder, videos)
    settings = Settings(model="demo", granularity_ms=500, features="none")
    run = index_paths([str(folder)], Choices(), settings, lambda: cast(Backend, Blind()))
    if [one.indexed.outcome for one in run] != [Outcome.DONE] * videos:
        raise SystemExit("not all videos were indexed")
    cost = qvtime("index", "-q", str(folder))
    print(f"{videos} videos again: {cost.cpu:.2f} s of the processor,", end=" ")
    print(f"{cost.wall:.2f} s by the clock, {cost.peak / 1e6:.0f} MB")


def minute(folder: Path) -> None:
    """What a minute of video costs."""
    shutil.copy(RALLY, folder)
    cost, minutes = qvtime("index", "-q", str(folder)), 222 / 60
    print(f"index: {cost.cpu / minutes:.1f} s of the processor a minute of video,", end=" ")
    print(f"{cost.wall / minutes:.1f} s by the clock, {cost.peak / 1e6:.0f} MB")


def again(folder: Path, rounds: int) -> None:
    """Asking about an indexed video, beside the same question without an index."""
    plain, known = folder / "plain", folder / "known"
    for place in (plain, known):
        place.mkdir()
        shutil.copy(RALLY, place)
    qvtime("index", "-q", str(known))
    costs: dict[str, list[Cost]] = {"without an index": [], "indexed": []}
    for _ in range(rounds):
        for name, place in (("without an index", plain), ("indexed", known)):
            costs[name].append(qvtime("ask", "-q", str(place / RALLY.name), QUESTION))
    compare(costs)


def moment(folder: Path, rounds: int) -> None:
    """A moment of an hour, beside one of two minutes, with the same pictures around it."""
    costs: dict[str, list[Cost]] = {"at 1:25 of 2 minutes": [], "at 45:05 of an hour": []}
    asked = []
    for seconds, at, words in ((120, 80, "1:25"), (3600, 2700, "45:05")):
        path = folder / f"{seconds}.mp4"
        make_long(path, seconds, at)
        asked.append((str(path), f"what happens at {words}?"))
    for _ in range(rounds):
        for name, (path_name, question) in zip(costs, asked, strict=True):
            costs[name].append(qvtime("ask", "-q", path_name, question))
    compare(costs)


def compare(costs: dict[str, list[Cost]]) -> None:
    """Print medians, and their ratio to the first ones."""
    base: tuple[float, float] | None = None
    for name, runs in costs.items():
        cpu, wall = median(run.cpu for run in runs), median(run.wall for run in runs)
        base = base or (cpu, wall)
        print(f"{name:24}{cpu:8.2f} s CPU{wall:8.2f} s wall", end="")
        print(f"   ratios {cpu / base[0]:.2f} and {wall / base[1]:.2f}")


def hours(folder: Path, count: float) -> None:
    """The memory for hours of video, and what they cost."""
    names = (("2 minutes", 120, 60), (f"{count:g} hours", round(3600 * count), round(1800 * count)))
    for name, seconds, at in names:
        place = folder / str(seconds)
        place.mkdir()
        make_long(place / "film.mp4", seconds, at)
        film, coarse = str(place / "film.mp4"), ("--granularity", "1")
        runs = {
            "ask": ("ask", "-q", "--features", "none", film, f"when does it happen that {EVENT}?"),
            "locate": ("locate", "-q", "--features", "none", *coarse, film, EVENT),
            "index": ("index", "-q", *coarse, film),
        }
        for command, arguments in runs.items():
            cost = qvtime(*arguments, ok=(0, 1))
            print(
                f"{command:8}{name:12}{cost.peak / 1e6:8.0f} MB{cost.cpu:10.1f} s CPU"
                f"{cost.cpu / (seconds / 3600):10.0f} s CPU an hour of video",
                flush=True,
            )
        kept = sum(file.stat().st_size for file in (place / ".qvtime").rglob("*") if file.is_file())
        print(f"the index of {name}, with what the vision tower saw: {kept / 1e6:.1f} MB")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("what", choices=("unchanged", "minute", "again", "moment", "hours"))
    options.add_argument("--videos", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--hours", type=float, default=2)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        match chosen.what:
            case "unchanged":
                unchanged(folder, chosen.videos)
            case "minute":
                minute(folder)
            case "again":
                again(folder, chosen.rounds)
            case "moment":
                moment(folder, chosen.rounds)
            case _:
                hours(folder, chosen.hours)


if __name__ == "__main__":
    main()

"""What reading a video through qvtime costs, beside the plainest PyAV loop that does the same.

    python benchmarks/decode.py [--seconds 600] [--rounds 3]

Both sides sample two pictures a second and shrink them to 448x256, in turns in one process, because
machines differ more than programs do: trust the ratio. qvtime's side has the start of its decoding
process, the shared memory and the copies in it. CPU seconds count this process and its children.
The second table asks for one moment of a long file and of a short one with the same pictures.
"""

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from qvtime.video.worker import open_video

SIZE = (448, 256)
SAMPLE_MS = 500
FPS = 30


def make_clip(path: Path, seconds: int) -> None:
    """A 720p clip of a drifting texture, about 2.5 Mb/s, a keyframe every 250 pictures."""
    dice = np.random.default_rng(1)
    texture = cv2.GaussianBlur(dice.integers(0, 256, (1440, 2560, 3), np.uint8), (0, 0), 6)
    texture = cv2.convertScaleAbs(texture, alpha=8.0, beta=-900.0)
    with av.open(str(path), "w") as container:
        options = {"preset": "veryfast", "b": "2500k", "bf": "3", "g": "250"}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for number in range(seconds * FPS):
            x, y = (3 * number) % 1280, int(360 + 300 * np.sin(number / 90))
            view = np.ascontiguousarray(texture[y : y + 720, x : x + 1280])
            cv2.circle(view, (640 + int(400 * np.sin(number / 40)), 360), 90, (30, 30, 220), -1)
            frame = av.VideoFrame.from_ndarray(view.astype(np.uint8, copy=False), "bgr24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def repeat_clip(source: Path, path: Path, times: int) -> None:
    """The same packets again and again, later each time."""
    with av.open(str(path), "w") as output:
        stream: VideoStream | None = None
        for turn in range(times):
            with av.open(str(source)) as container:
                original = container.streams.video[0]
                if stream is None:
                    stream = output.add_stream_from_template(original)
                shift = turn * int(original.duration or 0)
                for packet in container.demux(original):
                    if packet.dts is not None and packet.pts is not None:
                        packet.pts += shift
                        packet.dts += shift
                        packet.stream = stream
                        output.mux(packet)


def plain(path: Path) -> int:
    """Decode everything with PyAV, convert and shrink the samples."""
    taken = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        due = Fraction(0)
        for frame in container.decode(stream):
            if Fraction(frame.time or 0.0) >= due:
                rgb = frame.to_ndarray(format="rgb24")
                cv2.resize(rgb, SIZE, interpolation=cv2.INTER_AREA)
                due += Fraction(SAMPLE_MS, 1000)
                taken += 1
    return taken


def ours(path: Path, decoder: str) -> int:
    """The same through qvtime."""
    with open_video(path, decoder) as reader:
        times = range(0, reader.info.duration_ms, SAMPLE_MS)
        return sum(len(batch) for batch in reader.batches(times, SIZE))


def one_moment(path: Path, moment_ms: int) -> int:
    """Eight seconds around a moment, eight pictures a second."""
    with open_video(path) as reader:
        return len(reader.frames_at(range(moment_ms - 4000, moment_ms + 4000, 125), SIZE))


def measure(work: Callable[[], int]) -> tuple[float, float, int]:
    """(CPU seconds, wall seconds, pictures) of a piece of work."""
    before, began = cpu_seconds(), time.perf_counter()
    pictures = work()
    return cpu_seconds() - before, time.perf_counter() - began, pictures


def cpu_seconds() -> float:
    """Of this process and of its children that have ended."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    usages = [resource.getrusage(kind) for kind in kinds]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def table(works: dict[str, Callable[[], int]], rounds: int) -> None:
    """Print each work's median cost, and its ratio to the first one's in the same rounds."""
    measured: dict[str, list[tuple[float, float, int]]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            measured[name].append(measure(work))
    first = next(iter(measured.values()))
    sys.stdout.write(
        f"{'':28}{'pictures':>9}{'CPU s':>8}{'wall s':>8}{'CPU ratio':>11}{'wall':>7}\n"
    )
    for name, runs in measured.items():
        cpu, wall = (statistics.median(run[kind] for run in runs) for kind in (0, 1))
        ratios = [
            statistics.median(run[kind] / base[kind] for run, base in zip(runs, first, strict=True))
            for kind in (0, 1)
        ]
        sys.stdout.write(
            f"{name:28}{runs[0][2]:9}{cpu:8.2f}{wall:8.2f}{ratios[0]:11.2f}{ratios[1]:7.2f}\n"
        )


def main() -> None:
    """Make the clips, measure, print."""
    options = argparse.ArgumentParser(description="Measure decoding.")
    options.add_argument("--seconds", type=int, default=600, help="length of the clip (600)")
    options.add_argument("--rounds", type=int, default=3, help="how often each is measured (3)")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip, short, hour = (Path(folder) / f"{name}.mp4" for name in ("clip", "short", "hour"))
        make_clip(clip, chosen.seconds)
        sys.stdout.write(f"two pictures a second of {chosen.seconds} s, 1280x720, {FPS} fps\n")
        works = {
            "PyAV alone": lambda: plain(clip),
            "qvtime": lambda: ours(clip, "pyav"),
            "qvtime, --decoder opencv": lambda: ours(clip, "opencv"),
        }
        table(works, chosen.rounds)
        repeat_clip(clip, short, max(1, 120 // chosen.seconds))
        repeat_clip(clip, hour, max(1, 3600 // chosen.seconds))
        sys.stdout.write("\n8 s around a moment, 64 pictures\n")
        asks = {
            "at 1:30 of 2 minutes": lambda: one_moment(short, 90_000),
            "at 45:30 of 60 minutes": lambda: one_moment(hour, 2_730_000),
        }
        table(asks, chosen.rounds)


if __name__ == "__main__":
    main()

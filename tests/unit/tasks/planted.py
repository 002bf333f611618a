"""Planted videos, and what a run over folders of them comes to."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from qvtime.frames import FrameBatch, VideoInfo
from qvtime.settings import Settings
from qvtime.store.index import open_index
from qvtime.store.place import place_at, place_of
from qvtime.store.search import Hit, search_events
from qvtime.subtitles import Subtitles
from qvtime.tasks.folders import Choices, Done, index_paths
from qvtime.tasks.index import Outcome
from qvtime.timeline import Event, Span
from qvtime.video.reader import SizeRule, VideoReader, chosen_size
from tests.scripted import Script, seeing
from tests.unit.tasks.made_reader import MadeReader

SETTINGS = Settings(model="scripted", features="none")
EVENTS = (Event(Span(1000, 3000), "a dog runs"), Event(Span(6000, 8000), "一只狗在跑"))


class Planted(MadeReader):
    """A video of grey pictures."""

    def __init__(self, path: str, duration_ms: int = 10_000) -> None:
        super().__init__(VideoInfo(path, "pyav", "mp4", "h264", 96, 64, duration_ms, 0, 0))
        self.most_frames = 0

    def frames_at(self, times_ms: Sequence[int], size_px: SizeRule = None) -> FrameBatch:
        width, height = chosen_size(size_px, self.info)
        times = np.array(times_ms, np.int64)
        self.most_frames = max(self.most_frames, len(times))
        pixels = np.broadcast_to(np.uint8(128), (len(times), height, width, 3))
        return FrameBatch(pixels, times, times)

    def embedded_subtitles(self, within: Span | None = None) -> Subtitles:
        return Subtitles()


Open = Callable[[str], VideoReader]


class Opened:
    """Which videos were opened, and what that comes to by name."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.by_name: dict[str, Open] = {}

    def __call__(self, path: str, *_: object) -> VideoReader:
        self.paths.append(path)
        return self.by_name.get(Path(path).name, Planted)(path)

    def names(self) -> list[str]:
        names = [Path(path).name for path in self.paths]
        self.paths.clear()
        return names


def put(file: Path, content: str) -> None:
    """A file that has been there for long."""
    file.write_text(content)
    os.utime(file, ns=(10**18, 10**18))


def run(
    *paths: Path | str,
    script: Script | None = None,
    settings: Settings = SETTINGS,
    **choices: object,
) -> list[Done]:
    chosen = replace(Choices(), **choices)  # type: ignore[arg-type]
    load = (script or seeing(EVENTS)).load
    return list(index_paths([str(path) for path in paths], chosen, settings, load))


def outcomes(done: Sequence[Done]) -> dict[str, Outcome]:
    return {Path(one.indexed.path).name: one.indexed.outcome for one in done}


def records_of(folder: Path) -> Iterator[tuple[str, bool]]:
    with open_index(place_of(str(folder))) as index:
        for record in index.records():
            yield str(Path(record.path).relative_to(folder)), record.missing


ALL_DONE = dict.fromkeys(("a.mp4", "b.mp4", "c.mkv"), Outcome.DONE)
ALL_UNCHANGED = dict.fromkeys(ALL_DONE, Outcome.UNCHANGED)


def found(folder: Path | str, words: str) -> list[Hit]:
    """The events with these words of the index in a folder, best first."""
    with open_index(place_at(str(folder))) as index:
        return search_events(index, words, 10)

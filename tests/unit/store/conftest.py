"""Indexes to test with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qvtime.frames import VideoInfo
from qvtime.report import Report
from qvtime.store.fingerprint import Fingerprint
from qvtime.store.index import Index, open_index
from qvtime.store.place import place_of
from qvtime.timeline import Event, Span

MakeReport = Callable[..., Report]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of videos, with an index of its own when one is made."""
    made = tmp_path / "videos"
    made.mkdir()
    return made


@pytest.fixture
def index(folder: Path) -> Iterator[Index]:
    with open_index(place_of(str(folder)), writing=True) as index:
        yield index


def stamp(content: str = "1", mtime_ns: int = 5) -> Fingerprint:
    return Fingerprint(len(content), mtime_ns, f"b2:{content}", True)


def events_of(*captions: str) -> tuple[Event, ...]:
    """An event a second."""
    return tuple(
        Event(Span(1000 * place, 1000 * place + 900), caption, 0.5)
        for place, caption in enumerate(captions)
    )


def report_of(path: Path | str, *captions: str) -> Report:
    """A timeline that says this."""
    info = VideoInfo(str(path), "pyav", "mp4", "h264", 64, 48, 60_000, 0, 0, claimed_fps=25.0)
    return Report(
        path=str(path),
        question="list all events",
        answer=f"{len(captions)} events",
        events=events_of(*captions),
        model="tester",
        video=info,
        settings={"granularity_ms": 500, "dropped": None, "device": "cpu", "share": 0.5},
        damage=("a picture is missing",),
        looked=(Span(0, 60_000),),
        granularity_ms=500,
    )

"""Where in a video its captions point: of the nearest index, of the video as it is now."""

from collections.abc import Callable
from pathlib import Path

import pytest

from qvtime.errors import VideoError
from qvtime.report import Report
from qvtime.store.fingerprint import take_fingerprint
from qvtime.store.index import open_index
from qvtime.store.place import place_of
from qvtime.tasks.captions import Pointed, point
from qvtime.timeline import Event, Span

CAPTIONS = ("the red circle jumps", "the red star spins", "the blue star spins", "红色圆形跳跃")


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A video that an index knows, with a caption every ten seconds."""
    path = tmp_path / "sub" / "clip.mp4"
    path.parent.mkdir()
    path.write_bytes(b"a film")
    events = [Event(Span(10_000 * k, 10_000 * k + 900), one) for k, one in enumerate(CAPTIONS)]
    with open_index(place_of(str(tmp_path)), writing=True) as index:
        for name in (path, tmp_path / "other.mp4"):
            name.write_bytes(name.name.encode())
            report = Report(str(name), "", "", tuple(events), model="m")
            index.save_timeline(str(name), take_fingerprint(str(name)), "{}", report)
    return path


@pytest.mark.parametrize(
    ("question", "captions"),
    [
        ("when does the red circle jump?", CAPTIONS[:1]),
        ("when does a star spin", CAPTIONS[1:3]),
        ("what is blue?", CAPTIONS[2:3]),
        ("红色圆形什么时候跳跃？", CAPTIONS[3:]),
        ("what happens?", ()),
        ("when does the whale sing?", ()),
        ("", ()),
    ],
)
def test_words_that_tell_one_event_from_another_point(
    video: Path, question: str, captions: tuple[str, ...]
) -> None:
    found = point(str(video), question).captions
    assert tuple(event.caption for event in found) == captions
    assert all(event.score is not None and 0.5 <= event.score <= 1 for event in found)


def change(video: Path) -> None:
    video.write_bytes(b"another film")


def break_index(video: Path) -> None:
    (video.parents[1] / ".qvtime" / "index.db").write_bytes(b"SQLite it is not")


def replace(video: Path) -> None:
    video.rename(video.with_name("new.mp4"))
    video.write_bytes(b"new")


def fail(video: Path) -> None:
    with open_index(place_of(str(video)), writing=True) as index:
        stamp = take_fingerprint(str(video))
        index.save_failure(str(video), stamp, "{}", VideoError("it is broken"))


@pytest.mark.parametrize(
    ("spoil", "notes"), [(change, 0), (break_index, 1), (replace, 0), (fail, 0)]
)
def test_what_an_index_no_longer_knows_points_nowhere(
    video: Path, spoil: Callable[[Path], None], notes: int
) -> None:
    said: list[str] = []
    assert point(str(video), "when does the red circle jump?", said.append).captions
    spoil(video)
    assert point(str(video), "when does the red circle jump?", said.append) == Pointed()
    assert len(said) == notes
    assert all("going on without the index" in one for one in said)


def test_without_an_index_nothing_points(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"a film")
    assert point(str(tmp_path / "clip.mp4"), "when does the red circle jump?") == Pointed()

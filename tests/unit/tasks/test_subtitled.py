"""A video with what is said in it: where that is from, where the model reads it, what is told."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qvtime.errors import UsageError
from qvtime.frames import FrameBatch
from qvtime.model.engine import Engine, Look
from qvtime.report import Report
from qvtime.settings import Limits, Settings
from qvtime.tasks.ask import ask_video
from qvtime.tasks.locate import Wanted, locate_video
from qvtime.tasks.looking import open_engine
from qvtime.tasks.subtitled import open_subtitled, subtitle_settings
from qvtime.timeline import Span
from tests.videos import STEADY, Clip, make

DEMO = Settings(model="demo", device="cpu", window_ms=1500)
SRT = """1
00:00:00,500 --> 00:00:01,000
Hello <b>you</b>

2
00:00:09,000 --> damaged
lost

3
00:00:01,250 --> 00:00:02,000
<time>9</time> and more
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with open_engine(DEMO) as engine:
        yield engine


@pytest.fixture
def video(tmp_path: Path) -> str:
    return str(make(Clip("clip.mp4", STEADY), tmp_path))


@pytest.fixture
def read(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """(when, words) of what the model is given to read, as it is given."""
    given: list[tuple[int, str]] = []
    look: Callable[..., Look] = engine.look

    def noted(frames: FrameBatch, centres_ms: Sequence[int], subtitles: Sequence[str] = ()) -> Any:
        said = subtitles or [""] * len(centres_ms)
        given.extend(one for one in zip(centres_ms, said, strict=True) if one[1])
        return look(frames, centres_ms, subtitles)

    monkeypatch.setattr(engine, "look", noted)
    return given


def ask(engine: Engine, video: str, settings: Settings = DEMO) -> Report:
    (report,) = ask_video(video, ["what happens between 0:00 and 0:01.5"], settings, lambda: engine)
    return report


def test_what_is_said_is_read_where_it_is_said(
    engine: Engine, video: str, read: list[tuple[int, str]]
) -> None:
    file = Path(video).with_suffix(".srt")
    file.write_text(SRT)
    report = ask(engine, video)
    assert [words for _, words in read] == ["Hello you", "9 and more"]
    assert [
        abs(time_ms - said_ms) <= 500
        for (time_ms, _), said_ms in zip(read, (500, 1250), strict=True)
    ]
    assert report.settings["subtitles"] == str(file)
    assert report.settings["subtitles_dropped"] == 1
    assert "subtitles_left_out" not in report.settings
    assert report.damage == ()


@pytest.mark.parametrize("choice", ["auto", "none"])
def test_without_subtitles_nothing_changes(
    engine: Engine, video: str, read: list[tuple[int, str]], choice: str
) -> None:
    plain = ask(engine, video, replace(DEMO, subtitles=choice))
    if choice == "none":
        Path(video).with_suffix(".srt").write_text(SRT)
    again = ask(engine, video, replace(DEMO, subtitles="none"))
    assert (plain.answer, plain.events, plain.settings) == (
        again.answer,
        again.events,
        again.settings,
    )
    assert read == []
    assert "subtitles" not in plain.settings


def test_locate_reads_them_too(engine: Engine, video: str, read: list[tuple[int, str]]) -> None:
    Path(video).with_suffix(".srt").write_text(SRT)
    report = locate_video(video, "a red circle", DEMO, lambda: engine, Wanted())
    assert {"Hello you", "9 and more"} <= {words for _, words in read}
    assert report.settings["subtitles"] == video.replace(".mp4", ".srt")


def test_a_named_file_that_gives_none_is_wrong_before_the_model_is_loaded(video: str) -> None:
    def load() -> Engine:
        raise AssertionError("loaded")

    with pytest.raises(UsageError, match=r"cannot read the subtitles in missing\.srt"):
        list(ask_video(video, ["what?"], replace(DEMO, subtitles="missing.srt"), load))


def test_a_file_beside_it_that_cannot_be_read_is_told_of(engine: Engine, video: str) -> None:
    Path(video).with_suffix(".srt").write_bytes(b"\x00\x01 nothing")
    report = ask(engine, video)
    assert len(report.damage) == 1
    assert "clip.srt: it has no cues in it" in report.damage[0]


def test_what_has_no_room_is_counted(video: str) -> None:
    Path(video).with_suffix(".srt").write_text(SRT)
    limits = Limits(window_subtitle_characters=10)
    with open_subtitled(video, replace(DEMO, limits=limits)) as reader:
        assert reader.spoken.at((250, 750, 1250), Span(0, 1500)) == ("Hello you", "", "")
        assert reader.spoken.at((5000,), Span(5000, 6000)) == ()
        told = subtitle_settings(reader.spoken)
    assert told == {
        "subtitles": video.replace(".mp4", ".srt"),
        "subtitles_dropped": 1,
        "subtitles_left_out": 1,
    }

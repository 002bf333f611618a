"""A timeline on a terminal: right at every width, in colour and without, in any script."""

import io
import re
import sys

import pytest
from rich.cells import cell_len
from rich.console import Console

from qvtime.cli.timeline_look import show_line, show_timeline
from qvtime.frames import VideoInfo
from qvtime.report import Report
from qvtime.timeline import Event, Span

INFO = VideoInfo("clip.mp4", "pyav", "mp4", "h264", 640, 360, 222_000, 0, 0)
JUMPS = "the red circle jumps"
FOUND = Report(
    "clip.mp4",
    JUMPS,
    "<time>00:03:02.0</time> - <time>00:03:05.0</time>",
    (Event(Span(182_000, 185_000), JUMPS, 0.88), Event(Span(13_000, 15_000), JUMPS, 0.72)),
    "demo",
    video=INFO,
    looked=(Span(0, 111_000), Span(111_000, 222_000)),
)
CHINESE = Report(
    "视频/一个很长很长的文件夹/红色圆圈.mp4",
    "index",
    "",
    (
        Event(Span(13_000, 15_000), "红色圆圈跳跃，落到地面，继续向右移动直到离开画面" * 2, 0.72),
        Event(Span(20_000, 40_000), "[bold]你好[/bold]", source="subtitle"),
    ),
    "demo",
    video=INFO,
    looked=(Span(0, 222_000),),
)


class Terminal(io.StringIO):
    """A stdout that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture(params=[60, 80, 100, 200])
def columns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COLUMNS", str(request.param))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return int(request.param)


def shown(report: Report, monkeypatch: pytest.MonkeyPatch, several: bool = False) -> str:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    show_timeline(report, several)
    return terminal.getvalue()


def plain(printed: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", printed)


def test_events_ranks_strip_and_axis(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    printed = shown(FOUND, monkeypatch)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", printed), "no colour"
    lines = plain(printed).splitlines()
    assert lines[0].split()[:4] == ["1", "00:03:02.0", "-", "00:03:05.0"]
    assert ("█" in lines[0]) == (columns >= 72), "meters only where there is room"
    ranks, strip, axis = lines[3:6]
    assert [strip[ranks.index(rank)] for rank in "12"] == ["█", "▆"]
    assert set(strip) == {"─", "█", "▆"}
    assert len(strip) == min(columns, 160)
    assert axis.startswith("╵0:00")
    assert lines[6].startswith("(looked at 00:00:00.0 - 00:03:42.0 in 2 windows")


def test_colours_say_the_score_too(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = shown(FOUND, monkeypatch)
    assert "\x1b[32m" in printed, "0.88 is green"
    assert "\x1b[33m" in printed, "0.72 is yellow"


def test_no_line_is_wider_than_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    printed = plain(shown(CHINESE, monkeypatch, several=True))
    lines = printed.splitlines()
    flowing = [line for line in lines if not line.startswith(("视频", "(looked"))]
    assert max(map(cell_len, flowing)) <= columns
    assert "[bold]你好[/bold]" in printed, "captions are not markup"
    assert "".join(printed.split()).count("红") == 3, "all of a caption is there"


@pytest.mark.parametrize("columns", [1, 10, 39, 40])
def test_times_and_scores_are_whole_on_any_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    printed = plain(shown(FOUND, monkeypatch))
    for event in ("00:03:02.0 - 00:03:05.0", "00:00:13.0 - 00:00:15.0", "0.88", "0.72"):
        assert event in printed
    assert ("╵0:00" in printed) == (columns >= 40), "a strip only where there is room"
    show_line(FOUND, Console(file=Terminal(), highlight=False))


def test_a_line_a_video(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    console = Console(file=terminal, highlight=False, color_system=None)
    show_line(FOUND, console)
    show_line(CHINESE, console)
    first, second = terminal.getvalue().splitlines()
    assert first.startswith("clip.mp4 ")
    assert second.split()[0].startswith("…" if columns < 120 else "视频")
    assert cell_len(first) == cell_len(second) <= columns
    for line in (first, second):
        assert line.split()[1:4] == ["3:42", "2", "events"]


def test_a_terminal_of_ascii_has_a_strip_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    terminal = Terminal()
    terminal.encoding = "ascii"
    monkeypatch.setattr(sys, "stdout", terminal)
    show_timeline(FOUND, several=False)
    assert terminal.getvalue().isascii()
    assert "_@@_" in plain(terminal.getvalue())


def test_where_nothing_is_known_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = shown(Report("clip.mp4", "why", "Not found.", (), "demo"), monkeypatch)
    assert "Not found." in printed
    assert "─" not in printed

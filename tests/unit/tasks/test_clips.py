"""Clips and sheets of what was found: names, contents, and files that are not ours."""

import os
from pathlib import Path

import pytest

from qvtime.cli.clips import ClipOutput, Extras
from qvtime.errors import OutputError, UsageError
from qvtime.report import Report
from qvtime.settings import Limits, Settings
from qvtime.tasks.clips import clip_name, cut_clips, picture_times, sheet_rows
from qvtime.timeline import Event, Span
from qvtime.video.worker import open_video
from tests.videos import STEADY, Clip, make, read_number

SPANS = (Span(880, 1480), Span(0, 400))
NAMES = ["clip_00-00-00.880_00-00-01.480.mp4", "clip_00-00-00.000_00-00-00.400.mp4"]


@pytest.fixture
def report(tmp_path: Path) -> Report:
    video = str(make(Clip("clip.mp4", STEADY, width=192, height=128), tmp_path))
    events = tuple(Event(span, "it jumps", 0.9) for span in SPANS)
    with open_video(video) as reader:
        return Report(video, "it jumps", "", events, "demo", reader.info)


def first_number(path: Path) -> int:
    with open_video(path) as reader:
        return read_number(reader.frames_at([0]).pixels[0])


def test_a_clip_for_each_event(report: Report, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "clips"
    clips = cut_clips(report, folder, Limits())
    assert [os.path.basename(clip.path) for clip in clips] == NAMES  # noqa: PTH119
    assert [clip.wanted for clip in clips] == list(SPANS)
    assert sorted(os.listdir(folder)) == sorted(NAMES)  # noqa: PTH208
    assert [first_number(folder / name) for name in NAMES] == [22, 0]


def test_nothing_is_replaced_and_nothing_is_doubled(report: Report, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    theirs = tmp_path / "clips" / NAMES[0]
    theirs.write_bytes(b"theirs")
    for _ in range(2):
        first, second = cut_clips(report, tmp_path / "clips", Limits())
        assert first.path.endswith("_00-00-01.480_2.mp4")
        assert second.path.endswith(NAMES[1])
    assert theirs.read_bytes() == b"theirs"
    assert len(os.listdir(tmp_path / "clips")) == 3  # noqa: PTH208


def test_a_folder_that_cannot_be_made(report: Report, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot make the folder"):
        cut_clips(report, tmp_path / "clip.mp4", Limits())


def test_names_are_as_long_as_they_may_be() -> None:
    name = clip_name(f"/x/{'é' * 125}.mp4", Span(0, 1), ".mkv", 12)
    assert len(os.fsencode(name)) <= 255
    assert name.endswith("_00-00-00.000_00-00-00.001_12.mkv")
    assert clip_name("a/b.c.mov", Span(1, 360_000_000), ".mp4").startswith("b.c_00-00-00.001_100-")


def test_a_row_of_pictures_from_the_start_to_the_end(report: Report) -> None:
    rows = sheet_rows(report, Settings(), 9)
    assert [row.times_ms for row in rows] == [picture_times(span) for span in SPANS]
    assert picture_times(SPANS[1]) == (0, 79, 159, 239, 319, 399)
    assert [read_number(pixels) for pixels in rows[1].pixels] == [0, 1, 3, 5, 7, 9]
    assert "00:00:00.880 - 00:00:01.480   0.90" in rows[0].label
    assert len(sheet_rows(report, Settings(), 1)) == 1
    assert sheet_rows(report, Settings(), 0) == []
    assert set(picture_times(Span(7, 8))) == {7}


def test_an_output_makes_them_too(
    report: Report, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet, clips, plot = tmp_path / "sheet.png", tmp_path / "clips", tmp_path / "plot.svg"
    output = ClipOutput("csv", None, True, Extras(clips, sheet, plot), Settings(), quiet=False)
    output.add(report)
    gone = Report("gone.mp4", "x", "", report.events, "demo", report.video)
    output.add(gone)
    output.finish()
    assert output.failed == 1
    assert sheet.read_bytes().startswith(b"\x89PNG")
    assert plot.read_text("utf-8").count("<rect") == 1 + 2 * len(report.events)
    assert len(list(clips.iterdir())) == 2
    told = capsys.readouterr()
    assert told.out.count("it jumps") >= 4
    assert "gone.mp4: there is no such file" in told.err


def test_a_sheet_stays_as_it_was_where_nothing_could_be_drawn(
    report: Report, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.png"
    sheet.write_text("precious")
    output = ClipOutput("csv", None, True, Extras(sheet=sheet), Settings(), quiet=True)
    output.add(Report("gone.mp4", "x", "", report.events, "demo", report.video))
    output.finish()
    assert output.failed == 1
    assert sheet.read_text() == "precious"


def test_a_sheet_that_cannot_be_written_is_wrong_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--sheet cannot be"):
        ClipOutput("csv", None, True, Extras(sheet=tmp_path / "sheet.jpg"), Settings(), quiet=True)
    with pytest.raises(OutputError, match="there is no folder"):
        ClipOutput(
            "csv", None, True, Extras(sheet=tmp_path / "no" / "s.png"), Settings(), quiet=True
        )
    with pytest.raises(OutputError, match="is not a folder"):
        ClipOutput("csv", None, True, Extras(Path("/dev/null/clips")), Settings(), quiet=True)
    said = tmp_path / "said.srt"
    said.touch()
    with pytest.raises(OutputError, match="it is the subtitles"):
        ClipOutput(None, said, False, Extras(), Settings(subtitles=str(said)), quiet=True)
    video = tmp_path / "video.png"
    video.touch()
    with pytest.raises(OutputError, match="it is the video"):
        ClipOutput("csv", None, True, Extras(sheet=video), Settings(), quiet=True).spare(str(video))

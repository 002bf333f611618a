"""Timelines as files: each video has its own, and no file of another is written over."""

from pathlib import Path

import pytest

from qvtime.timeline import Event, Span
from tests.scripted import seeing
from tests.unit.tasks.planted import ALL_UNCHANGED, Opened, outcomes, put, run


def test_timelines_beside_the_videos_are_not_subtitles(folder: Path, opened: Opened) -> None:
    done = run(folder, output_folder=folder)
    assert [one.written for one in done] == [
        folder / "a.srt",
        folder / "b.srt",
        folder / "sub/c.srt",
    ]
    opened.names()
    for _ in range(2):
        assert outcomes(run(folder, output_folder=folder)) == ALL_UNCHANGED
    assert opened.names() == []


def test_files_that_are_not_ours_are_not_written_over(folder: Path, opened: Opened) -> None:
    out = folder.parent / "out"
    out.mkdir()
    (out / "a.srt").write_text("mine")
    done = run(folder, output_folder=out)
    assert done[0].not_written is not None
    assert "was not written from this index" in done[0].not_written.message
    assert (out / "a.srt").read_text() == "mine"
    assert done[1].written == out / "b.srt"
    (out / "b.srt").write_text("mine too")
    again = run(folder, output_folder=out)
    assert again[1].not_written is not None
    assert "was changed" in again[1].not_written.message
    forced = run(folder, output_folder=out, force=True)
    assert all(one.not_written is None for one in forced)
    assert (out / "a.srt").read_text() == (out / "b.srt").read_text()
    put(folder / "a.mp4", "another length")
    script = seeing([Event(Span(0, 1000), "it rains")])
    assert run(folder, output_folder=out, script=script)[0].written == out / "a.srt"
    assert "it rains" in (out / "a.srt").read_text()


def test_videos_of_one_name_get_a_file_each(folder: Path, opened: Opened) -> None:
    put(folder / "a.mkv", "a.mkv")
    out = folder.parent / "out"
    for _ in range(2):
        files = [one.written for one in run(folder, output_folder=out, output_format="json")]
        assert files[:2] == [out / "a.json", out / "a.mp4.json"]


def namesakes(folder: Path) -> list[Path]:
    """Folders with a clip.mp4 each. Each gets an index of its own, which knows no other's files."""
    folders = [folder / name for name in ("east", "west", "north")]
    for one in folders:
        one.mkdir()
        put(one / "clip.mp4", one.name)
    return folders


@pytest.mark.parametrize("force", [False, True])
def test_videos_of_one_name_in_several_folders_get_a_file_each(
    force: bool, tmp_path: Path, opened: Opened
) -> None:
    folders, out = namesakes(tmp_path), tmp_path / "out"
    for paths in (folders, folders, folders[::-1]):
        done = run(*paths, output_folder=out, force=force)
        assert [one.not_written for one in done] == [None] * 3
        assert [one.written for one in done] == [out / path.name / "clip.srt" for path in paths]


@pytest.mark.parametrize("force", [False, True])
def test_named_videos_of_one_name_get_a_file_each(
    force: bool, tmp_path: Path, opened: Opened
) -> None:
    paths, out = [one / "clip.mp4" for one in namesakes(tmp_path)], tmp_path / "out"
    for _ in range(2):
        *done, last = run(*paths, output_folder=out, force=force)
        assert [one.written for one in done] == [out / "clip.srt", out / "clip.mp4.srt"]
        assert last.not_written is not None
        assert "is the timeline of another video" in last.not_written.message
    (alone,) = run(paths[1], output_folder=out)
    assert alone.written == out / "clip.mp4.srt", "it keeps its file"

"""What is looked at again and what is not, with planted videos and a planted model."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qvtime.errors import (
    DamagedVideo,
    NotAVideo,
    VideoError,
    VideoOverLimits,
)
from qvtime.settings import ServerChoice
from qvtime.store.index import open_index
from qvtime.store.overviews import FOLDER_NAME as OVERVIEWS
from qvtime.store.overviews import Overview, OverviewStore
from qvtime.store.place import place_of
from qvtime.tasks import index
from qvtime.tasks.folders import Choices, index_paths
from qvtime.tasks.index import Outcome
from qvtime.tasks.overviews import overview_key
from qvtime.timeline import Span
from qvtime.video.reader import VideoReader
from tests.scripted import SURE, seeing
from tests.unit.tasks.planted import (
    ALL_DONE,
    ALL_UNCHANGED,
    EVENTS,
    SETTINGS,
    Open,
    Opened,
    Planted,
    found,
    outcomes,
    put,
    records_of,
    run,
)


def fail(error: VideoError) -> Open:
    def open_it(_path: str) -> VideoReader:
        raise error

    return open_it


def test_a_second_run_opens_no_video_and_no_model(folder: Path, opened: Opened) -> None:
    script = seeing(EVENTS)
    assert outcomes(run(folder, script=script)) == ALL_DONE
    assert (opened.names(), script.loads) == (["a.mp4", "b.mp4", "c.mkv"], 1)
    run(folder, script=script)  # the files are new: their content is looked at once more
    assert outcomes(run(folder, script=script)) == ALL_UNCHANGED
    assert (opened.names(), script.loads) == ([], 1)


def test_the_timeline_is_what_the_model_saw(folder: Path, opened: Opened) -> None:
    (done,) = run(folder / "a.mp4", timelines=True)
    assert done.report is not None
    assert [event.caption for event in done.report.events] == ["a dog runs", "一只狗在跑"]
    for event, truth in zip(done.report.events, EVENTS, strict=True):
        assert event.span.iou(truth.span) > 0.7  # patches are half a second
        assert event.score == SURE
    assert (done.report.model, done.report.looked) == ("scripted", (Span(0, 10_000),))


def test_changed_touched_moved_and_deleted(folder: Path, opened: Opened) -> None:
    run(folder)
    opened.names()
    put(folder / "a.mp4", "another length")
    os.utime(folder / "b.mp4", ns=(10**18 + 1, 10**18 + 1))
    (folder / "sub/c.mkv").rename(folder / "d.mkv")
    put(folder / "e.mp4", "new")
    expected = {
        "a.mp4": Outcome.DONE,
        "b.mp4": Outcome.UNCHANGED,
        "d.mkv": Outcome.UNCHANGED,
        "e.mp4": Outcome.DONE,
    }
    assert outcomes(run(folder)) == expected
    assert opened.names() == ["a.mp4", "e.mp4"]
    (folder / "a.mp4").unlink()
    assert outcomes(run(folder))["a.mp4"] is Outcome.MISSING
    assert [name for name, missing in records_of(folder) if missing] == ["a.mp4"]
    put(folder / "a.mp4", "another length")
    assert outcomes(run(folder))["a.mp4"] is Outcome.UNCHANGED, "it is back"
    (folder / "a.mp4").unlink()
    assert outcomes(run(folder, prune=True))["a.mp4"] is Outcome.FORGOTTEN
    assert [name for name, _ in records_of(folder)] == ["b.mp4", "d.mkv", "e.mp4"]


def test_two_videos_that_swap_their_names(folder: Path, opened: Opened) -> None:
    run(folder)
    (folder / "a.mp4").rename(folder / "x")
    (folder / "b.mp4").rename(folder / "a.mp4")
    (folder / "x").rename(folder / "b.mp4")
    run(folder)
    assert set(outcomes(run(folder)).values()) == {Outcome.UNCHANGED}
    assert len(list(records_of(folder))) == 3


@pytest.mark.parametrize(
    "other",
    [
        {"model": "else"},
        {"granularity_ms": 1000},
        {"window_ms": 5000},
        {"decoder": "opencv"},
        {"subtitles": "none"},
        {"quantize": "int8"},
        {"dtype": "bfloat16"},
    ],
)
def test_other_settings_make_other_timelines(
    folder: Path, opened: Opened, other: dict[str, str | int]
) -> None:
    run(folder)
    changed = replace(SETTINGS, **other)  # type: ignore[arg-type]
    assert outcomes(run(folder, settings=changed)) == ALL_DONE
    assert outcomes(run(folder, settings=changed)) == ALL_UNCHANGED


def test_what_failed_is_tried_again_only_if_it_changed(folder: Path, opened: Opened) -> None:
    path = str(folder / "b.mp4")
    opened.by_name["b.mp4"] = fail(DamagedVideo(f"{path}: is broken", "copy it again"))
    failed = next(one for one in run(folder) if one.indexed.error)
    assert failed.indexed.outcome is Outcome.FAILED
    opened.names()
    again = next(one for one in run(folder) if one.indexed.error)
    assert opened.names() == []
    assert again.indexed.outcome is Outcome.FAILED_BEFORE
    assert again.indexed.error is not None
    assert (again.indexed.error.message, again.indexed.error.hint) == (
        f"{path}: is broken",
        "copy it again",
    )
    run(folder, retry_failed=True)
    assert opened.names() == ["b.mp4"]
    opened.by_name.clear()
    put(folder / "b.mp4", "repaired")
    assert outcomes(run(folder))["b.mp4"] is Outcome.DONE


def test_a_newer_qvtime_tries_again(
    folder: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.by_name["b.mp4"] = fail(NotAVideo("is no video"))
    run(folder)
    opened.names()
    monkeypatch.setattr(index, "__version__", "99")
    run(folder)
    assert opened.names() == ["b.mp4"]


@pytest.mark.parametrize("error", [VideoError("permission denied"), VideoOverLimits("too long")])
def test_only_trouble_that_lasts_is_kept(folder: Path, opened: Opened, error: VideoError) -> None:
    opened.by_name["b.mp4"] = fail(error)
    assert outcomes(run(folder))["b.mp4"] is Outcome.FAILED
    kept = "b.mp4" in dict(records_of(folder))
    assert kept == isinstance(error, VideoOverLimits)
    assert "c.mkv" in {Path(name).name for name, _ in records_of(folder)}, "the others went on"


def test_a_video_that_is_still_being_written_is_not_kept(folder: Path, opened: Opened) -> None:
    def growing(path: str) -> VideoReader:
        with Path(path).open("a") as file:
            file.write("more")
        return Planted(path)

    opened.by_name["b.mp4"] = growing
    done = next(one for one in run(folder) if one.indexed.error)
    assert done.indexed.error is not None
    assert "changed while it was read" in done.indexed.error.message
    assert [name for name, _ in records_of(folder)] == ["a.mp4", "sub/c.mkv"]


def test_trouble_with_a_video_that_is_replaced_or_gone_is_not_kept(
    folder: Path, opened: Opened
) -> None:
    """It would be kept as that of the old content, in the place of its timeline."""

    def replaced(path: str) -> VideoReader:
        with Path(path).open("a") as file:
            file.write("more")
        raise NotAVideo(f"{path}: its header is damaged")

    def unplugged(path: str) -> VideoReader:
        Path(path).unlink()
        raise DamagedVideo(f"{path}: none of its pictures can be decoded")

    run(folder)
    for happens, words in ((replaced, "changed while it was read"), (unplugged, "no such file")):
        (folder / "b.mp4").write_text(f"other content {words}")
        opened.by_name["b.mp4"] = happens
        (done,) = (one for one in run(folder) if one.indexed.error)
        assert done.indexed.error is not None
        assert words in done.indexed.error.message
        with open_index(place_of(str(folder))) as kept:
            record = kept.find(str(folder / "b.mp4"))
        assert record is not None
        assert record.error is None, "the timeline of before is still there"


def test_a_change_of_subtitles_is_a_change(folder: Path, opened: Opened) -> None:
    run(folder)
    opened.names()
    cue = "1\n00:00:01,000 --> 00:00:02,000\nWhat a {}!\n\n"
    sidecar = folder / "a.en.srt"
    sidecar.write_text(cue.format("goal"))
    run(folder)
    assert opened.names() == ["a.mp4"]
    (hit,) = found(folder, "goal")
    assert (hit.event.source, hit.event.span) == ("subtitle", Span(1000, 2000))
    os.utime(sidecar, ns=(1, 1))
    run(folder)
    assert opened.names() == [], "the same words"
    sidecar.write_text(cue.format("save"))
    run(folder)
    assert opened.names() == ["a.mp4"]
    assert found(folder, "goal") == []
    sidecar.unlink()
    run(folder)
    assert opened.names() == ["a.mp4"]


def overview_beside(folder: Path, path: Path) -> OverviewStore:
    """The overviews of a folder, with one as if the tower had made it with this timeline."""
    with open_index(place_of(str(folder))) as kept:
        store, record = OverviewStore(kept.place.folder), kept.find(str(path))
    assert record is not None
    looks = Overview(500, np.ones((20, 4), np.uint8))
    store.keep(overview_key(record.fingerprint, record.made_with), looks)
    return store


def test_copies_with_other_subtitles_share_one_overview(folder: Path, opened: Opened) -> None:
    """It is of the one that was looked at last, and is not made again for the other."""
    put(folder / "copy.mp4", "a.mp4")
    (folder / "copy.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nA goal!\n\n")
    run(folder)
    overview_beside(folder, folder / "copy.mp4")
    opened.names()
    run(folder)
    run(folder)
    assert opened.names() == []


def test_an_overview_that_a_server_cannot_make_again_is_dropped(
    folder: Path, opened: Opened
) -> None:
    run(folder)
    size_bytes = overview_beside(folder, folder / "a.mp4").size_bytes()
    store = overview_beside(folder, folder / "b.mp4")
    (file, _) = sorted((folder / ".qvtime" / OVERVIEWS).iterdir())
    file.write_bytes(file.read_bytes()[:-3])
    opened.names()
    elsewhere = replace(SETTINGS, server=ServerChoice("http://gpu:8000"))
    notes: list[str] = []
    for _ in range(2):
        load = seeing(EVENTS).load
        done = index_paths([str(folder)], Choices(), elsewhere, load, note=notes.append)
        assert outcomes(list(done)) == ALL_UNCHANGED
    (said,) = notes
    assert said.endswith("its overview is damaged; going on without one, as the model is elsewhere")
    assert opened.names() == []
    assert (store.size_bytes(), file.exists()) == (size_bytes, False)

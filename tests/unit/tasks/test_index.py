"""What is looked at again and what is not, with planted videos and a planted model."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.errors import (
    DamagedVideo,
    IndexLocked,
    ModelNotFound,
    NotAVideo,
    UsageError,
    VideoError,
    VideoOverLimits,
)
from qvtime.frames import FrameBatch, VideoInfo
from qvtime.report import Report
from qvtime.settings import ServerChoice, Settings
from qvtime.store.fingerprint import Fingerprint, take_fingerprint
from qvtime.store.index import open_index
from qvtime.store.overviews import FOLDER_NAME as OVERVIEWS
from qvtime.store.overviews import Overview, OverviewStore
from qvtime.store.place import place_at, place_of
from qvtime.store.search import Hit, search_events
from qvtime.subtitles import Subtitles
from qvtime.tasks import crew, index
from qvtime.tasks.describe import describe_video
from qvtime.tasks.folders import Choices, Done, index_paths
from qvtime.tasks.index import Outcome
from qvtime.tasks.overviews import overview_key
from qvtime.tasks.search import (
    Candidate,
    find_candidates,
    locate_candidates,
    search_index,
    search_reports,
)
from qvtime.timeline import Event, Span
from qvtime.video.reader import SizeRule, VideoReader, chosen_size
from tests.scripted import SURE, Script, say, seeing

HOUR_MS = 3_600_000
SETTINGS = Settings(model="scripted", features="none")
EVENTS = (Event(Span(1000, 3000), "a dog runs"), Event(Span(6000, 8000), "一只狗在跑"))


class Planted(VideoReader):
    """A video of grey pictures."""

    def __init__(self, path: str, duration_ms: int = 10_000) -> None:
        self._info = VideoInfo(path, "pyav", "mp4", "h264", 96, 64, duration_ms, 0, 0)
        self.most_frames = 0

    @property
    def info(self) -> VideoInfo:
        return self._info

    @property
    def damage(self) -> tuple[str, ...]:
        return ()

    def frames_at(self, times_ms: Sequence[int], size_px: SizeRule = None) -> FrameBatch:
        width, height = chosen_size(size_px, self.info)
        times = np.array(times_ms, np.int64)
        self.most_frames = max(self.most_frames, len(times))
        pixels = np.broadcast_to(np.uint8(128), (len(times), height, width, 3))
        return FrameBatch(pixels, times, times)

    def embedded_subtitles(self, within: Span | None = None) -> Subtitles:
        return Subtitles()

    def close(self) -> None:
        pass


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


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    opened = Opened()
    monkeypatch.setattr(crew, "open_video", opened)
    return opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "videos"
    (made / "sub").mkdir(parents=True)
    for name in ("a.mp4", "b.mp4", "sub/c.mkv"):
        put(made / name, name)
    return made


def put(file: Path, content: str) -> None:
    """A file that has been there for long."""
    file.write_text(content)
    os.utime(file, ns=(10**18, 10**18))


def fail(error: VideoError) -> Open:
    def open_it(_path: str) -> VideoReader:
        raise error

    return open_it


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
    (hit,) = search_index(str(folder), "goal", 5)
    assert (hit.event.source, hit.event.span) == ("subtitle", Span(1000, 2000))
    os.utime(sidecar, ns=(1, 1))
    run(folder)
    assert opened.names() == [], "the same words"
    sidecar.write_text(cue.format("save"))
    run(folder)
    assert opened.names() == ["a.mp4"]
    assert search_index(str(folder), "goal", 5) == []
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


def test_choices_of_videos(folder: Path, opened: Opened) -> None:
    assert outcomes(run(folder, include=("*.mp4",), exclude=("b*",))).keys() == {"a.mp4"}
    assert outcomes(run(folder, recursive=False)).keys() == {"a.mp4", "b.mp4"}
    assert Outcome.MISSING not in outcomes(run(folder)).values()


def test_a_limit_counts_work(folder: Path, opened: Opened) -> None:
    for expected in (["a.mp4"], ["b.mp4"], ["c.mkv"], []):
        run(folder, limit=1)
        assert opened.names() == expected


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_what_cannot_be_read_is_no_work(folder: Path, opened: Opened) -> None:
    (folder / "a.mp4").chmod(0)
    _check_limit(folder, opened)


def test_what_cannot_be_opened_is_no_work(
    folder: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take(path: str) -> Fingerprint:
        if path.endswith("a.mp4"):
            raise VideoError(f"{path}: cannot be read: input/output error")
        return take_fingerprint(path)

    monkeypatch.setattr(index, "take_fingerprint", take)
    _check_limit(folder, opened)


def _check_limit(folder: Path, opened: Opened) -> None:
    for expected in (["b.mp4"], ["c.mkv"], []):
        done = run(folder, limit=1)
        assert outcomes(done)["a.mp4"] is Outcome.FAILED
        assert opened.names() == expected


def test_what_was_on_a_disk_that_is_not_mounted_is_not_forgotten(
    folder: Path, opened: Opened
) -> None:
    """What a disk leaves behind is an empty folder, where it was mounted."""
    run(folder)
    (folder / "sub" / "c.mkv").unlink()
    (folder / "b.mp4").unlink()
    said: list[str] = []
    done = index_paths(
        [str(folder)], Choices(prune=True), SETTINGS, seeing(()).load, note=said.append
    )
    assert outcomes(list(done)) == {
        "a.mp4": Outcome.UNCHANGED,
        "b.mp4": Outcome.FORGOTTEN,
        "c.mkv": Outcome.MISSING,
    }
    assert said == [f"{folder / 'sub'}: is empty; if no disk belongs there, --forget it"]
    assert dict(records_of(folder)) == {"a.mp4": False, "sub/c.mkv": True}
    (folder / "sub").rmdir()
    assert outcomes(run(folder, prune=True))["c.mkv"] is Outcome.FORGOTTEN


def test_a_limit_is_one_for_all_folders(folder: Path, opened: Opened, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    put(other / "y.mp4", "y")
    put(other / "z.mp4", "z")
    for expected in (["a.mp4", "b.mp4"], ["c.mkv", "y.mp4"], ["z.mp4"], []):
        run(folder, other, limit=2)
        assert opened.names() == expected


def test_a_folder_of_two_spellings_is_one(
    folder: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    run(folder)
    done = run("sub", folder / "a.mp4", "../videos/b.mp4", ".")
    assert outcomes(done) == ALL_UNCHANGED
    assert len(done) == 3


def test_an_index_keeps_to_its_folder(folder: Path, opened: Opened, tmp_path: Path) -> None:
    run(folder)
    put(tmp_path / "z.mp4", "z")
    for index_folder in (str(folder), str(folder / ".qvtime")):
        with pytest.raises(UsageError, match=r"z\.mp4: is outside of"):
            run(folder, tmp_path / "z.mp4", index_folder=index_folder)
        assert outcomes(run(folder, index_folder=index_folder)) == ALL_UNCHANGED
        assert len(search_index(index_folder, "dog", 10)) == 3


def test_a_name_that_is_too_long_fails_alone(folder: Path, opened: Opened) -> None:
    done = run(folder / ("x" * 300), folder)
    (error,) = [one.indexed.error for one in done if one.indexed.error]
    assert "File name too long" in error.message


def test_a_missing_path_fails_and_the_others_do_not(folder: Path, opened: Opened) -> None:
    done = run(folder.parent / "none.mp4", folder)
    errors = [one.indexed.error.message for one in done if one.indexed.error]
    assert errors == [f"{folder.parent / 'none.mp4'}: there is no such file"]
    assert not (folder.parent / ".qvtime").exists()
    assert len([one for one in done if one.indexed.outcome is Outcome.DONE]) == 3


def test_a_search_is_of_one_moment(
    folder: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run saves a failure just when the hits are known."""
    run(folder)
    path = folder / "a.mp4"

    def save() -> None:
        with open_index(place_of(str(folder)), writing=True) as other:
            other.save_failure(str(path), take_fingerprint(str(path)), "{}", NotAVideo("is none"))

    writer = Thread(target=save)

    def search(*asked: Any) -> list[Hit]:
        hits = search_events(*asked)
        writer.start()
        writer.join(0.5)
        return hits

    monkeypatch.setattr("qvtime.tasks.search.search_events", search)
    reports = search_reports(str(folder), "dog", 10)
    writer.join()
    assert {Path(report.path).name: report.model for report in reports} == dict.fromkeys(
        ALL_DONE, "scripted"
    )
    monkeypatch.undo()
    assert len(search_reports(str(folder), "dog", 10)) == 2


def test_one_index_for_several_folders(folder: Path, opened: Opened, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    put(other / "a.mp4", "another a")
    elsewhere = str(tmp_path / "kept")
    assert len(run(folder, other, index_folder=elsewhere)) == 4
    assert not (folder / ".qvtime").exists()
    with open_index(place_at(elsewhere)) as index:
        assert len(index.records()) == 4
    hits = search_index(elsewhere, "dog", 10)
    assert {hit.path for hit in hits} == {
        *map(str, (folder / "a.mp4", folder / "b.mp4", folder / "sub/c.mkv", other / "a.mp4"))
    }


def test_a_second_run_at_the_same_time(folder: Path, opened: Opened, tmp_path: Path) -> None:
    free = tmp_path / "free"
    free.mkdir()
    put(free / "z.mp4", "z")
    with open_index(place_of(str(folder)), writing=True), pytest.raises(IndexLocked):
        run(free, folder)
    assert opened.names() == [], "it is known before any work"


def test_a_model_that_is_not_there_ends_the_run(folder: Path, opened: Opened) -> None:
    def load() -> None:
        raise ModelNotFound("there is no such model")

    with pytest.raises(ModelNotFound):
        list(index_paths([str(folder)], Choices(), SETTINGS, load))  # type: ignore[arg-type]
    assert list(records_of(folder)) == []


def test_a_run_that_is_given_up_keeps_what_is_done(folder: Path, opened: Opened) -> None:
    for done in index_paths([str(folder)], Choices(), SETTINGS, seeing(EVENTS).load):
        assert done.indexed.outcome is Outcome.DONE
        break
    del done
    assert [name for name, _ in records_of(folder)] == ["a.mp4"]


# -- describing one video -----------------------------------------------------------------------


def told(script: Script, duration_ms: int = 60_000) -> tuple[Event, ...]:
    with script.load() as engine:
        return describe_video("v", Planted("v", duration_ms), engine, SETTINGS).events


@given(
    starts=st.lists(st.integers(0, 110), min_size=1, max_size=8),
    lengths=st.lists(st.integers(1, 12), min_size=8, max_size=8),
)
def test_windows_tell_each_event_once(starts: list[int], lengths: list[int]) -> None:
    """Events on the grid, each with words of its own, however the windows cut them."""
    truth = [
        Event(Span(500 * start, min(500 * (start + length), 60_000)), f"number{place} happens")
        for place, (start, length) in enumerate(zip(starts, lengths, strict=False))
    ]
    said = {event.caption: event.span for event in told(seeing(truth))}
    assert said.keys() == {event.caption for event in truth}
    for event in truth:
        assert abs(said[event.caption].start_ms - event.span.start_ms) <= 250
        assert abs(said[event.caption].end_ms - event.span.end_ms) <= 250


@pytest.mark.parametrize("place", [0, -1])
def test_what_one_window_tells_of_its_outermost_patch_alone_is_its_neighbours_to_tell(
    place: int,
) -> None:
    """A neighbour sees the patch too, and more around it; the video's own ends have none."""
    told_of: list[int] = []

    def words(centres_ms: Sequence[int]) -> str:
        centre_ms = centres_ms[place]
        told_of.append(centre_ms)
        seen = Event(Span(max(0, centre_ms - 250), centre_ms + 250), f"seen at {centre_ms} alone")
        return say([seen], centres_ms)

    kept = [event.caption for event in told(Script(words))]
    assert len(told_of) > 1
    assert kept == [f"seen at {told_of[place]} alone"]


def test_other_words_for_the_same_event_are_not_another_event() -> None:
    truth = Event(Span(8000, 9500), "")
    forms = ("a man walks through the room", "a man is walking through a room")

    def words(centres_ms: Sequence[int]) -> str:
        caption = forms[centres_ms[0] > 0]
        return say(
            [replace(truth, caption=caption), Event(Span(8000, 9500), "a dog barks")], centres_ms
        )

    assert [event.caption for event in told(Script(words))] == ["a dog barks", forms[0]]


def test_what_was_not_understood_is_said() -> None:
    with Script(lambda _: "<time>1.0</time> - <time>99999.0</time> x").load() as engine:
        report = describe_video("v", Planted("v"), engine, SETTINGS)
    assert report.events == ()
    assert "outside" in str(report.settings["dropped"])


def test_a_window_longer_than_the_model_reads() -> None:
    with seeing(EVENTS).load() as engine, pytest.raises(UsageError, match="--window"):
        describe_video("v", Planted("v"), engine, replace(SETTINGS, window_ms=HOUR_MS))


def test_two_hours_are_read_window_by_window() -> None:
    script = seeing([Event(Span(HOUR_MS, HOUR_MS + 2000), "late")], window_patches=128)
    reader = Planted("v", 2 * HOUR_MS)
    with script.load() as engine:
        report = describe_video("v", reader, engine, SETTINGS)
    assert [event.span for event in report.events] == [Span(HOUR_MS - 250, HOUR_MS + 1750)]
    assert reader.most_frames <= 256
    assert script.windows[-1][-1] == 2 * HOUR_MS - 500


# -- searching ----------------------------------------------------------------------------------


def test_reports_of_a_search(folder: Path, opened: Opened) -> None:
    run(folder)
    (first, *rest) = search_reports(str(folder), "dog running", 10)
    assert len(rest) == 2
    assert (first.question, first.model) == ("dog running", "scripted")
    assert [event.caption for event in first.events] == ["a dog runs"]
    assert first.settings["index"] == str(folder / ".qvtime/index.db")
    assert search_reports(str(folder), "zebra", 10) == []


def test_a_closer_look_reports_no_more_of_a_video_than_asked_for() -> None:
    def locate(path: str, span: Span) -> Report:
        events = (Event(span, "x", span.start_ms / 100_000), Event(span, "x", 0.001))
        return Report(path, "x", "", events, "")

    candidates = [Candidate("a", Span(at, at + 500), 1) for at in (1000, 9000, 5000)]
    for top_k, starts_ms in ((1, [9000]), (2, [9000, 5000]), (9, [9000, 5000, 1000])):
        ((path, look),) = locate_candidates(candidates, locate, top_k)
        report = look()
        assert path == "a"
        assert [one.span.start_ms for one in report.events][:3] == starts_ms
        assert report.answer.startswith("<time>00:00:09.0</time> - <time>00:00:09.5</time>")
        assert report.answer.count(" - ") == len(report.events) == min(top_k, 6)


def hit(path: str, start_ms: int, rank: int) -> Hit:
    return Hit(path, Event(Span(start_ms, start_ms + 1000), "x"), rank, True)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 100_000)), max_size=20))
def test_candidates_hold_every_hit_and_do_not_overlap(found: list[tuple[str, int]]) -> None:
    hits = [hit(path, start_ms, rank) for rank, (path, start_ms) in enumerate(found, 1)]
    candidates = find_candidates(hits, 5000)
    assert [one.rank for one in candidates] == sorted(one.rank for one in candidates)
    for one in hits:
        (holding,) = [
            c for c in candidates if c.path == one.path and c.span.overlap_ms(one.event.span)
        ]
        assert holding.span.overlap_ms(one.event.span) == 1000
        assert holding.rank <= one.rank

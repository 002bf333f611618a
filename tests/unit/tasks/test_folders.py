"""Which videos of which folders a run takes, into which index, and what ends it."""

import os
from pathlib import Path

import pytest

from qvtime.errors import (
    IndexLocked,
    ModelNotFound,
    UsageError,
    VideoError,
)
from qvtime.store.fingerprint import Fingerprint, take_fingerprint
from qvtime.store.index import open_index
from qvtime.store.place import place_at, place_of
from qvtime.tasks import index
from qvtime.tasks.folders import Choices, index_paths
from qvtime.tasks.index import Outcome
from tests.scripted import seeing
from tests.unit.tasks.planted import (
    ALL_UNCHANGED,
    EVENTS,
    SETTINGS,
    Opened,
    found,
    outcomes,
    put,
    records_of,
    run,
)


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
        assert len(found(index_folder, "dog")) == 3


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


def test_one_index_for_several_folders(folder: Path, opened: Opened, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    put(other / "a.mp4", "another a")
    elsewhere = str(tmp_path / "kept")
    assert len(run(folder, other, index_folder=elsewhere)) == 4
    assert not (folder / ".qvtime").exists()
    with open_index(place_at(elsewhere)) as index:
        assert len(index.records()) == 4
    hits = found(elsewhere, "dog")
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

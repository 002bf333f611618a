"""What goes into an index comes out of it, and nothing else does."""

import os
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qvtime.errors import IndexDamaged, IndexTooNew, NotAVideo, StoreError
from qvtime.report import Report
from qvtime.store.index import Index, open_index
from qvtime.store.place import Place, place_at, place_of
from qvtime.store.schema import MIGRATIONS, migrate, version_of
from qvtime.store.search import search_events
from qvtime.store.written import find_written, remember_written
from qvtime.timeline import Event, Span
from tests.unit.store.conftest import events_of, report_of, stamp

BOTH = ("seen", "subtitle")


def captions(index: Index, words: str) -> list[str]:
    return [hit.event.caption for hit in search_events(index, words, 100)]


def test_a_timeline_comes_back_as_it_was(index: Index, folder: Path) -> None:
    path = str(folder / "a.mp4")
    given_in = report_of(path, "a dog runs", "一只狗在跑")
    said = (Event(Span(1, 2), "goal!", None, "subtitle"),)
    index.save_timeline(path, stamp(), "{}", given_in, said)
    record = index.find(path)
    assert record is not None
    assert index.report(record) == given_in
    assert set(index.report(record, BOTH).events) == {*given_in.events, *said}
    assert (record.path, record.fingerprint, record.made_with) == (path, stamp(), "{}")
    assert (record.duration_ms, record.error, record.missing) == (60_000, None, False)


def test_another_run_reads_what_was_committed(folder: Path) -> None:
    path = str(folder / "a.mp4")
    with open_index(place_of(str(folder)), writing=True) as index:
        index.save_timeline(path, stamp(), "{}", report_of(path, "a dog"))
    with open_index(place_of(path)) as index:
        (record,) = index.records()
        assert index.report(record).events == events_of("a dog")


def test_a_timeline_that_another_run_takes_away_is_said(folder: Path) -> None:
    path = str(folder / "a.mp4")
    with open_index(place_of(str(folder)), writing=True) as index:
        index.save_timeline(path, stamp(), "{}", report_of(path, "a dog"))
        with open_index(place_of(path)) as other:
            record = other.find(path)
            assert record is not None
            index.save_failure(path, stamp("2"), "{}", NotAVideo("is no video"))
            with pytest.raises(StoreError, match=r"no timeline of .*a\.mp4 any more"):
                other.report(record)


def test_a_failure_takes_the_place_of_a_timeline_and_back(index: Index, folder: Path) -> None:
    path = str(folder / "a.mp4")
    index.save_timeline(path, stamp(), "{}", report_of(path, "a dog"))
    index.save_failure(path, stamp("2"), "{}", NotAVideo("is no video", "try another"))
    (record,) = index.records()
    assert (record.error, record.hint, record.duration_ms) == ("is no video", "try another", None)
    assert captions(index, "dog") == []
    with pytest.raises(StoreError, match="no timeline"):
        index.report(record)
    index.save_timeline(path, stamp("3"), "{}", report_of(path, "a cat"))
    assert (captions(index, "dog"), captions(index, "cat")) == ([], ["a cat"])
    assert index.stats().failed == 0


def test_forgetting_leaves_nothing_behind(index: Index, folder: Path) -> None:
    for name in ("a.mp4", "b/a.mp4", "b/c.mp4", "bb.mp4"):
        index.save_timeline(str(folder / name), stamp(name), "{}", report_of(name, f"dog {name}"))
    remember_written(index, "out/c.srt", str(folder / "b/c.mp4"), b"1")
    assert [Path(one.path).name for one in index.below(str(folder / "b"))] == ["a.mp4", "c.mp4"]
    index.forget(index.below(str(folder / "b")))
    assert [one.path for one in index.records()] == [
        str(folder / "a.mp4"),
        str(folder / "bb.mp4"),
    ]
    assert sorted(captions(index, "dog")) == ["dog a.mp4", "dog bb.mp4"]
    assert find_written(index, "out/c.srt") is None
    index.forget(index.below(str(folder)))
    assert index.stats().videos == index.stats().events_seen == 0
    assert captions(index, "dog") == []


def test_a_moved_video_takes_its_timeline_along(index: Index, folder: Path) -> None:
    old, new = str(folder / "old.mp4"), str(folder / "new.mp4")
    index.save_timeline(old, stamp("old"), "{}", report_of(old, "a dog"))
    index.save_timeline(new, stamp("new"), "{}", report_of(new, "a cat"))
    (record,) = index.same_content(stamp("old", mtime_ns=7))
    index.set_missing([record])
    assert captions(index, "dog") == [], "what is gone is not found"
    index.set_fingerprint(record, new, stamp("old", mtime_ns=7))
    (moved,) = index.records()
    assert (moved.path, moved.missing, moved.fingerprint.mtime_ns) == (new, False, 7)
    assert (captions(index, "dog"), captions(index, "cat")) == (["a dog"], [])


NAMES = st.binary(min_size=1, max_size=40).map(
    lambda raw: raw.replace(b"\0", b"-").replace(b"/", b"-")
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES.filter(lambda raw: raw not in (b".", b"..")))
def test_names_of_any_bytes(index: Index, folder: Path, name: bytes) -> None:
    path = os.fsdecode(os.fsencode(folder) + b"/" + name)
    index.save_timeline(path, stamp(), "{}", report_of(path, "a dog"))
    record = index.find(path)
    assert record is not None
    assert os.fsencode(record.path) == os.fsencode(folder) + b"/" + name
    index.save_failure(path, stamp(), "{}", NotAVideo(f"{path} is no video"))
    index.forget(index.below(path))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.text(max_size=60))
def test_captions_of_any_text(index: Index, folder: Path, said: str) -> None:
    path = str(folder / "a.mp4")
    given_in = report_of(path, said)
    index.save_timeline(path, stamp(), "{}", given_in)
    record = index.find(path)
    assert record is not None
    assert index.report(record) == given_in
    search_events(index, said, 5)
    index.forget([record])
    assert index.database.query("SELECT count(*) FROM words WHERE words MATCH 'dog'") == [(0,)]


def test_a_folder_can_be_moved_with_its_index(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    with open_index(place_of(str(tmp_path / "one")), writing=True) as index:
        index.save_timeline(str(tmp_path / "one/a.mp4"), stamp(), "{}", Report("", "", "", (), ""))
    (tmp_path / "one").rename(tmp_path / "two")
    with open_index(place_of(str(tmp_path / "two"))) as index:
        assert index.records()[0].path == str(tmp_path / "two/a.mp4")


def test_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "x.mp4").touch()
    assert place_of(str(inner)) == Place(inner / ".qvtime", str(inner))
    assert place_of(str(inner / "x.mp4")) == place_of(str(inner))
    open_index(place_of(str(tmp_path)), writing=True).close()
    above = Place(tmp_path / ".qvtime", str(tmp_path))
    assert place_of(str(inner)) == place_of(str(inner / "x.mp4")) == above
    assert place_at(str(tmp_path)) == place_at(str(tmp_path / ".qvtime")) == above
    monkeypatch.chdir(tmp_path / ".qvtime")
    assert place_at(".") == above
    elsewhere = place_at(str(inner))
    assert elsewhere == Place(inner, None)
    assert elsewhere.path(elsewhere.key(str(inner / "x.mp4"))) == str(inner / "x.mp4")
    monkeypatch.chdir(inner)
    assert place_of("x.mp4").path(place_of("x.mp4").key("x.mp4")) == "../../a/b/x.mp4"
    monkeypatch.chdir(tmp_path)
    assert place_of(".").path(place_of(".").key("a/b/x.mp4")) == "a/b/x.mp4"


@pytest.mark.parametrize(
    "key", [b"../x.mp4", b"/etc/passwd", b"a/../../x", b"a\0b", b"a//b", b"", "text", None, 3]
)
def test_a_path_that_leads_out_of_the_folder_is_not_believed(folder: Path, key: object) -> None:
    place = place_of(str(folder))
    with pytest.raises(IndexDamaged):
        place.path(key)


def test_reading_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such index"):
        open_index(place_of(str(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def damage(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / ".qvtime" / "index.db")
    connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize("writing", [False, True])
@pytest.mark.parametrize(
    ("statement", "error"),
    [
        (f"PRAGMA user_version = {len(MIGRATIONS) + 1}", IndexTooNew),
        ("PRAGMA application_id = 1", IndexDamaged),
        ("CREATE TRIGGER x AFTER INSERT ON video BEGIN DELETE FROM event; END", IndexDamaged),
        ("CREATE VIEW x AS SELECT 1", IndexDamaged),
        ("DROP TABLE words", IndexDamaged),
    ],
)
def test_a_file_that_is_no_index_is_left_as_it_is(
    folder: Path, statement: str, error: type[StoreError], writing: bool
) -> None:
    place = place_of(str(folder))
    open_index(place, writing=True).close()
    damage(folder, statement)
    before = place.file.read_bytes()
    with pytest.raises(error, match=r"index\.db"):
        open_index(place, writing)
    assert place.file.read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE video SET details = '{}'",
        "UPDATE video SET details = '[1'",
        "UPDATE event SET start_ms = 9999999",
        "UPDATE event SET source = 'rumour'",
        "UPDATE video SET details = replace(details, '\"looked\": [[0', '\"looked\": [[-5')",
    ],
)
def test_rows_that_cannot_be_true_are_not_believed(folder: Path, statement: str) -> None:
    path = str(folder / "a.mp4")
    with open_index(place_of(path), writing=True) as index:
        index.save_timeline(path, stamp(), "{}", report_of(path, "a dog"))
    damage(folder, statement)
    with open_index(place_of(path)) as index, pytest.raises(IndexDamaged):
        index.report(index.records()[0], BOTH)


def test_a_step_that_fails_is_not_taken_at_all() -> None:
    steps = (*MIGRATIONS, ("CREATE TABLE more (x)", "INSERT INTO more VALUES (1)", "no SQL"))
    connection = sqlite3.connect(":memory:", isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, steps)
    assert version_of(connection) == len(MIGRATIONS)
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE name = 'more'")
    assert tables.fetchall() == []
    migrate(connection, (*MIGRATIONS, ("CREATE TABLE more (x)",)))
    assert version_of(connection) == len(MIGRATIONS) + 1
    connection.close()

"""Indexes that are full, cut, flipped or a stranger's: said in words, and left as they are."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qvtime.errors import IndexDamaged, StoreError
from qvtime.store.index import Index, open_index
from qvtime.store.place import place_of
from qvtime.store.search import WEIGHED, search_events
from tests.unit.store.conftest import report_of, stamp

CAPTIONS = [f"a dog number {k} runs over the meadow" for k in range(60)]


@pytest.fixture
def place_file(tmp_path: Path) -> Path:
    """The file of an index with two videos."""
    place = place_of(str(tmp_path))
    with open_index(place, writing=True) as index:
        for name in ("a.mp4", "b.mp4"):
            path = str(tmp_path / name)
            index.save_timeline(path, stamp(name), "{}", report_of(path, *CAPTIONS))
    return place.file


def use(folder: Path, writing: bool) -> int:
    """Everything that is ever read from an index; how many events that gave."""
    with open_index(place_of(str(folder)), writing) as index:
        events = sum(len(index.report(record).events) for record in index.records())
        index.stats()
        index.below(str(folder / "a.mp4"))
        return events + len(search_events(index, "dog meadow", 50))


WHOLE = 2 * len(CAPTIONS) + 50


@pytest.mark.parametrize("writing", [False, True])
def test_flipped_bytes(place_file: Path, writing: bool) -> None:
    folder, good = place_file.parent.parent, place_file.read_bytes()
    assert use(folder, writing) == WHOLE
    refused = 0
    for place in range(0, len(good), max(1, len(good) // 150)):
        bad = bytearray(good)
        bad[place] ^= 0xFF
        place_file.write_bytes(bad)
        try:
            use(folder, writing)
        except StoreError as error:
            refused += 1
            said = error.message
        else:
            continue
        assert place_file.name in said
        if writing:
            assert place_file.read_bytes() == bad, "it is left as it is"
    assert refused > 5, "the bytes were read"


@pytest.mark.parametrize("writing", [False, True])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.99])
def test_cut_files(place_file: Path, share: float, writing: bool) -> None:
    good = place_file.read_bytes()
    bad = good[: int(len(good) * share)]
    place_file.write_bytes(bad)
    with pytest.raises(StoreError):
        use(place_file.parent.parent, writing)
    assert place_file.read_bytes() == bad


@pytest.mark.parametrize("content", [b"hello", b"SQLite format 3\0" + b"\0" * 4000, b"\xff" * 9000])
def test_files_that_are_something_else(place_file: Path, content: bytes) -> None:
    place_file.write_bytes(content)
    for writing in (False, True):
        with pytest.raises(IndexDamaged):
            use(place_file.parent.parent, writing)
    assert place_file.read_bytes() == content


def test_an_empty_file_is_an_index_that_was_never_begun(place_file: Path) -> None:
    place_file.write_bytes(b"")
    assert use(place_file.parent.parent, writing=True) == 0


def test_a_full_disk(tmp_path: Path) -> None:
    """At every size: the video that did not fit is not there, the others are whole."""
    fitted = []
    for pages in range(14, 60, 6):
        folder = tmp_path / str(pages)
        folder.mkdir()
        with open_index(place_of(str(folder)), writing=True) as index:
            index.database.query(f"PRAGMA max_page_count = {pages}")
            count = fill(index, folder)
        with open_index(place_of(str(folder))) as index:
            records = index.records()
            assert len(records) == count
            assert all(len(index.report(one).events) == len(CAPTIONS) for one in records)
            searched = min(count * len(CAPTIONS), WEIGHED)
            assert len(search_events(index, "dog", WEIGHED)) == searched
        with open_index(place_of(str(folder)), writing=True) as index:
            path = str(folder / "later.mp4")
            index.save_timeline(path, stamp("later"), "{}", report_of(path, *CAPTIONS))
        fitted.append(count)
    assert fitted == sorted(fitted)
    assert fitted[-1] > fitted[0]


def fill(index: Index, folder: Path) -> int:
    """Save timelines until the disk is full; how many fitted."""
    for saved in range(100):
        path = str(folder / f"{saved}.mp4")
        try:
            index.save_timeline(path, stamp(str(saved)), "{}", report_of(path, *CAPTIONS))
        except StoreError as error:
            full = error
            break
    assert os.strerror(errno.ENOSPC).lower() in full.message
    assert "--index" in (full.hint or "")
    return saved


LIMITED = """
import json, resource, sys
from pathlib import Path
from qvtime.errors import StoreError
from qvtime.store.index import open_index
from qvtime.store.place import place_of
from tests.faults.test_index_damage import CAPTIONS, fill
folder, limit = Path(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    with open_index(place_of(str(folder)), writing=True) as index:
        print(json.dumps(fill(index, folder)))
except StoreError as error:
    print(json.dumps(error.message))
"""


@pytest.mark.parametrize("limit", [0, 5000, 60_000, 200_000])
def test_a_file_that_may_not_grow(tmp_path: Path, limit: int) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path), str(limit)]
    child = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    said = json.loads(child.stdout)
    with open_index(place_of(str(tmp_path)), writing=True) as index:
        assert len(index.records()) == (said if isinstance(said, int) else 0)
    if limit == 200_000:
        assert said > 0


def test_a_folder_that_may_not_be_written(place_file: Path) -> None:
    """As a user who may only read it: reading works, writing says what to do."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    for one in (place_file.parents[3], place_file.parents[2], place_file.parents[1]):
        one.chmod(0o755)
    place_file.parent.chmod(0o755)
    child = os.fork()
    if child == 0:
        code = 9
        try:
            os.setuid(65534)
            assert use(place_file.parent.parent, writing=False) == WHOLE
            try:
                use(place_file.parent.parent, writing=True)
            except StoreError as error:
                code = 0 if "--index DIR" in (error.hint or "") else 8
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

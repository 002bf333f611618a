"""One writer at a time, and a dead one does not count."""

import fcntl
import signal
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from qvtime.errors import IndexLocked, StoreError
from qvtime.store.index import open_index
from qvtime.store.lock import FolderLock
from qvtime.store.place import place_of

HOLD = """
import sys, time
from pathlib import Path
from qvtime.store.lock import FolderLock
with FolderLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_lock_is_refused_at_once(tmp_path: Path) -> None:
    with FolderLock(tmp_path), pytest.raises(IndexLocked) as refused:
        FolderLock(tmp_path)
    assert str(tmp_path) in refused.value.message
    assert refused.value.exit_code == 4
    FolderLock(tmp_path).close()


def test_a_killed_holder_does_not_hold(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(IndexLocked, match=f"process {holder.pid} "):
            FolderLock(tmp_path)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        FolderLock(tmp_path).close()


def test_a_holder_that_has_not_yet_written_its_name_is_waited_for(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("wb", buffering=0) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        late = Timer(0.2, held.write, [b"4711\n"])
        late.start()
        with pytest.raises(IndexLocked, match="process 4711 "):
            FolderLock(tmp_path)
        late.join()


def test_a_holder_that_never_writes_its_name_is_another_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qvtime.store.lock.NAMED_WITHIN_S", 0.0)
    with (tmp_path / "lock").open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(IndexLocked, match="another run "):
            FolderLock(tmp_path)


def test_one_that_has_let_go_is_not_named(tmp_path: Path) -> None:
    FolderLock(tmp_path).close()
    assert (tmp_path / "lock").read_bytes() == b""


def test_an_index_is_read_while_another_changes_it(tmp_path: Path) -> None:
    place = place_of(str(tmp_path))
    with open_index(place, writing=True), open_index(place) as reader:
        assert reader.records() == []
        with pytest.raises(IndexLocked):
            open_index(place, writing=True)
    open_index(place, writing=True).close()


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "lock").symlink_to(victim)
    with pytest.raises(StoreError, match="cannot be locked"):
        FolderLock(tmp_path)
    assert victim.read_text() == "mine"

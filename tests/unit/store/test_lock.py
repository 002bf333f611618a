"""One writer at a time, and a dead one does not count."""

import signal
import subprocess
import sys
from pathlib import Path

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

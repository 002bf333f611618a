"""One writer at a time: locks that the kernel frees with their holder, such as an index's."""

import errno
import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from qvtime.closing import Closing
from qvtime.errors import IndexLocked, StoreError, cause_of

NAMED_WITHIN_S = 1.0
"""How long a refused run waits for the holder, which has the lock first, to write who it is."""


def hold_alone(descriptor: int) -> bool:
    """Whether this process has the open file to itself now, until it closes it: not where another
    one holds it. A file system without locks lets everyone."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


class FolderLock(Closing):
    """The right to change what is in a folder; held from making it until `close`. A context.

    IndexLocked at once when another process, or another lock of this one, holds it; StoreError
    when the folder cannot be locked. It is a `flock`, so a killed holder leaves nothing behind,
    and a child process does not inherit it.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "lock"
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self._descriptor = os.open(self._file, flags, 0o666)
        except OSError as error:
            raise _cannot_lock(self._file, error) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Only for whoever reads the message of a second run; the kernel knows who holds it.
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError:
            who = _holder(self._descriptor)
            os.close(self._descriptor)
            raise IndexLocked(
                f"{folder}: {who} is changing this index", "wait until it has ended"
            ) from None
        except OSError as error:
            os.close(self._descriptor)
            raise _cannot_lock(self._file, error) from error

    def close(self) -> None:
        """Let go; the file stays, because removing it would let two others hold it at once."""
        with suppress(OSError):  # so that the next holder is not taken for this one
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def _holder(descriptor: int) -> str:
    """Who holds the lock, as it wrote itself; "another run" where it wrote nothing in time."""
    until = time.monotonic() + NAMED_WITHIN_S
    while True:
        written = os.pread(descriptor, 20, 0)
        if written.endswith(b"\n") and written.strip().isdigit():
            return f"process {int(written)}"
        if time.monotonic() > until:
            return "another run"
        time.sleep(0.01)


def _cannot_lock(file: Path, error: OSError) -> StoreError:
    hint = "keep the index elsewhere with --index DIR"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        hint = f"free some space, or {hint}"
    return StoreError(f"{file}: cannot be locked: {cause_of(error)}", hint)

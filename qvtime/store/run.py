"""What a run on an index is at, in a file beside it, for whoever looks on.

The run holds a lock on that file. Whether one is running is asked of the kernel, so that a killed
run is none; and looking on never keeps a run from starting, as a look at its own lock could.
"""

import contextlib
import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from qvtime.closing import Closing

FILE_NAME = "run.json"
LARGEST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class RunState:
    """How far a run is. video: the key of the one at work, None between two."""

    videos_done: int = 0
    video: str | None = None
    windows_done: int = 0
    windows_total: int = 0


class RunNote(Closing):
    """Says what a run is at, until it is closed. A context.

    Held only by whoever holds the index's lock. What cannot be written is not said.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE_NAME
        self._descriptor: int | None = None
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        with contextlib.suppress(OSError):
            self._descriptor = os.open(self._file, flags, 0o666)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)  # who looks on holds it for an instant
            self.say(RunState())

    def say(self, state: RunState) -> None:
        """The run is there now."""
        if self._descriptor is None:
            return
        content = json.dumps(asdict(state)).encode()
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, content, 0)
            os.ftruncate(self._descriptor, len(content))

    def close(self) -> None:
        """The run has ended."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                self._file.unlink()
            os.close(self._descriptor)
            self._descriptor = None


def read_run(folder: Path) -> RunState | None:
    """How far the run on the index in this folder is; None when there is none."""
    try:
        descriptor = os.open(
            folder / FILE_NAME, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
        )
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _state(os.pread(descriptor, LARGEST_BYTES, 0))
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None


def _state(content: bytes) -> RunState:
    """What is written there; as good as nothing when it is being written, or a stranger's."""
    try:
        fields = json.loads(content)
        state = RunState(**fields)
        numbers = (state.videos_done, state.windows_done, state.windows_total)
    except (ValueError, TypeError, RecursionError):
        return RunState()
    known = all(type(one) is int and one >= 0 for one in numbers)
    named = state.video is None or isinstance(state.video, str)
    return state if known and named else RunState()

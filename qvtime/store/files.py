"""Files that are there whole or not at all."""

import errno
import os
import re
import secrets
import stat
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from qvtime.errors import OutputError

_HINTS = {
    errno.ENOSPC: "free some space, or write elsewhere with -o",
    errno.EDQUOT: "free some space, or write elsewhere with -o",
    errno.EFBIG: "write elsewhere with -o",
    errno.ENOENT: "make the folder first",
    errno.ENOTDIR: "name a file inside a folder",
    errno.EISDIR: "name a file inside it",
    errno.EACCES: "write elsewhere with -o",
    errno.EPERM: "write elsewhere with -o",
    errno.EROFS: "write elsewhere with -o",
    errno.ENAMETOOLONG: "choose a shorter name",
}


_TEMPORARY = re.compile(r"\.qvtime-[0-9a-f]{16}\.tmp(\.\w+)?")
ABANDONED_SECONDS = 3600
"""A temporary file this old was left by a run that was killed."""


def temporary_name(ending: str = "") -> str:
    """A new name for a file that is not complete yet: short, whatever the target's is; hidden."""
    return f".qvtime-{secrets.token_hex(8)}.tmp{ending}"


def is_abandoned(name: str, status: os.stat_result) -> bool:
    """Whether this is a temporary file of our own that no run is still writing to."""
    ours = _TEMPORARY.fullmatch(name) and stat.S_ISREG(status.st_mode)
    mine = status.st_uid == os.geteuid()
    return bool(ours and mine and time.time() - status.st_mtime > ABANDONED_SECONDS)


@cache  # once a run: a folder may hold very many files
def sweep_abandoned(folder: Path) -> None:
    """Remove what runs that were killed left in this folder. Never raises."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _TEMPORARY.fullmatch(entry.name):
                with suppress(OSError):
                    if is_abandoned(entry.name, entry.stat(follow_symlinks=False)):
                        (folder / entry.name).unlink()


def write_atomically(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Put the content (text as UTF-8) into the file, so that no one ever sees half of it.

    An existing file keeps its permissions, a link stays a link; a device or a pipe is written as
    it is. On failure OutputError names the path and the cause, the old file is as it was, and
    nothing else is left behind.
    """
    data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    try:
        target = Path(os.path.realpath(path))
        mode = _mode(target)
        if mode is not None and stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if mode is None or stat.S_ISREG(mode):
            _replace(target, data, mode)
        else:
            with target.open("wb", buffering=0) as device:
                _write_all(device.fileno(), data)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        number = error.errno if isinstance(error, OSError) else None
        cause = os.strerror(number).lower() if number else str(error)
        raise OutputError(
            f"cannot write {os.fspath(path)}: {cause}", _HINTS.get(number or 0)
        ) from error


def _mode(target: Path) -> int | None:
    try:
        return target.stat().st_mode
    except FileNotFoundError:
        return None


def _replace(target: Path, data: bytes, mode: int | None) -> None:
    """Write a temporary file beside the target, then rename it into place."""
    sweep_abandoned(target.parent)
    temporary = target.with_name(temporary_name())  # the umask decides what a new file allows
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(temporary, flags, 0o666)
    try:
        try:
            if mode is not None:
                os.fchmod(descriptor, stat.S_IMODE(mode))
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(target)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    """Make the rename itself last through a power cut, where the file system can."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)

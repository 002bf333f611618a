"""Has a video changed since? Size and times say it cheaply, the content says it surely."""

import hashlib
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from qvtime.errors import VideoError, VideoNotFound

WHOLE_BYTES = 16 << 20
"""Files up to this size are hashed whole."""
ENDS_BYTES = 1 << 20
BLOCKS = 62
BLOCK_BYTES = 64 << 10
DIGEST_BYTES = 20
WHOLE, SAMPLED = "b2", "b2-parts"
"""What digests are tagged with, by how they were made."""
SETTLED_NS = 2_000_000_000
"""A file that changed more recently could change again without its times showing it."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a file looks like.

    digest: of its content, tagged with how it was made. settled: its times were old enough when
    it was taken to show every later change.
    """

    size_bytes: int
    mtime_ns: int
    digest: str
    settled: bool

    @property
    def content(self) -> str:
        """What tells this content from any other."""
        return f"{self.digest}:{self.size_bytes}"

    @property
    def sampled(self) -> bool:
        """Whether only samples of a large file were hashed: a change between them is not seen."""
        return self.digest.startswith(f"{SAMPLED}:")

    def same_content(self, other: "Fingerprint") -> bool:
        """Whether both are of the same bytes."""
        return self.content == other.content


def looks_unchanged(path: str, before: Fingerprint) -> bool:
    """Whether size and times alone say that the file is as it was: no byte of it is read."""
    status = _status(path)
    same = (status.st_size, status.st_mtime_ns) == (before.size_bytes, before.mtime_ns)
    return same and before.settled


def holds_still(path: str, before: Fingerprint) -> bool:
    """Whether the file still has the content of the fingerprint; read again where its times have
    changed. Raises VideoError."""
    return looks_unchanged(path, before) or before.same_content(take_fingerprint(path))


def take_fingerprint(path: str, now_ns: int | None = None) -> Fingerprint:
    """The fingerprint of a regular file. VideoError when it cannot be read or changes meanwhile."""
    now_ns = time.time_ns() if now_ns is None else now_ns
    before = _status(path)
    digest = _digest(path, before.st_size)
    if _changes(before) != _changes(_status(path)):
        raise changed_meanwhile(path)
    newest_ns = max(before.st_mtime_ns, before.st_ctime_ns)
    return Fingerprint(before.st_size, before.st_mtime_ns, digest, now_ns - newest_ns > SETTLED_NS)


def still_as(path: str, taken: Fingerprint) -> bool:
    """Whether size and modification time are those of the fingerprint."""
    status = _status(path)
    return (status.st_size, status.st_mtime_ns) == (taken.size_bytes, taken.mtime_ns)


def changed_meanwhile(path: str) -> VideoError:
    """The error for a file that someone writes to while it is read."""
    return VideoError(f"{path}: changed while it was read", "index it again once it is complete")


def _changes(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino


def _status(path: str) -> os.stat_result:
    try:
        return Path(path).stat()
    except FileNotFoundError:
        raise VideoNotFound(f"{path}: there is no such file", "check the path") from None
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else str(error)
        raise VideoError(f"{path}: cannot be opened: {cause}") from None


def _digest(path: str, size_bytes: int) -> str:
    """A hash of the content: whole, or for a large file of its ends and of blocks between them.

    The ends hold a container's tables, or its first and last times, which change with any new
    encoding or cut.
    """
    whole = size_bytes <= WHOLE_BYTES
    hashed = hashlib.blake2b(digest_size=DIGEST_BYTES)
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # opening a FIFO would wait for a writer
    try:
        descriptor = os.open(path, flags)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return "none:"  # not a file of bytes; what opens videos says so
            for start, length in [(0, size_bytes)] if whole else _pieces(size_bytes):
                _hash_piece(hashed, descriptor, start, length)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise VideoError(f"{path}: cannot be read: {error.strerror}") from None
    return f"{WHOLE if whole else SAMPLED}:{hashed.hexdigest()}"


def _pieces(size_bytes: int) -> list[tuple[int, int]]:
    between = size_bytes - 2 * ENDS_BYTES - BLOCK_BYTES
    blocks = [(ENDS_BYTES + between * k // (BLOCKS - 1), BLOCK_BYTES) for k in range(BLOCKS)]
    return [(0, ENDS_BYTES), *blocks, (size_bytes - ENDS_BYTES, ENDS_BYTES)]


def _hash_piece(hashed: hashlib.blake2b, descriptor: int, start: int, length: int) -> None:
    end = start + length
    while start < end:
        data = os.pread(descriptor, min(ENDS_BYTES, end - start), start)
        if not data:
            return
        hashed.update(data)
        start += len(data)

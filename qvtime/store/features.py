"""Vision features on disk: a bounded cache of what the vision tower saw, one file a window.

A file is believed only if it was made for the very same key and its checksum holds; anything else
counts as not there, and is written anew. Nothing in it can run code: it is safetensors.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt
import safetensors
import safetensors.numpy

from qvtime.errors import OutputError, cause_of
from qvtime.store.files import is_abandoned, write_atomically

LAYOUT = 1
"""Raised when the same key would mean other numbers: how pictures are sized, paired or encoded."""

ENDING = ".safetensors"
OWN_NAME = re.compile(rf"[0-9a-f]{{40}}{re.escape(ENDING)}")
"""What kept features are called; anything else in the folder, such as weights, is someone's own."""
LONGEST_HEADER_BYTES = 16 << 20
LITTLE_BYTES = 64 << 10
"""Room for the header of a file, beside its arrays."""

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class FeatureKey:
    """All that vision features depend on.

    content: of the video. model, revision, dtype, device: what computed them. decoder, times_ms,
    width_px, height_px: the pictures, two for every temporal patch.
    """

    content: str
    model: str
    revision: str
    dtype: str
    device: str
    decoder: str
    times_ms: tuple[int, ...]
    width_px: int
    height_px: int

    @property
    def text(self) -> str:
        """The key spelled out, with the layout: equal if and only if the keys are."""
        return json.dumps({"layout": LAYOUT, **asdict(self)}, sort_keys=True)

    @property
    def file_name(self) -> str:
        """Which file these features are kept in."""
        return name_of(self.text)


class Key(Protocol):
    """What a file of arrays was made for. text: all of it, as JSON with the video's `content`."""

    @property
    def text(self) -> str: ...
    @property
    def file_name(self) -> str: ...


class FeatureStore:
    """A folder of features that together take at most `cap_bytes`; those unused longest go first.

    Any number of processes may use it at once.
    """

    def __init__(self, folder: str | os.PathLike[str], cap_bytes: int) -> None:
        self.folder = Path(folder)
        self.cap_bytes = cap_bytes

    def find(self, key: Key) -> dict[str, npt.NDArray[Any]] | None:
        """The arrays kept for this key, read-only; None when there are none that can be believed.

        What is found counts as used now.
        """
        path = self.folder / key.file_name
        data = _read(path)
        arrays = None if data is None else _believed(data, key)
        if arrays is not None:
            with suppress(OSError):  # a folder that may only be read
                os.utime(path)
        return arrays

    def keep(self, key: Key, arrays: Arrays, displace: bool = True) -> bool:
        """Keep the arrays, and let others go for them; False when they alone are over the cap, or
        when they do not fit beside the others and may not `displace` any.

        Raises OutputError when they cannot be written.
        """
        needed_bytes = sum(array.nbytes for array in arrays.values())
        if not displace and self.size_bytes() + needed_bytes + LITTLE_BYTES > self.cap_bytes:
            return False
        metadata = {"key": key.text, "checksum": _checksum(arrays)}
        data = safetensors.numpy.save(dict(arrays), metadata=metadata)
        if len(data) > self.cap_bytes:
            return False
        path = self.folder / key.file_name
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                path.unlink()  # so that its room is not counted
            self._make_room(len(data))
        except OSError as error:
            raise OutputError(f"cannot write {path}: {cause_of(error)}") from error
        write_atomically(path, data)
        with suppress(OSError):
            self._make_room(0)  # others may have written meanwhile
        return True

    def forget(self, contents: Collection[str]) -> int:
        """Drop what is kept of videos with these contents (`FeatureKey.content`); how many files.

        Raises OutputError when one cannot be dropped.
        """
        dropped = 0
        for _, name, _ in self._files():
            path = self.folder / name
            if _content(path) in contents:
                _remove(path)
                dropped += 1
        return dropped

    def drop(self, key: Key) -> bool:
        """Drop the file that this key is kept in, whatever it holds; whether there was one.

        Raises OutputError when it cannot be dropped.
        """
        return _remove(self.folder / key.file_name)

    def key_text(self, key: Key) -> str | None:
        """What the file that this key is kept in says it was made for, believed or not.

        None when there is no such file; empty when it does not say.
        """
        path = self.folder / key.file_name
        if not os.path.lexists(path):
            return None
        said = _metadata(_read(path) or b"").get("key")
        return said if isinstance(said, str) else ""

    def size_bytes(self) -> int:
        """How much the kept features take."""
        return sum(size for _, _, size in self._files())

    def _make_room(self, needed_bytes: int) -> None:
        files = self._files()
        over_bytes = sum(size for _, _, size in files) + needed_bytes - self.cap_bytes
        for _, name, size in files:
            if over_bytes <= 0:
                break
            with suppress(FileNotFoundError):  # another process let it go
                (self.folder / name).unlink()
            over_bytes -= size

    def _files(self) -> list[tuple[int, str, int]]:
        """(last used, name, bytes) of what is kept, longest unused first; abandoned files go."""
        files = []
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        if OWN_NAME.fullmatch(entry.name) and stat.S_ISREG(status.st_mode):
                            files.append((status.st_mtime_ns, entry.name, status.st_size))
                        elif is_abandoned(entry.name, status):
                            (self.folder / entry.name).unlink()
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(files)


def name_of(text: str) -> str:
    """Which file is kept for a key."""
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest() + ENDING


def _remove(path: Path) -> bool:
    """Remove a file; whether there was one. OutputError when it cannot be removed."""
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise OutputError(f"cannot remove {path}: {cause_of(error)}") from error
    return True


def _read(path: Path, most: int = -1) -> bytes | None:
    """The (first) bytes of a regular file; None for anything else."""
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with open(os.open(path, flags), "rb") as file:  # noqa: PTH123 - of a descriptor
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            return file.read(most)
    except OSError:
        return None


def _content(path: Path) -> str | None:
    """The content of the video whose features a file holds; None when it does not say."""
    head = _read(path, 8)
    if head is None:
        return None
    length = int.from_bytes(head, "little")
    data = _read(path, 8 + length) if length <= LONGEST_HEADER_BYTES else None
    try:
        content = json.loads(_metadata(data or b"")["key"])["content"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return content if isinstance(content, str) else None


def _believed(data: bytes, key: Key) -> dict[str, npt.NDArray[Any]] | None:
    """The arrays in a file that is whole and was made for this key."""
    metadata = _metadata(data)
    if metadata.get("key") != key.text:
        return None
    try:
        arrays = safetensors.numpy.load(data)
        checksum = _checksum(arrays)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError):
        return None
    return arrays if metadata.get("checksum") == checksum else None


def _metadata(data: bytes) -> dict[str, Any]:
    """What the header says besides the arrays; empty when it cannot be read.

    A safetensors file begins with the length of its header (8 bytes, little endian) and the
    header, JSON with the strings of the writer under `__metadata__`.
    """
    length = int.from_bytes(data[:8], "little")
    if length > min(len(data) - 8, LONGEST_HEADER_BYTES):
        return {}
    try:
        metadata = json.loads(data[8 : 8 + length])["__metadata__"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _checksum(arrays: Arrays) -> str:
    """Of every name, type, shape and byte. SHA-256: processors have instructions for it."""
    hashed = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        hashed.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        hashed.update(array.data if array.flags.c_contiguous else array.tobytes())
    return hashed.hexdigest()

"""Which files are videos: those that are named, and those in folders that are named.

Inside a folder links are not followed, and hidden entries and clips that qvtime cut are left out,
so that a walk ends, stays below its root, and never reads what qvtime itself keeps there. What is
named on the command line is taken at its word: a link, a hidden file, any ending.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import BinaryIO

from qvtime.errors import UsageError, VideoError, VideoNotFound
from qvtime.video.file import empty_name
from qvtime.video_names import is_video_name

CLIP_NAME = re.compile(
    r".*(_\d\d+-\d\d-\d\d\.\d{3}){2}(_\d+)?\.[a-z0-9]+", re.ASCII | re.IGNORECASE | re.DOTALL
)
"""What clips that `locate --clips` cut are called (qvtime.tasks.clips): searching them again would
find the same events twice. They are left out of folders unless `include` asks for them."""

LONGEST_PATH_BYTES = 1 << 16
"""A longer path in a list of files is no path; Linux allows 4096 bytes."""

Failed = Callable[[VideoError], None]
Glob = tuple[str, ...]
"""A glob's names between its slashes; `**` stands for any number of them."""


def walk(
    paths: Iterable[str],
    recursive: bool = True,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    failed: Failed | None = None,
) -> Iterator[str]:
    """The videos that `paths` name, in their order, each file once; those of a folder by name.

    Paths are as `os.fsdecode` gives them, those in a folder below the folder as it was named.
    `include` and `exclude` are globs for what lies in folders: one without a slash matches a name
    anywhere, one with a slash the path below the root (`*` stays within a name, `**` goes through
    folders). A folder that matches stands for all that is in it. Small and capital letters differ.

    A path that does not exist and a folder that cannot be read go to `failed` as a VideoError, when
    they are met. Without `failed` they are raised when all else has been given.
    """
    failures: list[VideoError] = []
    rules = _Rules(recursive, _globs(include), _globs(exclude), failed or failures.append)
    given: set[str] = set()
    for path in paths:
        try:
            status = os.stat(path)  # noqa: PTH116 - Path("") is the current folder
        except (FileNotFoundError, ValueError):  # ValueError: a NUL in it
            hint = "a list has plain newlines, no CRLF" if path.endswith("\r") else "check the path"
            missing = VideoNotFound(f"{path}: there is no such file", hint)
            rules.failed(missing if path else empty_name())
            continue
        except OSError as error:
            rules.failed(_unreadable(path, error))
            continue
        real = os.path.realpath(path)
        for below in _walk_folder(path, rules) if stat.S_ISDIR(status.st_mode) else ("",):
            real_file = _join(real, below)
            if real_file not in given:
                given.add(real_file)
                yield _join(path, below)
    if failures:
        raise _as_one(failures)


def read_file_list(stream: BinaryIO, nul: bool) -> Iterator[str]:
    """The paths in a list as they come in, one a line, or with `nul` each ended by a NUL byte.

    Empty ones are left out. Any bytes are a path (`os.fsdecode`). UsageError for what is no list.
    """
    for raw in _pieces(stream, b"\0" if nul else b"\n"):
        if b"\0" in raw:
            raise UsageError("the list of files has NUL bytes in it", "read it with -0")
        if raw:
            yield os.fsdecode(raw)


@dataclass(frozen=True, slots=True)
class _Rules:
    """What of a folder is wanted; no `include` means all of it."""

    recursive: bool
    include: tuple[Glob, ...]
    exclude: tuple[Glob, ...]
    failed: Failed


def _walk_folder(root: str, rules: _Rules) -> Iterator[str]:
    """The videos in a folder as paths below it: depth first, names in the order of their bytes."""
    # (path below the root, whether it is a folder, whether all in it is wanted)
    waiting = [("", True, not rules.include)]
    while waiting:
        below, is_folder, all_wanted = waiting.pop()
        if not is_folder:
            yield below
            continue
        folder = _join(root, below)
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: os.fsencode(entry.name), reverse=True)
        except OSError as error:
            rules.failed(_unreadable(folder, error))
            continue
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            if entry.name.startswith(".") or _matches(rules.exclude, path):
                continue
            wanted = all_wanted or _matches(rules.include, path)
            if entry.is_dir(follow_symlinks=False):
                if rules.recursive:
                    waiting.append((path, True, wanted))
            elif wanted and _is_video(entry) and (rules.include or not _is_clip(entry)):
                waiting.append((path, False, True))


def _is_video(entry: "os.DirEntry[str]") -> bool:
    return is_video_name(entry.name) and entry.is_file(follow_symlinks=False)


def _is_clip(entry: "os.DirEntry[str]") -> bool:
    return CLIP_NAME.fullmatch(entry.name) is not None


def _join(folder: str, below: str) -> str:
    return f"{folder.rstrip('/')}/{below}" if below else folder


def _globs(written: Sequence[str]) -> tuple[Glob, ...]:
    """The globs in pieces. As in .gitignore, one with a slash starts at the root."""
    globs = []
    for glob in written:
        names = tuple(name for name in glob.split("/") if name not in ("", "."))
        starts_at_root = "/" in glob.rstrip("/")
        globs.append(names if starts_at_root else ("**", *names))
    return tuple(globs)


def _matches(globs: tuple[Glob, ...], path: str) -> bool:
    names = tuple(path.split("/"))
    return any(_match(glob, names) for glob in globs)


def _match(glob: Glob, names: tuple[str, ...]) -> bool:
    if not glob:
        return not names
    if glob[0] == "**":
        return any(_match(glob[1:], names[start:]) for start in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], glob[0]) and _match(glob[1:], names[1:])


def _pieces(stream: BinaryIO, end: bytes) -> Iterator[bytes]:
    """What lies between ends, as soon as it is there; the last one needs no end."""
    # read1 gives what a pipe has now; read would wait until its buffer is full.
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    rest = b""
    while chunk := read(LONGEST_PATH_BYTES):
        *whole, rest = (rest + chunk).split(end)
        yield from whole
        if len(rest) > LONGEST_PATH_BYTES:
            raise UsageError(
                f"the list of files has a path of more than {LONGEST_PATH_BYTES >> 10} KiB",
                "are its paths ended by NUL bytes? then read it with -0",
            )
    yield rest


def _unreadable(path: str, error: OSError) -> VideoError:
    return VideoError(f"{path}: cannot be opened: {error.strerror}")


def _as_one(failures: Sequence[VideoError]) -> VideoError:
    if len(failures) == 1:
        return failures[0]
    return VideoError("; ".join(error.message for error in failures))

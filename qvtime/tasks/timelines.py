"""Timelines as files: one for each video, and never over a file that someone else wrote."""

import stat
from pathlib import Path, PurePath

from qvtime import formats
from qvtime.errors import OutputError
from qvtime.report import Report
from qvtime.store.files import write_atomically
from qvtime.store.index import Index
from qvtime.store.written import digest_of, find_written, remember_written

_KEEP = "move it away, write elsewhere with -o, or write over it with --force"


def write_timeline(
    index: Index, report: Report, below: str, folder: Path, format_name: str, force: bool = False
) -> Path:
    """The file in `folder` that holds the report: `below`, the video's path there, with the
    format's ending in place of its own (`a/clip.srt`), or after it (`a/clip.mkv.srt`) where
    another video has that name.

    A file with the same content is left alone. OutputError when there is a file that qvtime did
    not write, or that was changed since, unless `force`; and when it cannot be written.
    """
    content = formats.write(report, format_name).encode("utf-8", "surrogateescape")
    video = folder / PurePath(below)
    ending = formats.ending_of(format_name)
    for name in (video.stem + ending, video.name + ending):
        file = video.with_name(name)
        written = find_written(index, file)
        if written is None or written.video == index.place.key(report.path):
            break
    else:
        raise OutputError(f"{file}: is the timeline of another video", "write elsewhere with -o")
    present = _content(file)
    if present is not None and present != content and not force:
        if written is None:
            raise OutputError(f"{file}: was not written by qvtime", _KEEP)
        if digest_of(present) != written.digest:
            raise OutputError(f"{file}: was changed since qvtime wrote it", _KEEP)
    if present != content:
        _make_folder(file.parent)
        write_atomically(file, content)
    # After the file: the index never names one that is not there.
    if written is None or written.digest != digest_of(content):
        remember_written(index, file, report.path, content)
    return file


def _content(file: Path) -> bytes | None:
    """What the file holds; None when there is none."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise OutputError(f"{file}: is not a regular file", "write elsewhere with -o")
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputError(
            f"{file}: cannot be read: {(error.strerror or str(error)).lower()}",
            "write elsewhere with -o",
        ) from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot make the folder {folder}: {(error.strerror or str(error)).lower()}",
            "write elsewhere with -o",
        ) from error

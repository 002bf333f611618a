"""Timelines as files: one for each video, and never over a file that someone else wrote."""

import stat
from collections.abc import Iterable
from pathlib import Path, PurePath

from qvtime import formats
from qvtime.errors import OutputError, cause_of
from qvtime.report import Report
from qvtime.store.files import write_atomically
from qvtime.store.index import Index
from qvtime.store.place import absolute
from qvtime.store.written import Written, digest_of, find_written, remember_written

_KEEP = "move it away, write elsewhere with -o, or write over it with --force"


class TimelineFiles:
    """Where the timelines of one run go: each video's into a file of its own.

    paths: all that the run was given. force: also over files that are not qvtime's.
    """

    def __init__(
        self, folder: Path, format_name: str, paths: Iterable[str], force: bool = False
    ) -> None:
        self._folder, self._format, self._force = folder, format_name, force
        self._roots = {path.rstrip("/") + "/" for path in paths}
        self._several = len({absolute(root) for root in self._roots}) > 1
        self._taken: dict[Path, str] = {}
        """Which video each file of this run is for: an index knows only its own."""

    def write(self, index: Index, report: Report) -> Path:
        """The file that holds the report: the video's path below the folder that was named, with
        the format's ending in place of its own (`a/clip.srt`), or after it (`a/clip.mkv.srt`)
        where another video has that name. With several paths the folder's name comes first.

        A file with the same content is left alone. OutputError when there is a file that was not
        written from this index, or that was changed since, unless `force`; and when it cannot be
        written.
        """
        content = formats.write(report, self._format).encode("utf-8", "surrogateescape")
        file, written = self._file_for(index, report.path)
        self._taken[file] = absolute(report.path)
        present = _content(file)
        if present is not None and present != content and not self._force:
            if written is None:
                raise OutputError(f"{file}: was not written from this index", _KEEP)
            if digest_of(present) != written.digest:
                raise OutputError(f"{file}: was changed since qvtime wrote it", _KEEP)
        if present != content:
            _make_folder(file.parent)
            write_atomically(file, content)
        # After the file: the index never names one that is not there.
        if written is None or written.digest != digest_of(content):
            remember_written(index, file, report.path, content)
        return file

    def _file_for(self, index: Index, path: str) -> tuple[Path, Written | None]:
        """A video's file, and what the index knows of it: the one that it has, else a free one."""
        video = self._folder / PurePath(self._below(path))
        ending = formats.ending_of(self._format)
        files = [video.with_name(name) for name in (video.stem + ending, video.name + ending)]
        known = [
            (file, find_written(index, file))
            for file in files
            if self._taken.get(file) in (None, absolute(path))
        ]
        key = index.place.key(path)
        own = [(file, written) for file, written in known if written and written.video == key]
        free = [(file, written) for file, written in known if written is None]
        if not own and not free:
            raise OutputError(
                f"{files[-1]}: is the timeline of another video", "write elsewhere with -o"
            )
        return (own or free)[0]

    def _below(self, path: str) -> str:
        """The path below the folder that was named, or the name of a file that was."""
        root = max((root for root in self._roots if path.startswith(root)), key=len, default=None)
        if root is None:
            return PurePath(path).name
        folder = PurePath(absolute(root)).name if self._several else ""
        return str(PurePath(folder, path[len(root) :]))


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
            f"{file}: cannot be read: {cause_of(error)}",
            "write elsewhere with -o",
        ) from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot make the folder {folder}: {cause_of(error)}",
            "write elsewhere with -o",
        ) from error

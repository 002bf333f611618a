"""Where reports go, and in which format: stdout, or a file that is written whole or not at all."""

import os
import stat
import sys
from pathlib import Path

from qvtime import formats
from qvtime.cli.streams import write_stdout
from qvtime.errors import OutputError, UsageError, cause_of
from qvtime.plain_text import one_line
from qvtime.report import Report
from qvtime.store.files import write_atomically
from qvtime.tasks.sidecars import are_subtitles
from qvtime.video_names import is_video_name

STREAMED = ("text", "jsonl", "csv")
"""Formats whose every report can be printed as it comes."""
OF_ONE_VIDEO = ("srt", "vtt")
SQLITE_HEAD = b"SQLite format 3\0"
"""How a database begins: https://www.sqlite.org/fileformat.html#magic_header_string."""


class Output:
    """Takes reports one by one.

    On stdout, text, JSON lines and CSV leave at once, other formats when all is done. A file is
    written at the end. What can be known to be wrong is an error before any work is done.
    `video` is not overwritten, nor is any other; `several` when there may be more than one: their
    reports are told apart, and are JSON lines by default where no one reads along. `draws`: text
    on a terminal shows the timeline.
    """

    def __init__(
        self,
        format_name: str | None,
        file: Path | None,
        video: str | None = None,
        several: bool = False,
        draws: bool = False,
    ) -> None:
        self._draws = draws
        self._file = None if file is None or str(file) == "-" else file
        if format_name is None:
            format_name = formats.format_of(self._file) if self._file else _default(several)
        if format_name not in formats.FORMATS:
            raise UsageError(
                f'there is no format "{format_name}"',
                hint=f"use one of {', '.join(formats.FORMATS)}",
            )
        if several and format_name in OF_ONE_VIDEO:
            raise UsageError(
                f"{format_name} holds the events of one video, and these may be several",
                hint="use --format jsonl, or name one video",
            )
        if self._file:
            check_writable(self._file)
            if video is not None:
                self.spare(video)
            if is_video_name(self._file.name) and self._file.exists():
                raise OutputError(f"cannot write {self._file}: it is a video", "name another file")
        self._format = format_name
        self._several = False
        self._printed = 0
        self._reports: list[Report] = []
        if several:
            self.expect(2)

    @property
    def is_seen(self) -> bool:
        """Whether reports are printed as text."""
        return self._file is None and self._format == "text"

    def spare(self, file: str, is_the: str = "video") -> None:
        """OutputError when writing would replace this file, which is read; of a video also what
        lies beside it as its subtitles, unless qvtime wrote it."""
        if self._file is None:
            return
        if is_the == "video" and are_subtitles(self._file, file):
            is_the = "video's subtitles"
        elif not is_same_file(self._file, file):
            return
        raise OutputError(f"cannot write {self._file}: it is the {is_the}", "name another file")

    def expect(self, count: int) -> None:
        """Say how many reports will come: several are told apart."""
        self._several = count > 1
        if self._several and self._format == "json":
            self._format = "jsonl"  # one object a line

    def add(self, report: Report) -> None:
        """Take a report, and print it if its format can wait for no other."""
        if self._file or self._format not in STREAMED:
            self._reports.append(report)
        elif self._format == "text" and sys.stdout is not None and sys.stdout.isatty():
            self.show(report)
        else:
            heading = ""
            if self._several and self._format == "text":  # as formats.text writes several
                between = "\n" if self._printed else ""
                heading = f"{between}{one_line(report.shown_path)}: {one_line(report.question)}\n"
            written = formats.write(report, self._format)
            if self._format == "csv" and self._printed:
                written = written.split("\n", 1)[1]  # one header for all
            write_stdout(heading + written)
        self._printed += 1

    def show(self, report: Report) -> None:
        """Print a report on the terminal that stdout is."""
        if self._draws:
            from qvtime.cli.timeline_look import show_timeline

            show_timeline(report, self._several)
        else:
            from qvtime.cli.look import show_report

            show_report(report, self._several)

    def finish(self, empty_is_an_answer: bool = True) -> None:
        """Print or write what has waited.

        Where no report came, and that is no answer, as when every video failed, nothing is written:
        files stay as they were.
        """
        if self._printed or empty_is_an_answer:
            self.write()

    def write(self) -> None:
        """Print or write what has waited, even if it is nothing."""
        if self._file:
            write_atomically(self._file, formats.write(self._reports, self._format))
        elif self._reports or (self._format == "csv" and not self._printed):
            write_stdout(formats.write(self._reports, self._format))  # a table has its header


def _default(several: bool) -> str:
    """The format of stdout."""
    seen = sys.stdout is not None and sys.stdout.isatty()
    return "jsonl" if several and not seen else "text"


def is_same_file(file: Path, video: str) -> bool:
    """Whether both are there and are one file."""
    try:
        return file.samefile(video)
    except (OSError, ValueError):  # one is not there, or has a NUL in its name
        return False


def check_distinct(*files: Path | None) -> None:
    """UsageError when two of the files or folders that are to be written are one: the second would
    replace the first. They need not be there yet."""
    targets: set[str] = set()
    for file in files:
        if file is None:
            continue
        target = os.path.realpath(file)
        if target in targets:
            raise UsageError(f"{file} is named for two outputs", "name another file for one")
        targets.add(target)


def check_writable(file: Path) -> None:
    """OutputError now, rather than after the work, when the file cannot be written."""
    target = Path(os.path.realpath(file))
    try:
        status = target.stat()
    except FileNotFoundError:
        status = None
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot write {file}: {cause_of(error)}", "name another file") from error
    if status and stat.S_ISDIR(status.st_mode):
        raise OutputError(f"cannot write {file}: it is a folder", "name a file inside it")
    if not target.parent.is_dir():
        raise OutputError(
            f"cannot write {file}: there is no folder {target.parent}", "make it first"
        )
    if status and stat.S_ISREG(status.st_mode) and _is_database(target):
        raise OutputError(f"cannot write {file}: it is a database", "name another file")
    # A file is replaced through its folder; a device or a pipe is written to as it is.
    needed = [target] if status else []
    if status is None or stat.S_ISREG(status.st_mode):
        needed.append(target.parent)
    if not all(os.access(path, os.W_OK) for path in needed):
        raise OutputError(f"cannot write {file}: permission denied", "write elsewhere with -o")


def _is_database(file: Path) -> bool:
    """Whether the file is one of SQLite, as an index is; what cannot be read is none."""
    try:
        with file.open("rb") as opened:
            return opened.read(len(SQLITE_HEAD)) == SQLITE_HEAD
    except OSError:
        return False

"""stdout or a file: where reports go, in which format, and nothing but them."""

import os
import stat
import sys
from pathlib import Path

from qvtime import formats
from qvtime.cli.text import terminal_safe
from qvtime.errors import OutputError, UsageError
from qvtime.report import Report
from qvtime.store.files import write_atomically

LINE_BY_LINE = ("text", "jsonl")


class Output:
    """Takes reports one by one; text and JSON lines leave at once, other formats when finished.

    A file is written whole at the end, or not at all.
    """

    def __init__(self, format_name: str | None, path: Path | None, expected: int) -> None:
        to_file = path is not None and str(path) != "-"
        self.path = path if to_file else None
        if format_name is None:
            format_name = formats.format_of(self.path) if self.path else "text"
        if format_name not in formats.FORMATS:
            raise UsageError(
                f'there is no format "{format_name}"',
                hint=f"use one of {', '.join(formats.FORMATS)}",
            )
        if format_name == "json" and expected > 1:
            format_name = "jsonl"  # one object a line
        self.format_name = format_name
        self.expected = expected
        self.reports: list[Report] = []
        if self.path:
            check_writable(self.path)

    def add(self, report: Report) -> None:
        """Take a report, and print it if its format can wait for no other."""
        self.reports.append(report)
        if self.path is None and self.format_name == "text":
            self._print_text(report)
        elif self.path is None and self.format_name == "jsonl":
            _to_stdout(formats.write(report, "jsonl"))

    def finish(self) -> None:
        """Print or write what has waited."""
        if self.path is not None:
            write_atomically(self.path, formats.write(self.reports, self.format_name))
        elif self.format_name not in LINE_BY_LINE:
            _to_stdout(formats.write(self.reports, self.format_name))

    def _print_text(self, report: Report) -> None:
        if sys.stdout.isatty():
            from qvtime.cli.look import show_report

            show_report(report, self.expected > 1)
        else:
            text = formats.write(report, "text")
            if self.expected > 1:
                text = f"{report.shown_path}: {terminal_safe(report.question)}\n{text}\n"
            _to_stdout(text)


def check_writable(path: Path) -> None:
    """OutputError now, rather than after the work, when the file cannot be written."""
    folder = path.parent
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder", "name a file inside it")
    if not folder.is_dir():
        raise OutputError(f"cannot write {path}: there is no folder {folder}", "make it first")
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        return
    if not os.access(folder, os.W_OK):
        raise OutputError(f"cannot write {path}: permission denied", "write elsewhere with -o")


def _to_stdout(text: str) -> None:
    """Write to stdout now; OutputError when it is full, BrokenPipeError when no one reads it."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would try to flush again at exit, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"cannot write to stdout: {error.strerror}") from error

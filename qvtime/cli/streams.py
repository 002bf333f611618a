"""stdout and stderr, whatever they are: a terminal, a pipe without a reader, a full disk, closed.

stdout is data, stderr is talk. What cannot be said on stderr is not said; what cannot be written
to stdout ends the run.
"""

import contextlib
import io
import os
import sys
from collections.abc import Callable

from qvtime.cli.text import terminal_safe_line
from qvtime.errors import OutputError, cause_of


class ReaderGone(Exception):
    """Whoever read our stdout has stopped reading: there is no one to tell, and nothing wrong."""


def fill_closed() -> None:
    """Open /dev/null as each of stdin, stdout and stderr that was closed, before anything else is.

    The next file or socket that is opened would get that number, and a child process puts its own
    stdin, stdout or stderr over it. What Python made of them stays: `sys.stdout` is None.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            os.set_inheritable(opened, True)


def forget_no_columns() -> None:
    """COLUMNS=0, as some containers and serial consoles have it, says that nobody knows the width;
    rich prints nothing at all into it."""
    if os.environ.get("COLUMNS", "").strip("0") == "":
        os.environ.pop("COLUMNS", None)


def make_stdout_unicode() -> None:
    """UTF-8 for programs, whatever the locale is; a byte of a name that is none stays as it is.

    An old terminal may not show a caption's letters; it still gets the rest.
    """
    if not isinstance(sys.stdout, io.TextIOWrapper):
        return
    if sys.stdout.isatty():
        sys.stdout.reconfigure(errors="backslashreplace")
    else:
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")


def write_stdout(text: str) -> None:
    """Write to stdout now. OutputError when it is full or closed, ReaderGone when no one reads."""
    if sys.stdout is None:  # it was closed before we started
        raise OutputError("cannot write to stdout: it is closed", "write to a file with -o")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError as error:
        _let_go_of_stdout()
        raise ReaderGone from error
    except OSError as error:
        _let_go_of_stdout()
        raise OutputError(
            f"cannot write to stdout: {cause_of(error)}", "write to a file with -o"
        ) from error


def say(message: str, hint: str | None = None) -> None:
    """`qvtime: message` on stderr, and the hint indented below it."""
    line = f"qvtime: {terminal_safe_line(message)}\n"
    if hint:
        line += f"  {terminal_safe_line(hint)}\n"
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            sys.stderr.write(line)
            sys.stderr.flush()


def noting(quiet: bool) -> Callable[[str], None]:
    """Says each sentence once, as many are the same for every video; nothing where `quiet`."""
    said: set[str] = set()

    def note(sentence: str) -> None:
        if not (quiet or sentence in said):
            say(sentence)
        said.add(sentence)

    return note


def _let_go_of_stdout() -> None:
    """Send the rest of stdout nowhere: Python would try to write it again at exit, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)

"""Questions from the command line and from a file or stdin."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from qvtime.errors import UsageError

LARGEST_FILE_BYTES = 4 << 20


def gather_questions(given: Sequence[str], file: Path | None) -> list[str]:
    """The questions in order: those given, then those of the file (`-`: stdin), one a line.

    Blank lines of a file are left out. Bytes of the command line that are no UTF-8 become "�":
    models read Unicode. UsageError when there is no question, or the file is unreadable.
    """
    questions = [os.fsencode(question).decode("utf-8", "replace") for question in given]
    if file is not None:
        questions += [line.strip() for line in _read(file).split("\n") if line.strip()]
    if not questions:
        raise UsageError(
            "there is no question", hint='ask something, such as "what happens at 2:48"'
        )
    return questions


def _read(file: Path) -> str:
    """What the file says; UsageError when it is no text, or so large that it is something else."""
    name = "stdin" if str(file) == "-" else str(file)
    try:
        if name == "stdin":
            data = sys.stdin.buffer.read(LARGEST_FILE_BYTES + 1) if sys.stdin else b""
        else:
            with file.open("rb") as opened:
                data = opened.read(LARGEST_FILE_BYTES + 1)
        if len(data) > LARGEST_FILE_BYTES:
            raise UsageError(
                f"cannot read the questions in {name}: more than {LARGEST_FILE_BYTES >> 20} MiB",
                "is it a file of questions?",
            )
        return data.decode("utf-8-sig")
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a NUL in the name
        reason = (error.strerror or "").lower() if isinstance(error, OSError) else "not UTF-8 text"
        raise UsageError(
            f"cannot read the questions in {name}: {reason}",
            "give a text, one question a line",
        ) from error

"""Questions from the command line and from a file or stdin."""

import sys
from collections.abc import Sequence
from pathlib import Path

from qvtime.errors import UsageError


def gather_questions(given: Sequence[str], file: Path | None) -> list[str]:
    """The questions in order: those given, then those of the file (`-`: stdin), one a line.

    Blank lines of a file are left out. UsageError when there is none, or the file is unreadable.
    """
    questions = list(given)
    if file is not None:
        try:
            if str(file) == "-":
                text = sys.stdin.buffer.read().decode("utf-8")
            else:
                text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise UsageError(f"cannot read the questions in {file}: {reason}") from error
        questions += [line.strip() for line in text.splitlines() if line.strip()]
    if not questions:
        raise UsageError(
            "there is no question", hint='ask something, such as "what happens at 2:48"'
        )
    return questions

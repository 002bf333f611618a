"""Output formats: reports in, text out. docs/formats.md is the contract."""

from collections.abc import Callable, Sequence
from pathlib import PurePath

from qvtime.errors import UsageError
from qvtime.formats import csv, json, segments, srt, text, vtt
from qvtime.report import Report

_WRITERS: dict[str, Callable[[Sequence[Report]], str]] = {
    "text": text.write,
    "json": json.write,
    "jsonl": json.write_lines,
    "srt": srt.write,
    "vtt": vtt.write,
    "csv": csv.write,
    "segments": segments.write,
}
_ENDINGS = {
    ".txt": "text",
    ".json": "json",
    ".jsonl": "jsonl",
    ".srt": "srt",
    ".vtt": "vtt",
    ".csv": "csv",
    ".segments.json": "segments",
}

FORMATS = tuple(_WRITERS)
"""What `--format` may be."""


def write(reports: Report | Sequence[Report], format_name: str) -> str:
    """The reports in a format, ending with a newline unless there is nothing to say.

    UsageError when the format is unknown, or cannot hold these reports in one file.
    """
    if format_name not in _WRITERS:
        raise UsageError(
            f'there is no format "{format_name}"', hint=f"use one of {', '.join(FORMATS)}"
        )
    return _WRITERS[format_name]((reports,) if isinstance(reports, Report) else reports)


def format_of(path: str | PurePath) -> str:
    """The format that a file's ending names; UsageError when it names none."""
    name = PurePath(path).name.lower()
    # The longest ending first: .segments.json is also a .json.
    for ending in sorted(_ENDINGS, key=len, reverse=True):
        if name.endswith(ending):
            return _ENDINGS[ending]
    raise UsageError(
        f'the ending of "{path}" names no format',
        hint=f"end it with one of {', '.join(_ENDINGS)}, or say --format",
    )


def ending_of(format_name: str) -> str:
    """The ending of files in this format; UsageError when it is unknown."""
    for ending, name in _ENDINGS.items():
        if name == format_name:
            return ending
    raise UsageError(f'there is no format "{format_name}"', hint=f"use one of {', '.join(FORMATS)}")

"""A file of predictions or truth, taken apart into records: JSON, JSON lines, or lines of text.

The file is not trusted: it may be huge, in another encoding, half written, or nonsense.
"""

import codecs
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qvtime.errors import UsageError, cause_of
from qvtime.evaluation import mistakes as kinds
from qvtime.evaluation.mistakes import Mistakes

LARGEST_BYTES = 512 * 2**20
LONGEST_LINE = 16 * 2**20
"""Characters; a file that is one JSON document may be one longer line."""

_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A JSON value, or a line of text where the file is none, and its place in the file."""

    where: str
    value: Any


def read_lines(path: str, mistakes: Mistakes) -> list[Line]:
    """The values of a file (- is stdin): of JSON one, of JSON lines or text one a line.

    What cannot be read goes to `mistakes`. UsageError when nothing can: no such file, too large,
    empty, or broken JSON.
    """
    text = _decoded(_bytes(path), mistakes)
    stripped = text.strip()
    if not stripped:
        raise UsageError(f"{path} is empty")
    if stripped[0] not in "[{":
        return [Line(where, line) for where, line in _numbered(text, mistakes)]
    whole = Mistakes(path)
    try:
        value = _parse(stripped, "the document", whole)
    except (ValueError, RecursionError) as error:
        lines = list(_json_lines(text, mistakes))
        if not lines:
            raise UsageError(
                f"{path} is neither JSON nor JSON lines: {_cause(error)}",
                "it may be half written; write it again",
            ) from error
        return lines
    mistakes.take(whole)
    return [Line("", value)]


def _bytes(path: str) -> bytes:
    try:
        if path == "-":
            if sys.stdin is None:
                raise UsageError("cannot read stdin: it is closed", "name a file")
            data = sys.stdin.buffer.read(LARGEST_BYTES + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise UsageError(f"cannot read {path}: {cause_of(error)}") from error
    if len(data) > LARGEST_BYTES:
        raise UsageError(f"{path} is larger than {LARGEST_BYTES >> 20} MiB", "split it")
    return data


def _decoded(data: bytes, mistakes: Mistakes) -> str:
    for bom, encoding in _BOMS.items():
        if data.startswith(bom):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        for number, line in enumerate(data.split(b"\n"), 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                mistakes.add(kinds.NOT_UTF8, f"line {number}")
        return data.decode("utf-8", "replace")


def _numbered(text: str, mistakes: Mistakes) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LONGEST_LINE:
            mistakes.add(kinds.LONG_LINE, f"line {number}")
        elif line.strip():
            yield f"line {number}", line.strip()


def _json_lines(text: str, mistakes: Mistakes) -> Iterator[Line]:
    for where, line in _numbered(text, mistakes):
        try:
            value = _parse(line, where, mistakes)
        except (ValueError, RecursionError):
            mistakes.add(kinds.NOT_JSON, where)
            continue
        if isinstance(value, dict):
            yield Line(where, value)
        else:
            mistakes.add(kinds.OTHER_RECORD, where)


def _parse(text: str, where: str, mistakes: Mistakes) -> Any:
    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            count = Counter(name for name, _ in pairs)
            twice = next(name for name in count if count[name] > 1)
            mistakes.add(kinds.REPEATED_KEY, f'{where} at "{twice}"')
        return found

    return json.loads(text, object_pairs_hook=mapping)


def _cause(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)

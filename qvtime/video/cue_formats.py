"""SubRip, WebVTT and SubStation files: text in, cues out, and a count of what could not be read.

Written by hand: the libraries join a damaged cue's words to the one before it, take hours modulo
100 and negative times for positive ones, and need time quadratic in the length of a hostile line.
Every expression here takes linear time.
"""

import html
import re
from collections.abc import Callable, Iterator

from qvtime.subtitles import Cue, plain_words, shorten
from qvtime.timeline import Span

CUE_CHARACTERS = 1000
"""What is longer is cut: no one reads it in time."""

# Hours may be left out (WebVTT) and pass 99; a player shows 1.5 and 1,5 as one and a half seconds.
_CLOCK = r"(?:([0-9]{1,6}):)?([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]{1,9}))?"
_TIMES = re.compile(rf"\s*{_CLOCK}\s*-{{1,3}}>\s*{_CLOCK}(?:\s.*)?")
_NUMBER = re.compile(r"\s*[0-9]+\s*")
_TAG = re.compile(r"</?[A-Za-z0-9][^<>]*>")  # <i>, </font>, <c.loud>, <00:01.500>
_OVERRIDE = re.compile(r"\{\\[^{}]*\}")
_ASS_EVENTS = re.compile(r"^\[Events\][ \t]*$", re.MULTILINE)
_ASS_BLOCK = re.compile(r"(\{[^{}]*\})")
_ASS_BREAK = re.compile(r"\\[Nnh]")
_ASS_DRAWING = re.compile(r"\\p([0-9])")
_ASS_COLUMNS = ("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect")

Parsed = tuple[list[Cue], int]
"""Cues in the order of the file, and how many could not be read."""


def parse_cues(text: str) -> Parsed:
    """The cues of a file's text, whichever of the three formats it is in; none for other text."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    events = _ASS_EVENTS.search(text) if text.lstrip().startswith("[") else None
    if events:
        return _collect(_substation_cues(text[events.end() :]))
    if text.lstrip().startswith("WEBVTT"):
        return _collect(_timed_cues(text, _webvtt_words))
    return _collect(_timed_cues(text, _subrip_words))


def make_cue(start_ms: int, end_ms: int, text: str) -> Cue | None:
    """A cue of these words, made plain; None when it has no length. Blank words are no cue: ""."""
    if not 0 <= start_ms < end_ms:
        return None
    return Cue(Span(start_ms, end_ms), shorten(plain_words(text), CUE_CHARACTERS))


def substation_words(text: str) -> str:
    """What a dialogue line of SubStation says, which is also how FFmpeg gives every text track.

    Without its overrides, drawings and line breaks, and without the tags that others left in it.
    """
    words, drawing = [], False
    for piece in _ASS_BLOCK.split(text):
        if piece.startswith("{") and piece.endswith("}"):
            modes = _ASS_DRAWING.findall(piece)
            drawing = modes[-1] != "0" if modes else drawing
        elif not drawing:
            words.append(piece)
    return _TAG.sub("", _ASS_BREAK.sub(" ", "".join(words)))


def _collect(found: Iterator[Cue | None]) -> Parsed:
    cues, dropped = [], 0
    for cue in found:
        if cue is None:
            dropped += 1
        elif cue.text:
            cues.append(cue)
    return cues, dropped


def _timed_cues(text: str, words_of: Callable[[list[str]], str]) -> Iterator[Cue | None]:
    """The cues of SubRip and WebVTT: a line of times, and what follows until the next one."""
    times: str | None = None
    lines: list[str] = []
    for line in text.split("\n"):
        if _is_line_of_times(line, lines[-1] if lines else None, times is None):
            if times is not None:
                yield _timed_cue(times, words_of(lines))
            times, lines = line, []
        else:
            lines.append(line)
    if times is not None:
        while lines and not lines[-1].strip():
            lines.pop()
        if len(lines) < 2 or lines[-2].strip():
            lines.append("")  # a number at the end is the last cue's own, not the next one's
        yield _timed_cue(times, words_of(lines))


def _is_line_of_times(line: str, before: str | None, is_first: bool) -> bool:
    """Also a damaged one, where one has to be: a cue must not be read as words of another."""
    if "->" not in line:
        return False
    if _TIMES.fullmatch(line):
        return True
    expected = is_first if before is None else not before.strip() or _NUMBER.fullmatch(before)
    return bool(expected) and "-->" in line


def _timed_cue(line: str, words: str) -> Cue | None:
    times = _TIMES.fullmatch(line)
    if times is None:
        return None
    start_ms, end_ms = _milliseconds(*times.groups()[:4]), _milliseconds(*times.groups()[4:])
    return None if start_ms is None or end_ms is None else make_cue(start_ms, end_ms, words)


def _milliseconds(
    hours: str | None, minutes: str, seconds: str, fraction: str | None
) -> int | None:
    if int(minutes) > 59 or int(seconds) > 59:
        return None
    whole = 3600 * int(hours or 0) + 60 * int(minutes) + int(seconds)
    return 1000 * whole + int((fraction or "0")[:3].ljust(3, "0"))


def _subrip_words(lines: list[str]) -> str:
    """A SubRip cue's words; blank lines in them are kept, the next cue's number is not."""
    if lines and _NUMBER.fullmatch(lines[-1]):
        lines = lines[:-1]
    return _OVERRIDE.sub("", _TAG.sub("", " ".join(lines)))


def _webvtt_words(lines: list[str]) -> str:
    """A WebVTT cue's words, which end at a blank line."""
    blank = next((n for n, line in enumerate(lines) if not line.strip()), len(lines))
    return html.unescape(_TAG.sub("", " ".join(lines[:blank])))


def _substation_cues(text: str) -> Iterator[Cue | None]:
    """The dialogue lines; their columns are as the file's own Format line names them."""
    columns = [*_ASS_COLUMNS, "text"]
    for line in text.split("\n"):
        kind, _, rest = line.partition(":")
        if kind == "Format":
            columns = [name.strip().lower() for name in rest.split(",")]
        elif kind == "Dialogue":
            fields = dict(zip(columns, rest.split(",", len(columns) - 1), strict=False))
            times = f"{fields.get('start', '').strip()} --> {fields.get('end', '').strip()}"
            yield _timed_cue(times, substation_words(fields.get("text", "")))

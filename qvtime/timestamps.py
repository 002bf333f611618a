"""Read and print times: the one place the rest of qvtime takes them from.

`parse_time` and `parse_range` read what stands alone (an option's value, a model's number),
`find_times` what stands in a sentence. Inside qvtime every time is integer milliseconds.
"""

import re

from qvtime.errors import UsageError
from qvtime.time_phrases import find_times, rewrite_times
from qvtime.time_points import END, Point, TimePhrase, moment_or_span, quote
from qvtime.time_readers import read_point
from qvtime.time_tags import PRINTED_MS, format_seconds, format_tag, format_tags, format_time
from qvtime.time_words import DIGITS, VALUE, fold, last_unit, read_value
from qvtime.timeline import Span

__all__ = [
    "PRINTED_MS",
    "TimePhrase",
    "find_times",
    "format_seconds",
    "format_tag",
    "format_tags",
    "format_time",
    "parse_range",
    "parse_time",
    "rewrite_times",
]

_WRITE = "write 2:48, 1:02:03.5, 168s, 2m48s or 168 (seconds)"
_OVERFLOWING = re.compile(r"\d+(?::\d+){1,2}(?:[.,]\d+)?")
_DAYTIME = re.compile(r".*\d\s?[ap]\.?m\.?|.*o'clock")


def parse_time(text: str) -> int:
    """Milliseconds that one written time says; a bare number means seconds.

    Reads clocks (2:48, 1:02:03.5, 00:02:47,800), lengths in English and Chinese (168s, 2m48s,
    1.5h, 2分48秒, 一小时二分), ISO 8601 (PT2M48S), `<time>` tags. Anything else is a UsageError.
    """
    folded = fold(text).strip()
    folded = folded.removeprefix("at ").removeprefix("第").strip()
    time_ms = None
    if re.fullmatch(DIGITS, folded):
        time_ms = read_value(folded + "s")
    elif re.fullmatch(VALUE, folded):
        time_ms = read_value(folded)
    if time_ms is None:
        raise UsageError(f'"{quote(text)}" is not a time{_reason(folded)}', hint=_WRITE)
    return time_ms


def _reason(folded: str) -> str:
    if re.fullmatch(r"\d+(?:[:;]\d+){3}", folded):
        return " in a video without a frame count: its last field counts frames"
    if _OVERFLOWING.fullmatch(folded):
        return ": minutes and seconds have two digits and go from 00 to 59"
    if _DAYTIME.fullmatch(folded):
        return " in a video: it is a time of day"
    return ""


def parse_range(text: str, duration_ms: int) -> Span:
    """The span that an option's value names in a video this long.

    `1:00-5:00`, `10-20s`, `1:00-` (to the end), `-10s` (the last 10 seconds), `-30s - -10s`,
    `50%-75%`, and every range that `find_times` reads: "last 10 seconds", "first half", 前10秒.
    UsageError when it is none, runs backwards, or leaves the video.
    """
    ends = _signed_ends(fold(text).strip())
    if ends is not None:
        # From the end of a shorter video is from its start, as with "last 10 seconds".
        times_ms = [max(0, end.at(duration_ms)) for end in ends]
        found = moment_or_span(text.strip(), times_ms, duration_ms)
    else:
        found = _only_phrase(text).resolve(duration_ms)
    if isinstance(found, int):
        raise UsageError(f'"{quote(text)}" is one moment, not a range of time', hint=_RANGES)
    return found


_RANGES = "write 1:00-5:00, 1:00- (to the end), -10s (the last 10 seconds) or 50%-75%"
_DASH = re.compile(r"\s*(?:-|~|to|\.\.)\s*(?=-|[^-]|\Z)")
_AROUND = re.compile(r"\s*(?:in|between|from|during|从|在)?\s*(?:the)?\s*")


def _signed_ends(folded: str) -> tuple[Point, Point] | None:
    """`A-B`, `A-` and `-A`, where a minus before a time counts from the end; None for others."""
    if folded.startswith("-") and (first := _signed_point(folded)) is not None:
        return first, END
    for dash in _DASH.finditer(folded, 1):
        first = _signed_point(folded[: dash.start()])
        words = folded[dash.end() :]
        last = _signed_point(words) if words else END
        if first is not None and last is not None:
            if re.fullmatch(DIGITS, folded[: dash.start()]):  # 10-20m: one unit for both
                first = read_point(folded[: dash.start()], last_unit(words)) or first
            return first, last
    return None


def _signed_point(folded: str) -> Point | None:
    if folded.startswith("-"):
        point = read_point(folded[1:])
        if point is None or point.of_duration:
            return None
        return Point(-point.offset_ms, END.of_duration)
    return read_point(folded)


def _only_phrase(text: str) -> TimePhrase:
    """The one time that the whole text is."""
    phrases = find_times(text)
    if len(phrases) == 1:
        before, after = text[: phrases[0].start], text[phrases[0].end :]
        if _AROUND.fullmatch(fold(before)) and after.strip() in ("", "之间", "期间"):
            return phrases[0]
    raise UsageError(f'"{quote(text)}" is not a range of time', hint=_RANGES)

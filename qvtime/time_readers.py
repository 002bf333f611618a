"""What a match of a form means: one reader for each kind of form in `time_forms`.

A reader turns a match on folded text into a `Finding`, or None when it is no time after all. The
groups of a match: `whole` is the phrase, `a` and `b` are times, the others say what they are.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from qvtime.time_context import VIDEO, clock_is_a_time, number_is_a_time, says_how_long
from qvtime.time_points import END, MIDDLE, START, Kind, Point
from qvtime.time_words import AMOUNT, CLOCK, DIGITS, VALUE, last_unit, read_amount, read_value

START_WORDS = rf"(?:(?:the\s+)?(?:very\s+)?(?:start|beginning){VIDEO}?|视频?开头|视频?开始|片头)"
END_WORDS = rf"(?:(?:the\s+)?(?:very\s+)?end{VIDEO}?|结尾|结束|末尾|最后|片尾)"
PERCENT = r"(?:\d{1,3}(?:\.\d{1,6})?\s?%|百分之(?:\d{1,3}|[零〇一二两三四五六七八九十百]{1,5}))"
HALFWAY = r"(?:half[\s-]?way|midway)"
COUNTED = rf"(?:(?:minutes?|seconds?)\s+{DIGITS}(?![\w/%]|[.:]\d))"
"""Minute 2, as an end of a span; alone it needs the end of a clause: "the second 3 people"."""


class Finding(NamedTuple):
    """What a match says; `spelled` and `in_words` become `TimePhrase.places` and `.in_words`."""

    kind: Kind
    points: tuple[Point, ...]
    spelled: tuple[tuple[str, Point], ...] = ()
    in_words: bool = True


Reader = Callable[[re.Match[str]], Finding | None]


def read_point(folded: str, unit: str = "s") -> Point | None:
    """The point that folded words name, or None; a number without a unit is in `unit`."""
    text = folded.strip()
    if re.fullmatch(COUNTED, text):
        unit, text = text.split()
    if re.fullmatch(START_WORDS, text):
        return START
    if re.fullmatch(END_WORDS, text) or text == "inf":
        return END
    if re.fullmatch(HALFWAY, text):
        return MIDDLE
    if re.fullmatch(PERCENT, text):
        number = text.removeprefix("百分之").removesuffix("%").strip()
        return Point(0, Fraction(read_amount(number)) / 100)
    if re.fullmatch(rf"第?\s*{AMOUNT}", text):
        text += unit
    time_ms = read_value(text) if re.fullmatch(VALUE, text) else None
    return None if time_ms is None else Point(time_ms)


def _counted_in(words: str) -> str | None:
    """The unit of "minute 2", None for a time that says it otherwise."""
    return words.split()[0] if re.fullmatch(COUNTED, words) else None


def read_range(match: re.Match[str]) -> Finding | None:
    """A to B."""
    first_words, last_words = match["a"], match["b"]
    is_clock = re.fullmatch(CLOCK, first_words)
    counted = _counted_in(first_words)
    if says_how_long(match.string, match.start()) and not (is_clock or counted):
        return None
    if is_clock and not clock_is_a_time(match.string, match.start("a"), match.end("b")):
        return None
    # "10-20 minutes": a number that comes first is in the unit of the one that follows.
    # In "minute 1 to 2" it is the other way round.
    first = read_point(first_words, _counted_in(last_words) or last_unit(last_words))
    last = read_point(last_words, counted or "s")
    if first is None or last is None:
        return None
    joint = match.string[match.end("a") : match.start("b")]
    introduced = match.start() < match.start("whole")  # by "from" or "between"
    joined = re.search("[\u4e00-\u9fff]", joint) or (introduced and not re.search("[-~.]", joint))
    return Finding("range", (first, last), (("a", first), ("b", last)), not joined)


_LAST = (*("last", "final", "closing"), *("最后", "最末", "末尾", "结尾", "片尾", "倒数", "后"))
_AFTER = ("after", "since", "following", "from", "后")
_BEFORE = ("before", "until", "till", "up to", "前")


def _length_ms(length: str) -> int | None:
    """How long words say; "the first minute" is one."""
    return read_value(length if re.match(AMOUNT, length) else "1" + length)


def read_first_or_last(match: re.Match[str]) -> Finding | None:
    """The first, or the last, so many seconds."""
    length = match["length"]
    if re.fullmatch(CLOCK, length) and not clock_is_a_time(match.string, *match.span("length")):
        return None
    length_ms = _length_ms(length)
    if length_ms is None:
        return None
    if match["which"] in _LAST:
        return Finding("last", (Point(-length_ms, Fraction(1)), END))
    return Finding("first", (START, Point(length_ms)))


def read_beside_edge(match: re.Match[str]) -> Finding | None:
    """All but the first, or the last, so many seconds; right beside them, the moment there."""
    length_ms = _length_ms(match["length"])
    side = re.sub(r"\s+", " ", match["side"])
    is_last = match["which"] in _LAST
    if length_ms is None or side not in (_BEFORE if is_last else _AFTER):
        return None
    edge = Point(-length_ms, Fraction(1)) if is_last else Point(length_ms)
    if match.groupdict().get("near"):
        return Finding("moment", (edge,))
    return Finding("range", (START, edge) if is_last else (edge, END))


def read_edge_share(match: re.Match[str]) -> Finding | None:
    """The first, or the last, tenth: in percent, or 三分之一."""
    if match["share"]:
        point = read_point(match["share"])
        share = Fraction(0) if point is None else point.of_duration
    else:
        below, above = (Fraction(read_amount(match[name])) for name in ("below", "above"))
        share = above / below if below else Fraction(0)
    if not 0 < share <= 1:
        return None
    if match["which"] in _LAST:
        return Finding("fraction", (Point(0, 1 - share), END))
    return Finding("fraction", (START, Point(0, share)))


def read_around(match: re.Match[str]) -> Finding | None:
    """The so many seconds before, after, or on both sides of, a time."""
    length_ms, time_ms = read_value(match["length"]), read_value(match["a"])
    if length_ms is None or time_ms is None or re.fullmatch(rf"{AMOUNT}分", match["a"]):
        return None  # 得了2分后10秒: points of a game
    side = match["side"]
    start_ms = time_ms if side in _AFTER else max(0, time_ms - length_ms)
    end_ms = time_ms if side in _BEFORE else time_ms + length_ms
    return Finding("range", (Point(start_ms), Point(end_ms)))


def read_before_end(match: re.Match[str]) -> Finding | None:
    """So long before the end."""
    length_ms = read_value(match["length"])
    return None if length_ms is None else Finding("moment", (Point(-length_ms, Fraction(1)),))


def read_offset(match: re.Match[str]) -> Finding | None:
    """So long before, or after, a clock or the start."""
    length_ms, from_ = read_value(match["length"]), read_point(match["a"])
    if length_ms is None or from_ is None:
        return None
    if match["side"] == "before":
        length_ms = -length_ms
    point = Point(from_.offset_ms + length_ms)
    return Finding("moment", (point,), (("whole", point),))


def read_for(match: re.Match[str]) -> Finding | None:
    """From a time on, for so long."""
    first, length_ms = read_point(match["a"]), read_value(match["length"])
    if first is None or length_ms is None:
        return None
    return Finding("range", (first, Point(first.offset_ms + length_ms)), (("a", first),))


def read_until(match: re.Match[str]) -> Finding | None:
    """From the start to a time."""
    point = read_point(match["a"])
    return None if point is None else Finding("range", (START, point), (("a", point),))


def read_since(match: re.Match[str]) -> Finding | None:
    """From a time to the end."""
    point = read_point(match["a"])
    return None if point is None else Finding("range", (point, END), (("a", point),))


_PARTS = {"half": 2, "third": 3, "quarter": 4}


def read_part(match: re.Match[str]) -> Finding | None:
    """The first half, the last quarter."""
    parts = _PARTS[match["part"]]
    which = {"first": 0, "second": 1, "third": 2}.get(match["which"], parts - 1)
    if which >= parts:
        return None
    edges = (Point(0, Fraction(which, parts)), Point(0, Fraction(which + 1, parts)))
    return Finding("fraction", edges)


def read_chinese_half(match: re.Match[str]) -> Finding | None:
    """前半段, 后半部分."""
    return Finding("fraction", (START, MIDDLE) if match["which"] in "前上" else (MIDDLE, END))


def read_chinese_part(match: re.Match[str]) -> Finding | None:
    """三分之一."""
    below, above = read_amount(match["below"]), read_amount(match["above"])
    if not 0 < above <= below:
        return None
    return Finding("fraction", (Point(0, Fraction(above) / Fraction(below)),))


def read_always(kind: Kind, point: Point) -> Reader:
    """A reader for forms that mean one point, whatever they match."""
    return lambda match: Finding(kind, (point,))


def read_lone(match: re.Match[str]) -> Finding | None:
    """A clock, a tag or a percentage that stands alone."""
    point = read_point(match["a"])
    if point is None or not clock_is_a_time(match.string, *match.span("a")):
        return None
    kind: Kind = "fraction" if point.of_duration else "moment"
    return Finding(kind, (point,), (("a", point),), in_words=False)


def read_bare(match: re.Match[str]) -> Finding | None:
    """A number of seconds without a unit."""
    point = read_point(match["a"])
    if point is None or not number_is_a_time(match.string, match.start()):
        return None
    return Finding("moment", (point,), (("a", point),), in_words=False)


def read_counted(match: re.Match[str]) -> Finding | None:
    """Second 30, the 3rd minute."""
    point = read_point(match["a"], match["unit"])
    return None if point is None else Finding("moment", (point,), (("whole", point),))


def read_unreadable(match: re.Match[str]) -> Finding | None:
    """What stands as a time and is none."""
    if not clock_is_a_time(match.string, *match.span("whole")):
        return None
    return Finding("unreadable", ())

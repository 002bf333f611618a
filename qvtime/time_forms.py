"""The forms in which sentences say times, English and Chinese, and what each one means.

A form is a pattern for folded text, with the group `whole` for the phrase, and a reader that turns
a match into a `Finding`, or None when it is no time after all. The more particular come first.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from qvtime.time_context import (
    HERE,
    VIDEO,
    clock_is_a_time,
    number_is_a_time,
    says_how_long,
)
from qvtime.time_points import END, MIDDLE, START, Kind, Point
from qvtime.time_words import (
    AMOUNT,
    CLOCK,
    DIGITS,
    END_OF_CLOCK,
    ISO,
    LENGTH,
    TAGGED,
    UNIT,
    VALUE,
    compile_form,
    last_unit,
    read_amount,
    read_value,
)

_LEFT = r"(?<![a-z0-9_.:/$#'-])(?<!\d,)"
_RIGHT = r"(?![a-z0-9_/])"
_START = rf"(?:(?:the\s+)?(?:very\s+)?(?:start|beginning){VIDEO}?|视频?开头|视频?开始|片头)"
_END = rf"(?:(?:the\s+)?(?:very\s+)?end{VIDEO}?|结尾|结束|末尾|最后|片尾)"
_PERCENT = r"(?:\d{1,3}(?:\.\d{1,6})?\s?%|百分之(?:\d{1,3}|[零〇一二两三四五六七八九十百]{1,5}))"
_HALFWAY = r"(?:half[\s-]?way|midway)"
_POINT = rf"(?:{VALUE}|{_PERCENT}|{_HALFWAY}|{_START}|{_END})"
_TO = r"\s*(?:-+|~|(?:to|till|until|through|thru)(?![a-z])|直?到|至)\s*第?"
_AND = r"\s*(?:and(?![a-z])|和|与|跟)\s*第?"


class Finding(NamedTuple):
    """What a pattern says; `spelled`: the groups of the match that spell single points."""

    kind: Kind
    points: tuple[Point, ...]
    spelled: tuple[tuple[str, Point], ...] = ()


Reader = Callable[[re.Match[str]], Finding | None]


def read_point(folded: str, unit: str = "s") -> Point | None:
    """The point that folded words name, or None; a number without a unit is in `unit`."""
    text = folded.strip()
    if re.fullmatch(_START, text):
        return START
    if re.fullmatch(_END, text) or text == "inf":
        return END
    if re.fullmatch(_HALFWAY, text):
        return MIDDLE
    if re.fullmatch(_PERCENT, text):
        number = text.removeprefix("百分之").removesuffix("%").strip()
        return Point(0, Fraction(read_amount(number)) / 100)
    if re.fullmatch(rf"第?\s*{AMOUNT}", text):
        text += unit
    time_ms = read_value(text) if re.fullmatch(VALUE, text) else None
    return None if time_ms is None else Point(time_ms)


def _range(match: re.Match[str]) -> Finding | None:
    first_words, last_words = match["a"], match["b"]
    is_clock = re.fullmatch(CLOCK, first_words)
    if says_how_long(match.string, match.start()) and not is_clock:
        return None
    if is_clock and not clock_is_a_time(match.string, match.start("a"), match.end("b")):
        return None
    # "10-20 minutes": a number that comes first is in the unit of the one that follows.
    first, last = read_point(first_words, last_unit(last_words)), read_point(last_words)
    return (
        None
        if first is None or last is None
        else Finding("range", (first, last), (("a", first), ("b", last)))
    )


def _first_or_last(match: re.Match[str]) -> Finding | None:
    length = match["length"]
    length_ms = read_value(length if re.match(AMOUNT, length) else "1" + length)
    if length_ms is None:
        return None
    if match["which"] in (
        "last",
        "final",
        "closing",
        "最后",
        "最末",
        "末尾",
        "结尾",
        "片尾",
        "倒数",
    ):
        return Finding("last", (Point(-length_ms, Fraction(1)), END))
    return Finding("first", (START, Point(length_ms)))


def _before_end(match: re.Match[str]) -> Finding | None:
    length_ms = read_value(match["length"])
    return None if length_ms is None else Finding("moment", (Point(-length_ms, Fraction(1)),))


def _offset(match: re.Match[str]) -> Finding | None:
    length_ms, clock_ms = read_value(match["length"]), read_value(match["a"])
    if length_ms is None or clock_ms is None:
        return None
    if match["side"] == "before":
        length_ms = -length_ms
    return Finding("moment", (Point(clock_ms + length_ms),))


def _until(match: re.Match[str]) -> Finding | None:
    point = read_point(match["a"])
    return None if point is None else Finding("range", (START, point), (("a", point),))


def _since(match: re.Match[str]) -> Finding | None:
    point = read_point(match["a"])
    return None if point is None else Finding("range", (point, END), (("a", point),))


_PARTS = {"half": 2, "third": 3, "quarter": 4}


def _part(match: re.Match[str]) -> Finding | None:
    parts = _PARTS[match["part"]]
    which = {"first": 0, "second": 1, "third": 2}.get(match["which"], parts - 1)
    if which >= parts:
        return None
    edges = (Point(0, Fraction(which, parts)), Point(0, Fraction(which + 1, parts)))
    return Finding("fraction", edges)


def _chinese_half(match: re.Match[str]) -> Finding | None:
    return Finding("fraction", (START, MIDDLE) if match["which"] in "前上" else (MIDDLE, END))


def _chinese_part(match: re.Match[str]) -> Finding | None:
    below, above = read_amount(match["below"]), read_amount(match["above"])
    if not 0 < above <= below:
        return None
    return Finding("fraction", (Point(0, Fraction(above) / Fraction(below)),))


def _always(kind: Kind, point: Point) -> Reader:
    return lambda match: Finding(kind, (point,))


def _lone(match: re.Match[str]) -> Finding | None:
    point = read_point(match["a"])
    if point is None or not clock_is_a_time(match.string, *match.span("a")):
        return None
    kind: Kind = "fraction" if point.of_duration else "moment"
    return Finding(kind, (point,), (("a", point),))


def _bare(match: re.Match[str]) -> Finding | None:
    point = read_point(match["a"])
    if point is None or not number_is_a_time(match.string, match.start()):
        return None
    return Finding("moment", (point,), (("a", point),))


def _counted(match: re.Match[str]) -> Finding | None:
    point = read_point(match["a"], match["unit"])
    return None if point is None else Finding("moment", (point,))


def _unreadable(match: re.Match[str]) -> Finding | None:
    if not clock_is_a_time(match.string, *match.span("whole")):
        return None
    return Finding("unreadable", ())


_FORMS: tuple[tuple[str, Reader], ...] = (
    (
        rf"between\s+(?P<whole>(?P<a>{_POINT}|{AMOUNT}){_AND}(?P<b>{_POINT}|{DIGITS}{HERE}))",
        _range,
    ),
    (rf"(?P<whole>(?P<a>{_POINT}|第?{AMOUNT}){_AND}(?P<b>{_POINT}))(?=\s*之间)", _range),
    (rf"from\s+(?P<whole>(?P<a>{_POINT}|{AMOUNT}){_TO}(?P<b>{_POINT}|{DIGITS}{HERE}))", _range),
    (rf"{_LEFT}(?P<whole>(?P<a>{_POINT}){_TO}(?P<b>{_POINT}))", _range),
    (rf"{_LEFT}(?P<whole>(?P<a>第?{AMOUNT}){_TO}(?P<b>{LENGTH}))", _range),
    (
        rf"(?P<whole>(?P<which>最后|最末|末尾|结尾|片尾|倒数)的?(?P<length>{LENGTH}))",
        _first_or_last,
    ),
    (
        rf"(?P<whole>(?<![之以束尾])(?P<which>前|头|最初|开头|开始)的?(?P<length>{LENGTH}))",
        _first_or_last,
    ),
    (
        r"(?<![a-z])(?P<whole>(?P<which>first|opening|initial|last|final|closing)\s+"
        rf"(?P<length>{LENGTH}|{UNIT}{_RIGHT}))",
        _first_or_last,
    ),
    (
        rf"{_LEFT}(?P<whole>(?P<length>{LENGTH})\s+(?:before|from|to|until)\s+"
        rf"(?:the\s+)?(?:very\s+)?end(?![a-z]){VIDEO}?)",
        _before_end,
    ),
    (rf"(?P<whole>(?:(?:结束|结尾|片尾)之?前的?|倒数第)(?P<length>{LENGTH}))", _before_end),
    (
        rf"{_LEFT}(?P<whole>(?P<length>{LENGTH})\s+(?P<side>before|after|past)\s+(?P<a>{CLOCK}))",
        _offset,
    ),
    (rf"{_LEFT}(?P<whole>(?P<a>{CLOCK}|{LENGTH})\s*(?:之后|以后|开始|起))", _since),
    (rf"{_LEFT}(?P<whole>(?P<a>{CLOCK}|{LENGTH})\s*(?:之前|以前))", _until),
    (rf"from\s+(?P<whole>(?P<a>{VALUE}|{_PERCENT})\s+on(?:wards?)?(?![a-z]))", _since),
    (
        r"(?<!right )(?<!just )(?<!shortly )(?<!soon )(?<!immediately )"
        rf"(?<![a-z])(?P<whole>(?:after|since)\s+(?P<a>{VALUE}|{_PERCENT}))(?!\s*of(?!{VIDEO}))",
        _since,
    ),
    (
        r"(?<!right )(?<!just )(?<!shortly )(?<!immediately )"
        rf"(?<![a-z])(?P<whole>(?:before|until|till|up\s+to)\s+(?P<a>{VALUE}|{_PERCENT}))",
        _until,
    ),
    (
        r"(?<![a-z])(?P<whole>(?P<which>first|second|third|last|final)\s+"
        rf"(?P<part>half|third|quarter)){HERE}",
        _part,
    ),
    (r"(?P<whole>(?P<which>[前后上下])半(?:段|部分?))", _chinese_half),
    (r"(?P<whole>视频的?(?P<which>[前后])半)", _chinese_half),
    (
        rf"(?P<whole>(?P<below>{AMOUNT})分之(?P<above>{AMOUNT}))(?=\s*(?:处|的?时|的?位置|的?地方))",
        _chinese_part,
    ),
    (
        rf"(?:(?<![a-z])(?:at|around|about|near)\s+|[在到]\s*)(?:the\s+)?(?P<whole>(?P<a>{_PERCENT}))"
        r"(?!\s*(?:of|的)(?!\s+(?:the|this|my)\s+(?:video|clip)))",
        _lone,
    ),
    (
        rf"{_LEFT}(?P<whole>(?P<a>{_PERCENT}))"
        rf"(?=\s*(?:处|的?时|的?位置|mark(?![a-z])|through(?![a-z])|into(?![a-z])|in{HERE}|{VIDEO}|\Z))",
        _lone,
    ),
    (
        rf"(?<![a-z])(?P<whole>{_HALFWAY}(?:\s+(?:through|into|in))?"
        rf"(?:\s+(?:the|this|my)\s+(?:video|clip|film|movie))?){HERE}",
        _always("fraction", MIDDLE),
    ),
    (rf"(?<![a-z])(?P<whole>(?:the\s+)?middle{VIDEO})", _always("fraction", MIDDLE)),
    (
        r"(?P<whole>视频的?(?:正中间|中间|一半)|(?:播放|进行)?到?一半(?=的?时|处|的地方))",
        _always("fraction", MIDDLE),
    ),
    (
        rf"(?<![a-z])at\s+(?P<whole>(?:the\s+)?(?:very\s+)?(?:start|beginning){VIDEO}?){HERE}",
        _always("moment", START),
    ),
    (
        rf"(?<![a-z])at\s+(?P<whole>(?:the\s+)?(?:very\s+)?end{VIDEO}?){HERE}",
        _always("moment", END),
    ),
    (r"(?P<whole>视频(?:的?(?:最?开头|刚?开始)))", _always("moment", START)),
    (r"(?P<whole>视频(?:的?(?:结尾|结束|末尾|最后))|片尾|结尾处?)", _always("moment", END)),
    (rf"{_LEFT}(?P<whole>(?P<a>第?\s*{CLOCK}|{ISO}|{TAGGED}))", _lone),
    (rf"(?<![a-z])(?P<whole>(?P<unit>second|minute)\s+(?P<a>{DIGITS})){HERE}", _counted),
    (
        r"(?<![a-z])(?:at|around|near)\s+(?:the\s+)?"
        rf"(?P<whole>(?P<a>\d{{1,6}})(?:st|nd|rd|th)\s+(?P<unit>second|minute)){_RIGHT}",
        _counted,
    ),
    (rf"(?:(?<![a-z])t\s*=\s*|@\s*)(?P<whole>(?P<a>{DIGITS}))(?![\w:.%])", _bare),
    (rf"(?<![a-z])at\s+(?P<whole>(?P<a>{DIGITS})){HERE}", _bare),
    (
        r"(?:(?<![a-z])(?:at|from|around)\s+|[在第从]\s*)"
        rf"(?P<whole>\d{{1,4}}(?::\d{{1,4}}){{0,2}}:\d\d(?:\.\d{{1,3}})?){END_OF_CLOCK}",
        _unreadable,
    ),
)


@cache
def forms() -> tuple[tuple[re.Pattern[str], Reader], ...]:
    """Every form with its reader; compiled when first asked for: it takes a third of a second."""
    return tuple((compile_form(pattern), reader) for pattern, reader in _FORMS)


LONE_LENGTH = compile_form(rf"{_LEFT}(?P<whole>第?\s*{LENGTH})")
"""A length that no form has claimed; the words beside it decide (`length_is_a_time`)."""

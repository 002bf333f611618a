"""How people write one time: the grammar under `timestamps` and `time_phrases`.

Everything works on folded text: same length as the original, so that a place found in one is the
same place in the other. Amounts are exact (`Decimal`), results are integer milliseconds.
"""

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal

_SAME = {
    **{wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)},
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-"),
    **dict.fromkeys(map(ord, "\u2236\ufe55\ufe13"), ":"),
    **dict.fromkeys(map(ord, "\u301c\u223c"), "~"),
    **dict.fromkeys(map(ord, "\u2032\u2019\u2018"), "'"),
    **dict.fromkeys(map(ord, "\u2033\u201d\u201c"), '"'),
    0x3000: " ",
    0x3001: ",",
}


def fold(text: str) -> str:
    """The text in lower case with full-width signs, dashes and digits made plain; same length."""
    return "".join(map(_fold_character, text.translate(_SAME)))


def _fold_character(character: str) -> str:
    if not character.isascii() and character.isdecimal():
        return str(unicodedata.decimal(character))
    lower = character.lower()
    return lower if len(lower) == 1 else character


_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ENGLISH = {word: 1 + n for n, word in enumerate(_ONES)}
_ENGLISH |= {word: 10 + n for n, word in enumerate(_TEENS)}
_ENGLISH |= {word: 20 + 10 * n for n, word in enumerate(_TENS)}
_CHINESE = {"零": 0, "\u3007": 0, "两": 2} | {c: n for n, c in enumerate("一二三四五六七八九", 1)}

_UNITS_MS = {
    "h": (3_600_000, r"(?:(?:hours?|hrs?|h)(?![a-z])|小时|钟头)"),
    "m": (60_000, r"(?:(?:minutes?|mins?|m)(?![a-z])|分钟?)"),
    "s": (1_000, r"(?:(?:seconds?|secs?|s)(?![a-z])|秒钟?)"),
    "ms": (1, r"(?:(?:milliseconds?|msecs?|ms)(?![a-z])|毫秒)"),
}
UNIT = "(?:" + "|".join(pattern for _, pattern in reversed(_UNITS_MS.values())) + ")"

DIGITS = r"\d{1,9}(?:\.\d{1,9})?"
_CHINESE_AMOUNT = r"[零\u3007一二两三四五六七八九十百]{1,7}(?:点[零\u3007一二三四五六七八九]{1,3})?"
_ENGLISH_AMOUNT = (
    rf"(?:(?:{'|'.join(_TENS)})(?:[ -](?:{'|'.join(_ONES)}))?|{'|'.join((*_TEENS, *_ONES))}"
    r"|half(?:\s+an?)?|an?)"
)
AMOUNT = rf"(?:{DIGITS}|{_CHINESE_AMOUNT}|半|(?<![a-z]){_ENGLISH_AMOUNT}(?![a-z]))"
_HALF = r"(?:\s+and\s+a\s+half(?![a-z])|半)"
_JOIN = r"\s*,?\s*(?:and\s+|零)?"


def _piece(unit: str) -> str:
    return rf"(?:{AMOUNT}\s*个?{_HALF}?[\s-]*{_UNITS_MS[unit][1]}(?:{_HALF}钟?)?)"


def _chain(units: tuple[str, ...]) -> str:
    """A piece in the largest unit, then smaller ones; the last number may go without its unit."""
    smaller = "".join(rf"(?:{_JOIN}{_piece(unit)})?" for unit in units[1:])
    # Two digits after a larger unit, or one that nothing else can own: "2 minutes 48",
    # "from 1 minute 5 to ...", but not "2 minutes 3 people".
    alone = (
        r"(?=\s*(?:\Z|[?!,;。-]|(?:to|until|till|and|what|who|where|which|how|when)(?![a-z])"
        r"|发生|出现|有什么|是什么|的?时|处|[到至]))"
    )
    number = (
        rf"(?:[0-5]\d(?![\d:%.])|(?:\d|[二三四五]?十[一二三四五六七八九]?|(?:{'|'.join(_TENS[:4])})"
        rf"(?:[ -](?:{'|'.join(_ONES)}))?|{'|'.join((*_TEENS, *_ONES))}){alone})"
    )
    tail = rf"(?:\s*{number}(?!\s*{UNIT}))?" if units[0] in ("h", "m") else ""
    return f"{_piece(units[0])}{smaller}{tail}"


_ORDER = tuple(_UNITS_MS)
LENGTH = (
    "(?:"
    + "|".join(_chain(_ORDER[n:]) for n in range(len(_ORDER)))
    + r")(?![a-z0-9_/]|-(?!mark)[a-z])"
)
"""An amount with a unit, or several: 2m48s, 90 min, 2 minutes 48, 两分半, 1小时2分."""

END_OF_CLOCK = r"(?![a-z0-9_/%])(?![.:]\d)(?!\s?[ap]\.?m(?![a-z]))(?!\s*o'clock)"
CLOCK = (
    r"(?:(?:\d{1,4}:[0-5]\d:[0-5]\d|\d{1,4}:[0-5]\d)(?:\.\d{1,9}|,\d{3}(?!\d))?"
    rf"{END_OF_CLOCK}|\d{{1,3}}'[0-5]\d(?:\.\d{{1,3}})?\")"
)
"""2:48, 1:02:03.5, 00:02:47,800, 2'48". Seconds have two digits, so 4:3 and 16:9 are none."""

ISO = r"pt(?=\d)(?:\d{1,9}h)?(?:\d{1,9}m)?(?:\d{1,9}(?:\.\d{1,9})?s)?(?![a-z0-9])"
"""ISO 8601 durations, as in PT2M48S."""

TAGGED = rf"(?:<time>\s*(?:{CLOCK}|{LENGTH}|{DIGITS})\s*</time>|<\s*(?:{CLOCK}|{LENGTH})\s*>)"
"""A time as models read and say it: <168.2 seconds>, <time>168.2</time>."""

VALUE = rf"(?:第?\s*(?:{CLOCK}|{LENGTH})|{ISO}|{TAGGED})"


def compile_form(pattern: str) -> re.Pattern[str]:
    """The pattern, with at most four blanks between words: work stays linear in any text."""
    for blank in (r"\s", r"[\s-]"):
        pattern = pattern.replace(f"{blank}*", f"{blank}{{0,4}}")
        pattern = pattern.replace(f"{blank}+", f"{blank}{{1,4}}")
    return re.compile(pattern)


_PIECE = compile_form(
    rf"(?P<amount>{AMOUNT})\s*个?(?P<half_before>{_HALF})?[\s-]*"
    rf"(?:{'|'.join(f'(?P<{name}>{pattern})' for name, (_, pattern) in _UNITS_MS.items())}|$)"
    rf"(?P<half_after>{_HALF})?"
)
_TAG_MARK = re.compile("</?time>|[<>]")
_CLOCK_FIELDS = re.compile(r"(?:(\d+)[:])?(\d+)[:'](\d\d(?:[.,]\d+)?)\"?")


def read_amount(words: str) -> Decimal:
    """The number that folded digits, English or Chinese words say."""
    if words[0].isdigit():
        return Decimal(words)
    if words[0] == "半" or words.startswith("half"):
        return Decimal("0.5")
    if words in ("a", "an"):
        return Decimal(1)
    if words[0].isascii():
        return Decimal(sum(_ENGLISH[word] for word in re.split("[ -]", words)))
    whole, _, decimals = words.partition("点")
    return Decimal(f"{_read_chinese(whole)}.{''.join(str(_CHINESE[c]) for c in decimals) or 0}")


def _read_chinese(numeral: str) -> int:
    if not set(numeral) & {"十", "百"}:
        return int("".join(str(_CHINESE[c]) for c in numeral))  # digit by digit: 四八
    if len(numeral) > 2 and numeral[-2] == "百" and numeral[-1] in _CHINESE:
        numeral += "十"  # 一百五 is 150, 一百零五 is 105
    total, digit = 0, None
    for character in numeral:
        if character in _CHINESE:
            digit = _CHINESE[character]
        else:
            scale = 10 if character == "十" else 100
            total += (1 if digit is None else digit) * scale
            digit = None
    return total + (digit or 0)


def read_value(folded: str) -> int | None:
    """Milliseconds that one folded VALUE says, or None when a part overflows (2m75s)."""
    text = folded.strip().removeprefix("第").strip()
    if text.startswith("<"):
        text = _TAG_MARK.sub("", text).strip()
        text += "s" if re.fullmatch(DIGITS, text) else ""
    clock = _CLOCK_FIELDS.fullmatch(text)
    if clock:
        hours, minutes, seconds = clock.groups()
        if hours and int(minutes) > 59:
            return None
        whole = int(hours or 0) * 3600 + int(minutes) * 60
        return round_ms((whole + Decimal(seconds.replace(",", "."))) * 1000)
    total, larger_ms = Decimal(0), None
    for piece in _PIECE.finditer(text.removeprefix("pt")):
        unit_ms = _unit_ms(piece, larger_ms)
        halves = bool(piece["half_before"]) + bool(piece["half_after"])
        part = (read_amount(piece["amount"]) + halves * Decimal("0.5")) * unit_ms
        if larger_ms is not None and part >= larger_ms:
            return None
        total += part
        larger_ms = unit_ms
    return None if larger_ms is None else round_ms(total)


def _unit_ms(piece: re.Match[str], larger_ms: int | None) -> int:
    """Of a piece's unit; a number without one is in the unit below the one before it."""
    for name, (unit_ms, _) in _UNITS_MS.items():
        if piece[name]:
            return unit_ms
    return 60_000 if larger_ms == 3_600_000 else 1_000


def last_unit(folded: str) -> str:
    """The unit words at the end of a folded LENGTH, or "s" when it has none there."""
    found = re.search(rf"{UNIT}$", folded.strip())
    return found[0] if found else "s"


def round_ms(amount: Decimal) -> int:
    """Whole milliseconds, halves up."""
    return int(amount.to_integral_value(ROUND_HALF_UP))

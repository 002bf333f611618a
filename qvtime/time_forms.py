"""The forms in which sentences say times, English and Chinese, the more particular first.

A form is a pattern for folded text, with the group `whole` for the phrase, and its reader.
"""

import re
from functools import cache

from qvtime.time_context import HERE, VIDEO
from qvtime.time_points import END, MIDDLE, START
from qvtime.time_readers import (
    COUNTED,
    END_WORDS,
    HALFWAY,
    PERCENT,
    START_WORDS,
    Reader,
    read_always,
    read_around,
    read_bare,
    read_before_end,
    read_beside_edge,
    read_chinese_half,
    read_chinese_part,
    read_counted,
    read_edge_share,
    read_first_or_last,
    read_for,
    read_lone,
    read_offset,
    read_part,
    read_range,
    read_since,
    read_unreadable,
    read_until,
)
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
)

_LEFT = r"(?<![a-z0-9_.:/$#'-])(?:(?<!\d,)|(?<=:\d\d,))"
_RIGHT = r"(?![a-z0-9_/])"
_POINT = rf"(?:{VALUE}|{COUNTED}|{PERCENT}|{HALFWAY}|{START_WORDS}|{END_WORDS})"
_TO = r"\s*(?:-+|~|\.\.(?!\.)|(?:to|till|until|through|thru)(?![a-z])|直?到|至)\s*第?"
_AND = r"\s*(?:and(?![a-z])|和|与|跟)\s*第?"
_NEAR = r"(?:(?:right|just|shortly|soon|immediately)\s+)"
_FIRST = "前|头|最初|开头|开始"
_LAST = "最后|最末|末尾|结尾|片尾|倒数"
_NO_SHARE = r"(?!之[\d一二两三四五六七八九十百])"
"""Not 前三分之一, which is a third, and no three minutes."""
_ALONE = r"(?<![第前后头零一二两三四五六七八九十百点])"
_SHARE_END = rf"(?=\s*(?:[里中内]|的?(?:时间|部分|段)|{HERE}))"

_FORMS: tuple[tuple[str, Reader], ...] = (
    (
        rf"between\s+(?P<whole>(?P<a>{_POINT}|{AMOUNT}){_AND}(?P<b>{_POINT}|{DIGITS}{HERE}))",
        read_range,
    ),
    (rf"(?P<whole>(?P<a>{_POINT}|第?{AMOUNT}){_AND}(?P<b>{_POINT}))(?=\s*之间)", read_range),
    (
        rf"(?:from\s+|从\s*)(?P<whole>(?P<a>{_POINT}|{AMOUNT}){_TO}(?P<b>{_POINT}|{DIGITS}{HERE}))",
        read_range,
    ),
    (rf"{_LEFT}(?P<whole>(?P<a>{DIGITS}){_TO}(?P<b>{DIGITS}))(?=\s*之间{HERE})", read_range),
    (rf"{_LEFT}(?P<whole>(?P<a>{_POINT}){_TO}(?P<b>{_POINT}))", read_range),
    (rf"{_LEFT}(?P<whole>(?P<a>{COUNTED}){_TO}(?P<b>{DIGITS}{HERE}))", read_range),
    (rf"{_LEFT}(?P<whole>(?P<a>第?{AMOUNT}){_TO}(?P<b>{LENGTH}))", read_range),
    (
        rf"(?P<whole>(?P<which>{_FIRST}|{_LAST}|后)的?(?:(?P<share>{PERCENT})|(?P<below>{AMOUNT})分之"
        rf"(?P<above>{AMOUNT}))){_SHARE_END}",
        read_edge_share,
    ),
    (
        r"(?<![a-z])(?P<whole>(?P<which>first|opening|initial|last|final|closing)\s+"
        rf"(?P<share>{PERCENT})){HERE}",
        read_edge_share,
    ),
    (
        r"(?P<whole>(?:视频的?)?(?<![之以束尾])"
        rf"(?P<which>{_FIRST}|{_LAST})的?(?P<length>{LENGTH}{_NO_SHARE}|(?<!始){CLOCK})"
        rf"[之以过]?(?P<side>[前后]))(?!\s*{AMOUNT})",
        read_beside_edge,
    ),
    (
        rf"(?<![a-z])(?P<whole>(?P<near>{_NEAR})?(?P<side>after|since|following|before|until|till"
        r"|up\s+to)\s+(?:the\s+)?(?P<which>first|opening|initial|last|final|closing)\s+"
        rf"(?P<length>{LENGTH}|{CLOCK}|{UNIT}{_RIGHT}))",
        read_beside_edge,
    ),
    (
        rf"(?P<whole>(?P<which>{_LAST})的?(?P<length>{LENGTH}{_NO_SHARE}|{CLOCK}))",
        read_first_or_last,
    ),
    (
        rf"{_LEFT}(?P<whole>(?P<a>{CLOCK}|{_ALONE}{LENGTH})[之以]?(?P<side>前后|前|后)的?"
        rf"(?P<length>{LENGTH}))",
        read_around,
    ),
    (
        # Not 开始 before a clock: 1:30开始2:00结束 is from one to the other.
        rf"(?P<whole>(?<![之以束尾])(?P<which>{_FIRST})的?"
        rf"(?P<length>{LENGTH}{_NO_SHARE}|(?<!始){CLOCK}))",
        read_first_or_last,
    ),
    (
        # The 10 seconds after 2:48 are a span; 10 seconds after 2:48 is a moment (read_offset).
        r"(?<![a-z])(?:(?:in|during|over|within|for)\s+(?:the\s+)?|the\s+)"
        rf"(?P<whole>(?:(?:first|next|last)\s+)?(?P<length>{LENGTH})\s+(?P<side>after|following"
        rf"|from|before|around)\s+(?P<a>{CLOCK}))",
        read_around,
    ),
    (
        rf"(?<![a-z])within\s+(?P<whole>(?P<length>{LENGTH})\s+(?P<side>of)\s+(?P<a>{CLOCK}))",
        read_around,
    ),
    (
        rf"{_LEFT}(?P<whole>(?P<length>{LENGTH})\s+(?P<side>before\s+and\s+after"
        rf"|after\s+and\s+before|either\s+side\s+of)\s+(?P<a>{CLOCK}))",
        read_around,
    ),
    (
        r"(?<![a-z])(?P<whole>(?P<which>first|opening|initial|last|final|closing)\s+"
        rf"(?P<length>{LENGTH}|{CLOCK}|{UNIT}{_RIGHT}))",
        read_first_or_last,
    ),
    (
        # "1:30 to the end" is a range.
        rf"{_LEFT}(?P<whole>(?P<length>{LENGTH}|{CLOCK}(?=\s+before))\s+(?:before|from|to|until)\s+"
        rf"(?:the\s+)?(?:very\s+)?end(?![a-z]){VIDEO}?)",
        read_before_end,
    ),
    (
        r"(?P<whole>(?:(?:结束|结尾|片尾)之?前的?|倒数第|距?离?(?:视频的?)?(?:结束|结尾|片尾)还[有剩]"
        rf"|(?:距离?|离)(?:视频的?)?(?:结束|结尾|片尾))(?P<length>{LENGTH}|{CLOCK}))",
        read_before_end,
    ),
    (
        rf"{_LEFT}(?P<whole>(?P<length>{LENGTH})\s+(?P<side>before|after|past)\s+(?P<a>{CLOCK}))",
        read_offset,
    ),
    (
        rf"{_LEFT}(?P<whole>(?P<length>{LENGTH})\s+(?P<side>after|from|past)\s+"
        rf"(?P<a>{START_WORDS})){HERE}",
        read_offset,
    ),
    (rf"{_LEFT}(?P<whole>(?P<a>{CLOCK}|{LENGTH})\s*(?:之后|以后|开始|起))", read_since),
    (rf"{_LEFT}(?P<whole>(?P<a>{CLOCK}|{LENGTH})\s*(?:之前|以前))", read_until),
    (
        # Not "for 100 m", which are metres.
        rf"(?<![a-z])(?P<whole>(?:starting\s+)?(?:at|from)\s+(?P<a>{VALUE}|{COUNTED})\s+for\s+"
        rf"(?!{DIGITS}\s+m(?![a-z]))(?P<length>{LENGTH}))",
        read_for,
    ),
    (rf"from\s+(?P<whole>(?P<a>{VALUE}|{PERCENT})\s+on(?:wards?)?(?![a-z]))", read_since),
    (
        r"(?<!right )(?<!just )(?<!shortly )(?<!soon )(?<!immediately )"
        rf"(?<![a-z])(?P<whole>(?:after|since)\s+(?P<a>{VALUE}|{PERCENT}))(?!\s*of(?!{VIDEO}))",
        read_since,
    ),
    (
        r"(?<!right )(?<!just )(?<!shortly )(?<!immediately )"
        rf"(?<![a-z])(?P<whole>(?:before|until|till|up\s+to)\s+(?P<a>{VALUE}|{PERCENT}))",
        read_until,
    ),
    (
        r"(?<![a-z])(?P<whole>(?P<which>first|second|third|last|final)\s+"
        rf"(?P<part>half|third|quarter)){HERE}",
        read_part,
    ),
    (r"(?P<whole>(?P<which>[前后上下])半(?:段|部分?))", read_chinese_half),
    (r"(?P<whole>视频的?(?P<which>[前后])半)", read_chinese_half),
    (
        rf"(?P<whole>(?P<below>{AMOUNT})分之(?P<above>{AMOUNT}))(?=\s*(?:处|的?时|的?位置|的?地方))",
        read_chinese_part,
    ),
    (
        rf"(?:(?<![a-z])(?:at|around|about|near)\s+|[在到]\s*)(?:the\s+)?(?P<whole>(?P<a>{PERCENT}))"
        r"(?!\s*(?:of|的)(?!\s+(?:the|this|my)\s+(?:video|clip)))",
        read_lone,
    ),
    (
        rf"{_LEFT}(?P<whole>(?P<a>{PERCENT}))"
        rf"(?=\s*(?:处|的?时|的?位置|mark(?![a-z])|through(?![a-z])|into(?![a-z])|in{HERE}|{VIDEO}|\Z))",
        read_lone,
    ),
    (
        rf"(?<![a-z])(?P<whole>{HALFWAY}(?:\s+(?:through|into|in))?"
        rf"(?:\s+(?:the|this|my)\s+(?:video|clip|film|movie))?){HERE}",
        read_always("fraction", MIDDLE),
    ),
    (rf"(?<![a-z])(?P<whole>(?:the\s+)?middle{VIDEO})", read_always("fraction", MIDDLE)),
    (
        r"(?P<whole>视频的?(?:正中间|中间|一半)|(?:播放|进行)?到?一半(?=的?时|处|的地方))",
        read_always("fraction", MIDDLE),
    ),
    (
        rf"(?<![a-z])at\s+(?P<whole>(?:the\s+)?(?:very\s+)?(?:start|beginning){VIDEO}?){HERE}",
        read_always("moment", START),
    ),
    (
        rf"(?<![a-z])at\s+(?P<whole>(?:the\s+)?(?:very\s+)?end{VIDEO}?){HERE}",
        read_always("moment", END),
    ),
    (r"(?P<whole>视频(?:的?(?:最?开头|刚?开始)))", read_always("moment", START)),
    (r"(?P<whole>视频(?:的?(?:结尾|结束|末尾|最后))|片尾|结尾处?)", read_always("moment", END)),
    (rf"{_LEFT}(?P<whole>(?P<a>第?\s*{CLOCK}|{ISO}|{TAGGED}))", read_lone),
    (rf"(?<![a-z])(?P<whole>(?P<unit>second|minute)\s+(?P<a>{DIGITS})){HERE}", read_counted),
    (
        r"(?<![a-z])(?:at|around|near)\s+(?:the\s+)?"
        rf"(?P<whole>(?P<a>\d{{1,6}})(?:st|nd|rd|th)\s+(?P<unit>second|minute)){_RIGHT}",
        read_counted,
    ),
    (rf"(?:(?<![a-z])t\s*=\s*|@\s*)(?P<whole>(?P<a>{DIGITS}))(?![\w:.%])", read_bare),
    (
        rf"(?<![a-z])at\s+(?P<whole>(?P<a>{DIGITS}))(?!,\d|\s+and\s+a\s+half(?![a-z])){HERE}",
        read_bare,
    ),
    (
        r"(?:(?<![a-z])(?:at|from|around)\s+|[在第从]\s*)"
        rf"(?P<whole>\d{{1,4}}(?::\d{{1,4}}){{0,2}}:\d\d(?:\.\d{{1,3}})?){END_OF_CLOCK}",
        read_unreadable,
    ),
)


@cache
def forms() -> tuple[tuple[re.Pattern[str], Reader], ...]:
    """Every form with its reader; compiled when first asked for: it takes a third of a second."""
    return tuple((compile_form(pattern), reader) for pattern, reader in _FORMS)


NUMBERS = compile_form(
    rf"(?:(?<![a-z])at\s+|[在第]\s*)(?P<numbers>{DIGITS}(?:\s*,\s*{DIGITS}){{0,20}}"
    rf"\s*,?\s*(?:(?:and|or)(?![a-z])|和|与|跟|以及|或)\s*第?{DIGITS}\s*(?P<unit>{UNIT})?){HERE}"
)
"""Several numbers, of which the last says the unit of all: "at 10, 20 and 30 seconds"."""

LONE_LENGTH = compile_form(rf"{_LEFT}(?P<whole>第?\s*{LENGTH})")
"""A length that no form has claimed; the words beside it decide (`length_is_a_time`)."""

"""Whether a question asks how often something happens: "how many times does it jump?", 跳了几次？

No model call can count over the windows of a long video, each of which sees a part. Such a question
becomes the one when that happens, and the answer counts its times. Any other question is let be:
"how many people are there", "how many times larger", and one that asks for more.
"""

import re
from dataclasses import dataclass

from qvtime.tasks.when import AUXILIARY, CHINESE_WHEN, asks_for_more


@dataclass(frozen=True, slots=True)
class Count:
    """A question for a count. words: those that ask when it happens; chinese: its language."""

    words: str
    chinese: bool


_TOLD = r"""(?:(?:please|can\s+you|could\s+you|would\s+you)\s+)*
    (?:(?:tell|show|give)\s+me\s+|find\s+out\s+|i\s+want\s+to\s+know\s+|count\s+|say\s+)?
    (?:exactly\s+)?"""
_WHERE = r"(?:in|on|during|between|from|within|over|throughout|before|after|until)\s"
_ENGLISH = re.compile(
    rf"\W*(?P<before>{_WHERE}[^?,]*,\s+)?{_TOLD}how\s+(?:many\s+times|often)\b(?P<after>.+)",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_ASIDE = re.compile(
    r"\A\s*(?:in\s+total|in\s+all|altogether|overall|in\s+(?:the|this)\s+(?:video|clip|film))\b",
    re.IGNORECASE,
)
_PLACED = re.compile(
    r"[0-9]|\b(?:video|clip|film|minutes?|seconds?|half|start|end)\b", re.IGNORECASE
)
_AND_WHEN = re.compile(
    r"[\s,;.?]*\b(?:and\s+)?(?:exactly\s+)?(?:when|at\s+wh(?:at|ich)\s+(?:times?|moments?))\W*\Z",
    re.IGNORECASE,
)
_ASKED = re.compile(rf"(?:{_WHERE}.+?\s)?{AUXILIARY}", re.IGNORECASE | re.DOTALL)
# A factor, a rate, several counts, an advice, or times that are things to be seen.
_NO_COUNT = re.compile(
    rf"""\b(?:than|per|twice|each|every)\b | \bas\s+\w+\s+as\b
    | \ban?\s+(?:second|minute|hour|day|week|month|year)\b
    | \A(?:as|more|less|fewer|the\s+\w+\s+of|(?!the\b|water\b)\w+er)\b
    | \A(?:should|must|may|might|shall)\b | \A(?:do|can|could|will|would)\s+(?:i|we|one)\b
    | \A{AUXILIARY}\s+(?:there|shown|listed|given|named|mentioned|displayed|written|printed)\b""",
    re.IGNORECASE | re.VERBOSE,
)

_CHINESE = re.compile(
    r"(?:了|有)?(?<![第上前这那哪后近每头好末没])(?:几|多少)次(?![数的后]|之后|以后|三番)"
)
_CHINESE_ASIDE = re.compile(
    r"\A\W*(?:请问|请)?(?:告诉我|数一?数|统计一?下?|计算一?下?)?|一共|总共|总计|共计"
)
_CHINESE_AND_WHEN = re.compile(
    rf"\W*(?:分别|各|都)?(?:是|发生)?在?(?:{CHINESE_WHEN.pattern})(?:发生)?\W*\Z"
)


def asks_count(question: str) -> Count | None:
    """The count that a question asks for; None where it asks for anything else."""
    return _read_english(question) or _read_chinese(question)


def _read_english(question: str) -> Count | None:
    asked = _ENGLISH.match(question)
    if asked is None:
        return None
    before = asked["before"] or ""
    if before and not _PLACED.search(before):
        return None
    event = _AND_WHEN.sub("", _ASIDE.sub("", asked["after"])).strip()
    if _NO_COUNT.search(event) or asks_for_more(before + event):
        return None
    if _ASKED.match(event):
        return Count(f"{before}when {event.rstrip(' ?!.')}?", chinese=False)
    event = event.strip(" ?!.,;:")
    return Count(before + event, chinese=False) if " " in event else None


def _read_chinese(question: str) -> Count | None:
    event = _CHINESE_AND_WHEN.sub("", question)
    if not _CHINESE.search(event):
        return None
    event = _CHINESE_ASIDE.sub("", _CHINESE.sub("", event)).strip(" \t\n？?。.！!，,呢啊")
    if not re.search(r"\w", event) or asks_for_more(event):
        return None
    return Count(event, chinese=True)

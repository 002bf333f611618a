"""The times and captions in the sentences that models write, English and Chinese."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from qvtime.answer_json import Claim
from qvtime.time_words import fold
from qvtime.timestamps import find_times


@dataclass(frozen=True, slots=True)
class Said:
    """A time and where the text says it."""

    start: int
    end: int
    time_ms: int


_BARE_PAIR = re.compile(
    r"(?<![\w.:-])(\d{1,6}\.\d{1,3})s?\s{0,2}(?:-|to)\s{0,2}(\d{1,6}\.\d{1,3})"
    r"(?:\s{0,2}se[a-z]{0,2}onds)?(?![\w:%]|\.\d)"
)
_TO = re.compile(r"\s{0,4}(?:-+|~|\.\.|to|until|till|through|到|至)\s{0,4}")
_AND = re.compile(r"\s{0,4}(?:and|和|与)\s{0,4}")
_CLAUSE_END = re.compile(r"[;。!?\n]|\.(?=\s|\Z)|,(?=\s{0,4}<time>)")
_LEADING = re.compile(
    r"\A(?:[\s,:|>)\]}*#\"'\u3002\uff0c\uff1a-]|(?:\d{1,3}[.)]|and|then)(?=\s)|(?:seconds?|s)(?![a-z])|之间|期间)*"
)
_TRAILING = re.compile(
    r"(?:[\s,:|<(\[{*#\uff0c\uff1a-]|(?<![a-z])(?:at|in|on|from|between|during|around|about|within"
    r"|the|time|is|and|at\s+around)|[在于从是])+\Z",
    re.IGNORECASE,
)
_CANNED = re.compile(
    r"(?:it|(?:the|this|that)\s+(?:(?:described|given|visual|target|queried)\s+)*"
    r"(?:event|moment|action|activity|content|query|scene|video))"
    r"(?:\s+(?P<quote>[\"'\u2018\u201c].{0,400}[\"'\u2019\u201d]))?"
    r"(?:\s+(?:happens|occurs|takes\s+place|can\s+be\s+seen|starts|begins|is\s+seen))?"
    r"|(?:这个?|该)?(?:事件|动作|事情)?(?:发生|出现)",
    re.IGNORECASE,
)
_HERE = (
    r"(?:\s*(?:at|in|on|between|and|from|to|during|around|here|then|the|this|that|video|clip|time"
    r"|moment|window|seconds?|of|-|~))*"
)
_NOTHING = re.compile(
    rf"(?:nothing(?:\s+(?:happens|is\s+happening|occurs|changes|is\s+going\s+on|is\s+written|to\s+see))?"
    rf"{_HERE}"
    r"|none|no|n/?a|null|no\s+(?:such\s+)?(?:events?|moments?|matches|match)"
    r"(?:\s+(?:is|was|were|are)?\s*(?:found|happens?|occurs?))?"
    rf"|not\s+found|(?:it|(?:the|this|that)\s+.{{0,200}}?)\s+(?:does\s+not|doesn't|never)"
    rf"\s+(?:happens?|occurs?|appears?|take\s+place){_HERE}"
    r"|(?:在?(?:这|此|视频)?[^,。]{0,8})?(?:没有|无|未|没|从未)(?:任何)?(?:有)?(?:事情?|事件|什么)?(?:发生|出现)?"
    r"|什么(?:事情?)?[都也]没有?(?:发生|写)?)"
)


def read_prose(text: str) -> tuple[tuple[Said, ...], list[Claim]]:
    """The times a text says, in its order, and what it says of them. Never raises."""
    times = tuple(_find(text))
    return times, list(_claims(text, times))


def says_nothing(text: str, times: Sequence[Said]) -> bool:
    """Whether the text says that nothing happens, and no more than that."""
    rest, done = [], 0
    for time in times:
        rest.append(text[done : time.start])
        done = time.end
    words = fold("".join((*rest, text[done:])))[:500]
    return _NOTHING.fullmatch(" ".join(words.strip(" .!。\n\"'").split())) is not None


def _find(text: str) -> Iterator[Said]:
    """Times said outright; "the last 10 seconds" of an answer has no video to be resolved in."""
    found = [
        Said(place.start, place.end, place.point.offset_ms)
        for phrase in find_times(text)
        for place in phrase.places
        if not place.point.of_duration
    ]
    taken = bytearray(len(text))
    for said in found:
        taken[said.start : said.end] = b"\1" * (said.end - said.start)
    for pair in _BARE_PAIR.finditer(fold(text)):
        if not any(taken[slice(*pair.span())]):
            first_ms, last_ms = (round(float(pair[group]) * 1000) for group in (1, 2))
            found.append(Said(*pair.span(1), first_ms))
            found.append(Said(pair.start(2), pair.end(), last_ms))
    yield from sorted(found, key=lambda said: said.start)


def _claims(text: str, times: Sequence[Said]) -> Iterator[Claim]:
    """The times of each clause, joined to spans, with the words beside them."""
    folded = fold(text)
    for start, end, inside in _clauses(folded, times):
        spans = list(_join(folded, inside))
        edges = [start, *(edge for first, last in spans for edge in (first.start, last.end)), end]
        words = [_caption(text[a:b]) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        for (first, last), caption in zip(spans, _share(words), strict=True):
            yield Claim(first.time_ms, None if last is first else last.time_ms, caption)


def _clauses(folded: str, times: Sequence[Said]) -> Iterator[tuple[int, int, list[Said]]]:
    """The clauses with times in them: where each starts and ends, and its times."""
    cuts = [0]
    index = 0
    for cut in _CLAUSE_END.finditer(folded):
        while index < len(times) and times[index].end <= cut.start():
            index += 1
        if index == len(times) or times[index].start > cut.start():
            cuts.append(cut.end())
    cuts.append(len(folded) + 1)
    index = 0
    for start, end in pairwise(cuts):
        inside = []
        while index < len(times) and times[index].start < end:
            inside.append(times[index])
            index += 1
        if inside:
            yield start, end - 1, inside


def _join(folded: str, times: Sequence[Said]) -> Iterator[tuple[Said, Said]]:
    """Times that the words between them make a span; a time alone is both of its ends."""
    index = 0
    while index < len(times):
        first = last = times[index]
        if index + 1 < len(times):
            between = folded[first.end : times[index + 1].start]
            pair = re.search(
                r"(?:between|在)\s{0,4}\Z", folded[max(0, first.start - 12) : first.start]
            )
            if _TO.fullmatch(between) or (pair and _AND.fullmatch(between)):
                last = times[index + 1]
                index += 1
        yield first, last
        index += 1


def _share(words: list[str]) -> list[str]:
    """A caption for each time of a clause, from the words before, between and after them.

    One time takes all the words; of several, each takes those that follow it, or, in a clause that
    begins with words, those before it; where there are none, its neighbour's.
    """
    if len(words) == 2:
        return [" ".join(filter(None, words))]
    leads = bool(words[0])
    captions = words[:-1] if leads else words[:0:-1]
    for index, caption in enumerate(captions[1:], 1):
        captions[index] = caption or captions[index - 1]
    return captions if leads else captions[::-1]


def _caption(words: str) -> str:
    """The words without what joined them to the time; "" when they say only that it happens."""
    line = " ".join(words.split())
    line = _TRAILING.sub("", _LEADING.sub("", line, count=1))
    canned = _CANNED.fullmatch(line)
    if canned:
        return (canned["quote"] or "")[1:-1]
    return line.strip(" \"'")

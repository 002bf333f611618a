"""Find the times that a sentence speaks of, and leave alone what is none (`time_context`)."""

import re
from collections.abc import Callable, Iterator

from qvtime.time_context import REACH, length_is_a_time
from qvtime.time_forms import LONE_LENGTH, NUMBERS, forms
from qvtime.time_points import Place, TimePhrase
from qvtime.time_readers import Finding, read_point
from qvtime.time_words import DIGITS, compile_form, fold


def find_times(sentence: str) -> tuple[TimePhrase, ...]:
    """The times in a sentence, in its order, never overlapping. Never raises."""
    folded = fold(sentence)
    claimed = bytearray(len(folded))  # 1 where a form has already read a time
    phrases: list[TimePhrase] = []

    def claim(match: re.Match[str], finding: Finding | None) -> None:
        if finding is not None:
            start, end = match.span("whole")
            claimed[start:end] = b"\1" * (end - start)
            phrases.append(_phrase(sentence, match, finding))

    for phrase in _listed_numbers(sentence, folded):
        claimed[phrase.start : phrase.end] = b"\1" * (phrase.end - phrase.start)
        phrases.append(phrase)
    for form, read in forms():
        for match in form.finditer(folded):
            if not any(claimed[slice(*match.span("whole"))]):
                claim(match, read(match))
    for match in LONE_LENGTH.finditer(folded):
        start, end = match.span("whole")
        if any(claimed[start:end]):
            continue
        time_before = claimed.rfind(1, max(0, start - REACH), start)
        after_a_time = None if time_before < 0 else time_before + 1
        point = read_point(match["whole"])
        if point is not None and length_is_a_time(folded, start, end, after_a_time):
            claim(match, Finding("moment", (point,), (("whole", point),), in_words=False))
    return tuple(sorted(phrases, key=lambda phrase: phrase.start))


def _listed_numbers(sentence: str, folded: str) -> Iterator[TimePhrase]:
    """Each of several numbers as a moment; the last with the unit, which is that of all."""
    for match in NUMBERS.finditer(folded):
        words, unit = match["numbers"], match["unit"]
        for number in re.finditer(DIGITS, words):
            start, end = (match.start("numbers") + place for place in number.span())
            if unit is not None and words[number.end() :].strip() == unit:
                end = match.end("numbers")
            point = read_point(number[0], unit or "s")
            if point is not None:
                places = (Place(start, end, point),)
                text = sentence[start:end]
                yield TimePhrase(start, end, text, "moment", (point,), places, in_words=False)


def _phrase(sentence: str, match: re.Match[str], finding: Finding) -> TimePhrase:
    start, end = match.span("whole")
    places = tuple(Place(*match.span(group), point) for group, point in finding.spelled)
    text = sentence[start:end]
    return TimePhrase(start, end, text, finding.kind, finding.points, places, finding.in_words)


_CHINESE = re.compile("[\u4e00-\u9fff]")
_BEFORE_MOMENT = compile_form(
    r"(?:(?<![a-z])(?:at|in|during|on|around|near)\s+)?(?:(?<![a-z])the\s+)?\Z"
)
_BEFORE_SPAN = compile_form(
    r"(?:(?<![a-z])(?:in|during|over|within|for|at|between|from)\s+)?(?:(?<![a-z])the\s+)?\Z"
    r"|[在从]\s*\Z"
)
_AFTER_CHINESE_SPAN = compile_form(r"\s*(?:之间|期间|以?内|里面?|中)?")


def rewrite_times(sentence: str, duration_ms: int, printer: Callable[[int], str]) -> str:
    """The sentence with each time replaced by what `printer` makes of its milliseconds.

    A time that is spelled out is replaced where it stands. Times in other words become one
    wording, as their words make no sense beside numbers: "halfway" is "at T", "in the last 10
    seconds" is "between T and T", 最后10秒 is T到T之间. Times outside the video raise UsageError,
    as `TimePhrase.resolve` does.
    """
    folded = fold(sentence)
    pieces: list[str] = []
    done = 0
    for phrase in find_times(sentence):
        phrase.resolve(duration_ms)
        ends_ms = (min(max(p.at(duration_ms), 0), duration_ms) for p in phrase.points)
        printed = [printer(time_ms) for time_ms in ends_ms]
        if phrase.in_words:
            start, end, words = _in_numbers(folded, phrase, printed)
            pieces += sentence[done : max(done, start)], words
            done = end
            continue
        for place, words in zip(phrase.places, printed, strict=True):
            pieces += sentence[done : place.start], words
            done = place.end
    return "".join((*pieces, sentence[done:]))


def _in_numbers(folded: str, phrase: TimePhrase, printed: list[str]) -> tuple[int, int, str]:
    """The one wording for a phrase in words, and the part of the sentence that it replaces."""
    chinese = _CHINESE.search(folded)
    if len(printed) == 1:
        if chinese:
            return phrase.start, phrase.end, printed[0]
        return _reach_back(_BEFORE_MOMENT, folded, phrase.start), phrase.end, f"at {printed[0]}"
    start = _reach_back(_BEFORE_SPAN, folded, phrase.start)
    if not chinese:
        return start, phrase.end, f"between {printed[0]} and {printed[1]}"
    after = _AFTER_CHINESE_SPAN.match(folded, phrase.end)
    return start, after.end() if after else phrase.end, f"{printed[0]}到{printed[1]}之间"


def _reach_back(before: re.Pattern[str], folded: str, start: int) -> int:
    """Where the words begin that lead to what starts here."""
    found = before.search(folded, max(0, start - REACH), start)
    return found.start() if found else start

"""Find the times that a sentence speaks of, and leave alone what is none (`time_context`)."""

import re
from collections.abc import Callable

from qvtime.time_context import REACH, length_is_a_time
from qvtime.time_forms import LONE_LENGTH, Finding, forms, read_point
from qvtime.time_points import Place, TimePhrase
from qvtime.time_words import fold


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
            claim(match, Finding("moment", (point,)))
    return tuple(sorted(phrases, key=lambda phrase: phrase.start))


def _phrase(sentence: str, match: re.Match[str], finding: Finding) -> TimePhrase:
    start, end = match.span("whole")
    places = tuple(Place(*match.span(group), (point,)) for group, point in finding.spelled)
    return TimePhrase(
        start,
        end,
        sentence[start:end],
        finding.kind,
        finding.points,
        places or (Place(start, end, finding.points),),
    )


def rewrite_times(sentence: str, duration_ms: int, printer: Callable[[int], str]) -> str:
    """The sentence with each time replaced by what `printer` makes of its milliseconds.

    "between 1:00 and 1:20" keeps its words; "last 10 seconds" becomes "start - end". Times
    outside the video raise UsageError, as `TimePhrase.resolve` does.
    """
    pieces: list[str] = []
    done = 0
    for phrase in find_times(sentence):
        phrase.resolve(duration_ms)
        for place in phrase.places:
            times_ms = (min(max(p.at(duration_ms), 0), duration_ms) for p in place.points)
            pieces += sentence[done : place.start], " - ".join(map(printer, times_ms))
            done = place.end
    return "".join((*pieces, sentence[done:]))

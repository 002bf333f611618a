"""When an event happens, as the model's own probabilities: not what it says, but what it may say.

A model that answers when an event happens writes its occurrences one after the other:

    <time>1.0</time> - <time>3.5</time>; <time>8.0</time> - <time>9.0</time>

or in another form that its family was taught (qvtime.model.span_forms), or that it does not happen.
An occurrence's score is the probability that an answer drawn from the model names a span that means
it (qvtime.model.peaks). It is read off without drawing: from the probability that a time follows at
all, a distribution over starts, and one over the ends after each likely start. Each occurrence
found is then taken as said and read on from, so that what the model would only say second is found
as well, and so are rival readings. The probabilities of all such answers are followed, the greatest
first, until too little is left or `MOST_READINGS` is reached: scores can only be too low by that.
"""

import heapq
import math
from collections.abc import Iterable, Sequence
from typing import Protocol

from qvtime.model.peaks import Patches, find_peaks, meet
from qvtime.model.reply import Occurrences, ScoredSpan

LEAST_LIKELY = 0.02
"""Answers less likely than this are not followed."""
MOST_READINGS = 12
"""How many beginnings of an answer are read on from."""
LEAST_START = 0.01
"""Starts less likely than this have no ends."""
MOST_STARTS = 16

ANSWER_TOKENS = 256
"""Room for the longest answer that is read on from."""


class Reading(Protocol):
    """What may follow in an answer; times are patches, counted from 0.

    `said` are the occurrences that the answer has named so far.
    """

    def starts(self, said: Sequence[Patches]) -> tuple[float, list[float]]:
        """The probability that another time follows, and of each patch that it begins there."""
        ...

    def spans(
        self, said: Sequence[Patches], starts: Sequence[float]
    ) -> Iterable[tuple[Patches, float]]:
        """Every span with a likely start, and its probability given that one more is said."""
        ...


def follow_answers(reading: Reading, centres_ms: Sequence[int]) -> Occurrences:
    """Every span of these patches that an answer would name."""
    mass: dict[Patches, float] = {}
    happens = 0.0
    beginnings: list[tuple[float, tuple[Patches, ...]]] = [(-1.0, ())]
    for _ in range(MOST_READINGS):
        if not beginnings:
            break
        negative, said = heapq.heappop(beginnings)
        goes_on, starts = reading.starts(said)
        weight = -negative * goes_on
        happens = happens if said else goes_on
        if weight < LEAST_LIKELY:
            continue
        found = {
            span: weight * probability
            for span, probability in reading.spans(said, starts)
            if not any(meet(span, earlier) for earlier in said)
        }
        for span, probability in found.items():
            mass[span] = mass.get(span, 0.0) + probability
        for peak in find_peaks(found):
            if peak.mass >= LEAST_LIKELY:
                heapq.heappush(beginnings, (-peak.mass, (*said, peak.span)))
    spans = (
        ScoredSpan(centres_ms[peak.span[0]], centres_ms[peak.span[1]], min(peak.mass, happens))
        for peak in find_peaks(mass)
    )
    begins = [0.0] * len(centres_ms)
    for (first, _), probability in mass.items():
        begins[first] += probability
    return Occurrences(happens, tuple(spans), tuple(min(1.0, share) for share in begins))


def likely_starts(starts: Sequence[float]) -> list[int]:
    """The patches whose ends are worth weighing, the likeliest first."""
    likely = sorted(range(len(starts)), key=lambda start: -starts[start])[:MOST_STARTS]
    return [start for start in likely if starts[start] >= LEAST_START]


def shares(log_weights: Sequence[float]) -> list[float]:
    """Probabilities in proportion to these log-weights: they sum to 1."""
    highest = max(log_weights)
    weights = [math.exp(weight - highest) for weight in log_weights]
    total = sum(weights)
    return [weight / total for weight in weights]

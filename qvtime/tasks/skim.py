"""Long videos: how coarsely to look first, and where to look closer. Pure arithmetic.

A pass over a video reads at most a budget of temporal patches. A span that would take more is
skimmed: patches lie `step` apart, which is the granularity doubled until they fit. The two
pictures of a patch stay as close as the granularity has them. So each part of the model sees what
it was trained on: the vision tower, which mixes the two pictures of a patch and sees no other, a
pair in which a motion can be seen; the language model, times that are further apart, as in every
long video. The price is that nothing between two patches is seen at all.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from qvtime.settings import GRANULARITIES_MS
from qvtime.timeline import Event, Span
from qvtime.video.sampling import window_within

FIRST_MS = 500
"""The finest first pass for times: finer windows are too short to hold most events."""
OVERLAP_SHARE = 0.375
"""How much of a window its neighbour sees too: an event at a seam is whole in one of them."""
MOST_POINTED = 1000
"""How many places of a skim are considered, the likeliest first; a model may name any number."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How windows are read: each holds `window_ms` at patches `granularity_ms` apart."""

    window_ms: int
    granularity_ms: int

    @property
    def overlap_ms(self) -> int:
        return int(self.window_ms * OVERLAP_SHARE)

    def at_step(self, step_ms: int) -> int:
        """How much a window holds when as many patches lie `step_ms` apart."""
        if step_ms == self.granularity_ms:
            return self.window_ms
        return max(1, self.window_ms // self.granularity_ms) * step_ms

    def patches(self, length_ms: int, step_ms: int) -> int:
        """How many patches it takes to read so much; windows overlap unless they skim."""
        window_ms = self.at_step(step_ms)
        if length_ms <= window_ms:
            return -(-length_ms // step_ms)
        overlap_ms = self.overlap_ms if step_ms == self.granularity_ms else 0
        count = 1 - (length_ms - window_ms) // -(window_ms - overlap_ms)
        return count * -(-window_ms // step_ms)


def skim_step_ms(length_ms: int, reach: Reach, budget: int) -> int:
    """How far apart patches must lie to read so much of a video within the budget.

    The granularity, doubled as often as needed; the granularity itself when it fits.
    """
    step_ms = reach.granularity_ms
    while reach.patches(length_ms, step_ms) > max(1, budget):
        step_ms *= 2
    return step_ms


def finer_steps_ms(coarse_ms: int, finest_ms: int) -> tuple[int, ...]:
    """The granularities at which an edge is looked at after a pass, the coarsest first."""
    between = (g for g in GRANULARITIES_MS if finest_ms <= g < coarse_ms)
    return tuple(sorted(between, reverse=True))


def look_closer(
    pointed: Iterable[Event], step_ms: int, within: Span, reach: Reach, budget: int
) -> tuple[Span, ...]:
    """The stretches around skimmed events that can be read within the budget, in order of time.

    An event seen in one patch and not in the next may begin or end anywhere between the two, so
    its stretches reach to both, and are a window at least. A long event, which was seen in every
    patch of its middle, is looked at where it begins and where it ends. Events of a high score come
    first; one whose stretches no longer fit is passed over.
    """
    best: dict[Span, float] = {}
    for event in pointed:
        score = -1.0 if event.score is None else event.score
        best[event.span] = max(score, best.get(event.span, -1.0))
    chosen: tuple[Span, ...] = ()
    for span in sorted(best, key=lambda span: (-best[span], span))[:MOST_POINTED]:
        more = _joined((*chosen, *_stretches(span, step_ms, within, reach.window_ms)))
        cost = sum(reach.patches(one.duration_ms, reach.granularity_ms) for one in more)
        if cost <= budget:
            chosen = more
    return chosen


def unrefined(event: Event, step_ms: int, stretches: Iterable[Span]) -> tuple[Event, ...]:
    """What is left of a skimmed event where nobody looked closer.

    A piece in which the skim saw no patch goes: there the event was but thought to reach.
    """
    pieces = []
    start_ms = event.span.start_ms
    for stretch in (*_joined(stretches), Span(event.span.end_ms, event.span.end_ms + 1)):
        end_ms = min(stretch.start_ms, event.span.end_ms)
        if -(-start_ms // step_ms) * step_ms < end_ms:
            pieces.append(replace(event, span=Span(start_ms, end_ms)))
        start_ms = max(start_ms, stretch.end_ms)
    return tuple(pieces)


def joined_ms(spans: Iterable[Span]) -> int:
    """How much they cover together."""
    return sum(one.duration_ms for one in _joined(spans))


def _stretches(span: Span, step_ms: int, within: Span, window_ms: int) -> tuple[Span, ...]:
    """Half a step more than the event on both sides (its patches are whole); or its two ends."""
    half_ms = step_ms // 2
    start_ms = max(within.start_ms, span.start_ms - half_ms)
    end_ms = min(within.end_ms, span.end_ms + half_ms)
    edge_ms = max(window_ms, 2 * step_ms)
    if end_ms - start_ms > 2 * edge_ms:
        return Span(start_ms, start_ms + edge_ms), Span(end_ms - edge_ms, end_ms)
    return (window_within(Span(start_ms, end_ms), window_ms, within),)


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.start_ms <= joined[-1].end_ms:
            joined[-1] = joined[-1].hull(span)
        else:
            joined.append(span)
    return tuple(joined)

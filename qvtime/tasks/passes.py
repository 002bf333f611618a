"""One walk over a video: where it led, what the model said there, and what that comes to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qvtime.settings import MIN_SCORE
from qvtime.tasks.plan import Plan
from qvtime.tasks.reading import Seen
from qvtime.tasks.seams import Occurrence, Piece, find_pieces, join_pieces
from qvtime.timeline import Event, Span, merge_events


@dataclass(frozen=True, slots=True)
class Pass:
    """A plan and what came of it, window by window.

    occurrences: of the event, however unlikely, in order of time, where times alone are asked for.
    """

    plan: Plan
    seen: Sequence[Seen]
    occurrences: tuple[Occurrence, ...] = ()

    @property
    def events(self) -> tuple[Event, ...]:
        """What was found: joined where windows meet; of occurrences those likelier than not."""
        if self.plan.asks_when:
            return tuple(event for event in self.pointed if (event.score or 0) >= MIN_SCORE)
        found = (event for one in self.seen for event in one.events)
        return merge_events(found, gap_ms=self.plan.step_ms)

    @property
    def pointed(self) -> tuple[Event, ...]:
        """Where a closer look may find something: an unlikely occurrence may be a likely one."""
        if not self.plan.asks_when:
            return self.events
        question = self.plan.question
        return tuple(Event(one.span, question, one.score) for one in self.occurrences)


def start_distribution(plan: Plan, seen: Sequence[Seen]) -> tuple[tuple[int, float], ...]:
    """How likely the event begins at each patch: moments in ms, in order, with probabilities.

    The mean of what the windows say that saw a patch; empty where they say nothing of it.
    """
    said: dict[int, list[float]] = {}
    for one in seen:
        for centre_ms, share in zip(one.window.centres_ms, one.starts, strict=False):
            said.setdefault(centre_ms, []).append(share)
    half_ms = plan.granularity_ms // 2
    return tuple(
        (max(0, centre_ms - half_ms), sum(shares) / len(shares))
        for centre_ms, shares in sorted(said.items())
    )


def pass_of(plan: Plan, seen: Sequence[Seen], searched: Span) -> Pass:
    """What the model said on a walk through `searched`, by the windows that it was read in."""
    plan = replace(plan, windows=tuple(one.window for one in seen))
    if not plan.asks_when:
        return Pass(plan, seen)
    pieces: list[Piece] = []
    for number, one in enumerate(seen):
        pieces += find_pieces(one.window, number, one.spans, plan.step_ms, searched)
    return Pass(plan, seen, tuple(join_pieces(pieces, plan.windows, plan.step_ms)))

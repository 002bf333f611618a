"""Spans of time, and events: integer milliseconds, half-open."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

SURE_SCORE, LIKELY_SCORE = 0.8, 0.5
"""From these scores on, an event is drawn as sure, or as likely; below, as doubtful."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """`[start_ms, end_ms)` on the player's axis, never empty."""

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        if not 0 <= self.start_ms < self.end_ms:
            raise ValueError(f"not a span: start {self.start_ms} ms, end {self.end_ms} ms")

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms

    def overlap_ms(self, other: "Span") -> int:
        """How long both spans last together; 0 when they only touch."""
        return max(0, min(self.end_ms, other.end_ms) - max(self.start_ms, other.start_ms))

    def iou(self, other: "Span") -> float:
        """Intersection over union, 0 to 1 (the measure of temporal grounding)."""
        shared = self.overlap_ms(other)
        return shared / (self.duration_ms + other.duration_ms - shared)

    def hull(self, other: "Span") -> "Span":
        """The shortest span that holds both."""
        return Span(min(self.start_ms, other.start_ms), max(self.end_ms, other.end_ms))

    def clamp(self, bounds: "Span") -> "Span | None":
        """The part inside `bounds`, or None when nothing of it lies there."""
        start_ms, end_ms = max(self.start_ms, bounds.start_ms), min(self.end_ms, bounds.end_ms)
        return Span(start_ms, end_ms) if start_ms < end_ms else None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens: when, what, how sure, and where that came from.

    `score` is 0 to 1 and from the model's own probabilities, or None when it has none.
    `source` is "seen" for what a model saw and "subtitle" for what a subtitle says.
    """

    span: Span
    caption: str
    score: float | None = None
    source: str = "seen"


def merge_events(events: Iterable[Event], gap_ms: int = 0) -> tuple[Event, ...]:
    """Join events that say the same and overlap, touch, or lie within `gap_ms`: windows' seams.

    The joined event spans both and keeps the higher score. Order in does not matter.
    """
    merged: list[Event] = []
    for event in _in_order(events):
        for position in range(len(merged) - 1, -1, -1):
            earlier = merged[position]
            same = (earlier.caption, earlier.source) == (event.caption, event.source)
            if same and event.span.start_ms <= earlier.span.end_ms + gap_ms:
                scores = [s for s in (earlier.score, event.score) if s is not None]
                merged[position] = replace(
                    earlier,
                    span=earlier.span.hull(event.span),
                    score=max(scores) if scores else None,
                )
                break
        else:
            merged.append(event)
    return tuple(_in_order(merged))


def _in_order(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda event: (event.span, event.source, event.caption))

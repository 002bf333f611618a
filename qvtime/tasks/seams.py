"""What overlapping windows found, as one list: each occurrence once, whole, and scored.

Neighbours see the same moments. Spans of different windows that overlap mean the same occurrence,
and so do two that touch where a window ends: an event that goes on there is cut in two. A window
that saw two occurrences saw two: its own spans never become one. Where readings contradict each
other the surer one stands.

An occurrence's score is the mean of what the windows say that saw it, each weighed by the share
of it that it saw. The highest of them would be too sure: the more windows see a moment, the more
often one of them is wrong.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qvtime.tasks.looking import ONE_PATCH_MS, whole_patches
from qvtime.tasks.plan import Window
from qvtime.timeline import Span
from qvtime.timestamps import format_tags

if TYPE_CHECKING:
    from qvtime.model.reply import ScoredSpan

NOT_FOUND = "Not found."
SURE_SHARE = 0.5
"""A reading less than half as sure as one that it meets is not believed beside it."""
SEEN_SHARE = 0.5
"""A window has a say about what it saw half of, or what fills half of it."""
EDGE_PATCHES = 2
"""Windows that disagree about an edge by this much mean the same one."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """When an event happens, with a score of 0 to 1."""

    span: Span
    score: float


def likeliest(found: Sequence[Occurrence]) -> Occurrence | None:
    """The one with the best score, if there is any."""
    return max(found, key=lambda one: one.score, default=None)


def not_found(found: Sequence[Occurrence]) -> str:
    """What is said where nothing is reported: with the likeliest of what was left out."""
    best = likeliest(found)
    if best is None:
        return NOT_FOUND
    return f"{NOT_FOUND} The likeliest span scores {best.score:.2f}: {format_tags(best.span)}"


@dataclass(frozen=True, slots=True)
class Piece:
    """What a window (by its number) said. `cut_…`: it may go on beyond the window there."""

    span: Span
    score: float
    window: int
    cut_start: bool
    cut_end: bool

    def overlaps(self, other: "Piece") -> bool:
        """Whether both share a moment."""
        return self.span.overlap_ms(other.span) > 0

    def continues(self, other: "Piece") -> bool:
        """Whether they overlap, or touch where a window cut one of them."""
        earlier, later = (self, other) if self.span < other.span else (other, self)
        touch = earlier.span.end_ms == later.span.start_ms
        return self.overlaps(other) or (touch and (earlier.cut_end or later.cut_start))


def find_pieces(
    window: Window, number: int, found: Sequence["ScoredSpan"], granularity_ms: int, search: Span
) -> list[Piece]:
    """What a window said as spans of whole patches, none beyond `search`."""
    return [
        Piece(
            span=_span(one.first_ms, one.last_ms, granularity_ms, search),
            score=one.score,
            window=number,
            cut_start=one.first_ms == window.centres_ms[0]
            and window.span.start_ms > search.start_ms,
            cut_end=one.last_ms == window.centres_ms[-1] and window.span.end_ms < search.end_ms,
        )
        for one in found
    ]


def _span(first_ms: int, last_ms: int, granularity_ms: int, search: Span) -> Span:
    """From the start of the first patch to the end of the last; the search's last ends with it."""
    said = Span(first_ms, max(last_ms, first_ms + ONE_PATCH_MS))
    span = whole_patches(said, granularity_ms, search)
    if last_ms + granularity_ms >= search.end_ms:
        return Span(span.start_ms, search.end_ms)
    return span


def join_pieces(
    pieces: Sequence[Piece], windows: Sequence[Window], granularity_ms: int
) -> list[Occurrence]:
    """The occurrences in order of time, none overlapping another. The order in does not matter."""
    groups: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: (-p.score, p.span, p.window)):
        met = [group for group in groups if any(piece.continues(other) for other in group)]
        if met and not _can_be_one(piece, met):  # then it is another one, unless it overlaps
            met = [group for group in met if any(piece.overlaps(other) for other in group)]
            if met and not _can_be_one(piece, met):
                continue
        groups = [group for group in groups if group not in met]
        groups.append([piece, *(other for group in met for other in group)])
    spans = sorted(_whole(group, granularity_ms) for group in groups)
    return [Occurrence(span, _score(span, pieces, windows, granularity_ms)) for span in spans]


def _can_be_one(piece: Piece, groups: Sequence[Sequence[Piece]]) -> bool:
    """Whether a piece is sure enough beside those it meets, and no window saw them apart."""
    together = [piece, *(other for group in groups for other in group)]
    sure = piece.score >= SURE_SHARE * max(other.score for other in together)
    return sure and len({other.window for other in together}) == len(together)


def _whole(group: Sequence[Piece], granularity_ms: int) -> Span:
    """From the first start to the last end; of starts or ends close together the surest counts."""
    first_ms = min(piece.span.start_ms for piece in group)
    last_ms = max(piece.span.end_ms for piece in group)
    near_ms = EDGE_PATCHES * granularity_ms
    starts = [
        (piece.score, -piece.span.start_ms)
        for piece in group
        if not piece.cut_start and piece.span.start_ms <= first_ms + near_ms
    ]
    ends = [
        (piece.score, piece.span.end_ms)
        for piece in group
        if not piece.cut_end and piece.span.end_ms >= last_ms - near_ms
    ]
    start_ms = -max(starts)[1] if starts else first_ms
    end_ms = max(ends)[1] if ends else last_ms
    return Span(start_ms, end_ms) if start_ms < end_ms else Span(first_ms, last_ms)


def _score(
    span: Span, pieces: Sequence[Piece], windows: Sequence[Window], granularity_ms: int
) -> float:
    """The mean of what the windows say that saw the span, weighed by the share they saw."""
    said: dict[int, float] = {}
    for piece in pieces:
        if piece.span.overlap_ms(span):
            said[piece.window] = max(piece.score, said.get(piece.window, 0.0))
    total = weights = 0.0
    for number, window in enumerate(windows):
        share = _seen_share(window.centres_ms, span, granularity_ms)
        if share >= SEEN_SHARE:
            total += share * said.get(number, 0.0)
            weights += share
    surest = max(said.values())
    # A mean may come out above all that it is of, by a rounding.
    return min(surest, total / weights) if weights else surest


def _seen_share(centres_ms: Sequence[int], span: Span, granularity_ms: int) -> float:
    """How many of the span's patches are among these, or how many of these are in the span."""
    first = bisect_left(centres_ms, span.start_ms)
    inside = bisect_left(centres_ms, span.end_ms) - first
    most = min(len(centres_ms), max(1, span.duration_ms // granularity_ms))
    return min(1.0, inside / most)

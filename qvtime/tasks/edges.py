"""A finer look at where an occurrence begins and ends.

A patch of the first pass holds an edge somewhere within it. A window of finer patches around that
edge, or around the whole occurrence where it fits, says where. A finer look is believed when it
finds the occurrence, is not much less sure of it than the first one was, and moves the edge by no
more than the first one left open; an edge on which it says nothing stays as it was.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qvtime.errors import OutOfMemory
from qvtime.tasks.plan import Window
from qvtime.tasks.seams import SURE_SHARE, Occurrence, Piece, find_pieces
from qvtime.timeline import Span
from qvtime.video.sampling import patch_centres, window_around

if TYPE_CHECKING:
    from qvtime.model.reply import ScoredSpan

BOTH_EDGES = 2

LookAgain = Callable[[Window, int], "tuple[ScoredSpan, ...]"]
"""What the model finds in a window of this granularity (ms)."""


@dataclass(frozen=True, slots=True)
class Edges:
    """An occurrence whose edges were looked at again, and how many of the two were found."""

    occurrence: Occurrence
    found: int


def sharpen(
    occurrence: Occurrence,
    granularities_ms: Sequence[int],
    coarse_ms: int,
    longest_patches: Callable[[], int],
    longest_ms: int | None,
    search: Span,
    look_again: LookAgain,
) -> Edges:
    """The occurrence with its edges looked at again at each of these granularities, in order.

    coarse_ms: that of the pass that found it; longest_patches, longest_ms: how long a window may
    be, the patches less than before where memory ran out. `found` counts the edges that the last
    look found.
    """
    open_ms, found = coarse_ms, 0
    for granularity_ms in granularities_ms:
        edges = None
        while edges is None:
            patches = longest_patches()
            reach_ms = min(patches * granularity_ms, longest_ms or sys.maxsize)
            try:
                edges = look_at_edges(
                    occurrence, open_ms, granularity_ms, reach_ms, search, look_again
                )
            except OutOfMemory:
                if longest_patches() >= patches:
                    raise
        occurrence, found = edges.occurrence, edges.found
        if found == BOTH_EDGES:
            open_ms = granularity_ms
    return Edges(occurrence, found)


def look_at_edges(
    occurrence: Occurrence,
    open_ms: int,
    granularity_ms: int,
    reach_ms: int,
    search: Span,
    look_again: LookAgain,
) -> Edges:
    """The occurrence with its edges at a finer granularity, where they are found.

    open_ms: how far an edge may be off so far; reach_ms: the longest window of this granularity.
    """
    span = occurrence.span
    fits = span.duration_ms + 2 * open_ms <= reach_ms
    pieces = []
    for around in (span,) if fits else (span.start_ms, span.end_ms):
        window = _window(around, reach_ms, search, granularity_ms)
        found = find_pieces(window, 0, look_again(window, granularity_ms), granularity_ms, search)
        pieces.append(_same(found, occurrence))
    first, last = pieces[0], pieces[-1]
    start_ms, end_ms = span.start_ms, span.end_ms
    start_found = end_found = False
    if first is not None and not first.cut_start:
        start_found = abs(first.span.start_ms - start_ms) <= open_ms
        start_ms = first.span.start_ms if start_found else start_ms
    if last is not None and not last.cut_end:
        end_found = abs(last.span.end_ms - end_ms) <= open_ms
        end_ms = last.span.end_ms if end_found else end_ms
    if start_ms >= end_ms:
        return Edges(occurrence, 0)
    return Edges(replace(occurrence, span=Span(start_ms, end_ms)), start_found + end_found)


def _window(around: int | Span, reach_ms: int, search: Span, granularity_ms: int) -> Window:
    """The window of `reach_ms` with this in its middle, within what is searched."""
    first_ms = search.start_ms
    if isinstance(around, Span):
        inside: int | Span = Span(around.start_ms - first_ms, around.end_ms - first_ms)
    else:
        inside = around - first_ms
    moved = window_around(inside, reach_ms, search.duration_ms)
    span = Span(moved.start_ms + first_ms, moved.end_ms + first_ms)
    return Window(span, tuple(patch_centres(span, granularity_ms)))


def _same(found: Sequence[Piece], occurrence: Occurrence) -> Piece | None:
    """What was found of this occurrence; None when it was not, or not surely enough."""
    span, least = occurrence.span, SURE_SHARE * occurrence.score
    sure = [piece for piece in found if piece.span.overlap_ms(span) and piece.score >= least]
    return max(sure, key=lambda piece: piece.score * piece.span.overlap_ms(span), default=None)

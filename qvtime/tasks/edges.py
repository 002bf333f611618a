"""A finer look at where an occurrence begins and ends.

A patch of the first pass holds an edge somewhere within it. A window of finer patches around that
edge, or around the whole occurrence where it fits, says where. A finer look is believed when it
finds the occurrence, is not much less sure of it than the first one was, and moves the edge by no
more than the first one left open; an edge on which it says nothing stays as it was.

Last comes a look as fine as before whose patches lie between those before. Patches half a second
apart leave half a second open in which an event may have begun, and its middle is said. Two looks
whose patches lie halfway between each other's leave a quarter open, whose middle is the mean of
what the two say. So is the score: what is taken for it in one set of pictures is less often taken
for it in another.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qvtime.errors import OutOfMemory
from qvtime.model.prompt import LABEL_MS
from qvtime.tasks.plan import Window
from qvtime.tasks.seams import SURE_SHARE, Occurrence, Piece, find_pieces
from qvtime.timeline import Span
from qvtime.video.sampling import patch_centres, window_within

if TYPE_CHECKING:
    from qvtime.model.reply import ScoredSpan

BOTH_EDGES = 2
AROUND_PATCHES = 16
"""How many patches more than the occurrence a look between patches sees, where it may."""

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

    def look(granularity_ms: int, open_ms: int, between: bool = False) -> Edges:
        while True:
            patches = longest_patches()
            reach_ms = min(patches * granularity_ms, longest_ms or sys.maxsize)
            try:
                return look_at_edges(
                    occurrence, open_ms, granularity_ms, reach_ms, search, look_again, between
                )
            except OutOfMemory:
                if longest_patches() >= patches:
                    raise

    open_ms, edges = coarse_ms, Edges(occurrence, BOTH_EDGES)
    for granularity_ms in granularities_ms:
        edges = look(granularity_ms, open_ms)
        occurrence = edges.occurrence
        if edges.found == BOTH_EDGES:
            open_ms = granularity_ms
    if edges.found == BOTH_EDGES and _halfway_ms(open_ms) and search.duration_ms >= 2 * open_ms:
        edges = look(open_ms, open_ms, between=True)
    return edges


def look_at_edges(
    occurrence: Occurrence,
    open_ms: int,
    granularity_ms: int,
    reach_ms: int,
    search: Span,
    look_again: LookAgain,
    between: bool = False,
) -> Edges:
    """The occurrence with its edges at a finer granularity, where they are found.

    open_ms: how far an edge may be off so far; reach_ms: the longest window of this granularity;
    between: the patches lie between those that gave the edges, which move halfway.
    """
    span = occurrence.span
    room_ms = 2 * open_ms + (granularity_ms if between else 0)  # and a patch beyond each edge
    fits = span.duration_ms + room_ms <= reach_ms
    if between:
        around_ms = AROUND_PATCHES * granularity_ms + (span.duration_ms if fits else 0)
        reach_ms = min(reach_ms, around_ms)
    pieces = []
    for around in (span,) if fits else (span.start_ms, span.end_ms):
        window = _window(around, reach_ms, search, granularity_ms)
        if between:
            window = _moved(window, _halfway_ms(granularity_ms), granularity_ms)
        found = find_pieces(window, 0, look_again(window, granularity_ms), granularity_ms, search)
        pieces.append(_same(found, occurrence))
    if between:
        again = sum(0.0 if piece is None else piece.score for piece in pieces) / len(pieces)
        occurrence = replace(occurrence, score=(occurrence.score + again) / 2)
    first, last = pieces[0], pieces[-1]
    said_start_ms = None if first is None or first.cut_start else first.span.start_ms
    said_end_ms = None if last is None or last.cut_end else last.span.end_ms
    start_ms, start_found = _edge(span.start_ms, said_start_ms, open_ms, between)
    end_ms, end_found = _edge(span.end_ms, said_end_ms, open_ms, between)
    if start_ms >= end_ms:
        return Edges(occurrence, 0)
    return Edges(replace(occurrence, span=Span(start_ms, end_ms)), start_found + end_found)


def _window(around: int | Span, reach_ms: int, search: Span, granularity_ms: int) -> Window:
    """The window of `reach_ms` with this in its middle, within what is searched."""
    span = window_within(around, reach_ms, search)
    return Window(span, tuple(patch_centres(span, granularity_ms)))


def _halfway_ms(granularity_ms: int) -> int:
    """How far patches are moved to lie between those before, as near to half as labels spell."""
    return granularity_ms // 2 // LABEL_MS * LABEL_MS


def _moved(window: Window, by_ms: int, granularity_ms: int) -> Window:
    """The same stretch in patches that lie so much after the granularity's own."""
    span = Span(max(0, window.span.start_ms - by_ms), max(1, window.span.end_ms - by_ms))
    centres_ms = tuple(centre_ms + by_ms for centre_ms in patch_centres(span, granularity_ms))
    return replace(window, centres_ms=centres_ms)


def _edge(edge_ms: int, said_ms: int | None, open_ms: int, between: bool) -> tuple[int, bool]:
    """Where an edge is after another look, and whether that one is believed."""
    if said_ms is None or abs(said_ms - edge_ms) > open_ms:
        return edge_ms, False
    return (edge_ms + said_ms) // 2 if between else said_ms, True


def _same(found: Sequence[Piece], occurrence: Occurrence) -> Piece | None:
    """What was found of this occurrence; None when it was not, or not surely enough."""
    span, least = occurrence.span, SURE_SHARE * occurrence.score
    sure = [piece for piece in found if piece.span.overlap_ms(span) and piece.score >= least]
    return max(sure, key=lambda piece: piece.score * piece.span.overlap_ms(span), default=None)

"""What windows found becomes one list: planted events come out whole and once."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.model.reply import ScoredSpan
from qvtime.tasks.edges import look_at_edges, sharpen
from qvtime.tasks.plan import Window
from qvtime.tasks.seams import Occurrence, Piece, find_pieces, join_pieces
from qvtime.timeline import Span
from qvtime.video.sampling import patch_centres, windows

PATCH_MS = 500
VIDEO = Span(0, 60_000)


def seen(truth: Sequence[Span], centres_ms: Sequence[int], score: float = 1.0) -> list[ScoredSpan]:
    """What a model that makes no mistakes says about these patches."""
    found = []
    for event in truth:
        inside = [c for c in centres_ms if event.start_ms <= c < event.end_ms]
        if inside:
            found.append(ScoredSpan(inside[0], inside[-1], score))
    return found


def cut(window_ms: int, overlap_ms: int, search: Span = VIDEO) -> list[Window]:
    parts = windows(search, window_ms, overlap_ms)
    return [Window(part, tuple(patch_centres(part, PATCH_MS))) for part in parts]


def located(truth: Sequence[Span], views: Sequence[Window]) -> list[Occurrence]:
    pieces = [
        piece
        for number, window in enumerate(views)
        for piece in find_pieces(window, number, seen(truth, window.centres_ms), PATCH_MS, VIDEO)
    ]
    return join_pieces(pieces, views, PATCH_MS)


def on_grid(event: Span) -> Span:
    """The patches that an event covers, whole."""
    centres = patch_centres(event, PATCH_MS)
    last = centres[-1] == VIDEO.end_ms - PATCH_MS
    return Span(max(0, centres[0] - 250), VIDEO.end_ms if last else centres[-1] + 250)


@st.composite
def events(draw: st.DrawFn) -> list[Span]:
    """Events of half a second to twelve, with at least two patches between them."""
    found: list[Span] = []
    free_ms = draw(st.integers(0, 20_000))
    while free_ms < 59_000 and len(found) < 6:
        end_ms = free_ms + draw(st.integers(500, 12_000))
        if end_ms > VIDEO.end_ms:
            break
        found.append(Span(free_ms, end_ms))
        free_ms = end_ms + draw(st.integers(1000, 15_000))
    return found


@given(truth=events(), patches=st.integers(6, 60), share=st.sampled_from([0.25, 0.375, 0.5]))
def test_planted_events_are_found_whole_and_once(
    truth: list[Span], patches: int, share: float
) -> None:
    """Longer or shorter than a window, across any number of seams."""
    window_ms = patches * PATCH_MS
    found = located(truth, cut(window_ms, int(window_ms * share)))
    assert [one.span for one in found] == [on_grid(event) for event in truth]
    assert all(one.score == pytest.approx(1) for one in found)


PIECES = st.lists(
    st.tuples(
        st.integers(0, 119), st.integers(1, 12), st.floats(0.01, 1), st.integers(0, 8),
        st.booleans(), st.booleans(),
    ),
    max_size=25,
)  # fmt: skip


@given(raw=PIECES, seed=st.randoms(use_true_random=False))
def test_any_readings_become_spans_that_never_overlap_in_any_order(
    raw: list[tuple[int, int, float, int, bool, bool]], seed: Random
) -> None:
    views = cut(10_000, 3750)
    pieces = [
        Piece(Span(500 * a, 500 * (a + n)), score, window, cut_start, cut_end)
        for a, n, score, window, cut_start, cut_end in raw
    ]
    found = join_pieces(pieces, views, PATCH_MS)
    for earlier, later in pairwise(found):
        assert earlier.span.end_ms <= later.span.start_ms
    for one in found:
        assert 0 <= one.score <= max(piece.score for piece in pieces)
        assert any(piece.span.overlap_ms(one.span) for piece in pieces)
    shuffled = list(pieces)
    seed.shuffle(shuffled)
    assert join_pieces(shuffled, views, PATCH_MS) == found


def test_windows_that_agree_on_a_score_give_that_score() -> None:
    """0.18 of each, weighed, is 0.18000000000000002."""
    views = cut(10_000, 3750)
    pieces = [Piece(Span(24_000, 26_000), 0.18, n, False, False) for n in range(len(views))]
    (found,) = join_pieces(pieces, views, PATCH_MS)
    assert found.score == 0.18


def piece(start_s: float, end_s: float, score: float, window: int, cut: str = "") -> Piece:
    span = Span(round(1000 * start_s), round(1000 * end_s))
    return Piece(span, score, window, "start" in cut, "end" in cut)


TWO = cut(8000, 3000, Span(0, 13_000))


def test_the_surer_window_says_where_an_edge_is() -> None:
    (found,) = join_pieces([piece(5.5, 7.5, 0.9, 0), piece(5, 8, 0.6, 1)], TWO, PATCH_MS)
    assert found.span == Span(5500, 7500)
    (found,) = join_pieces([piece(5.5, 7.5, 0.6, 0), piece(5, 8, 0.9, 1)], TWO, PATCH_MS)
    assert found.span == Span(5000, 8000)


def test_an_edge_that_a_window_cut_gives_way() -> None:
    (found,) = join_pieces([piece(6, 8, 0.9, 0, "end"), piece(6.5, 9.5, 0.5, 1)], TWO, PATCH_MS)
    assert found.span == Span(6000, 9500)


def test_spans_that_touch_are_one_only_where_a_window_ends() -> None:
    apart = join_pieces([piece(6, 7, 0.9, 0), piece(7, 9, 0.9, 1)], TWO, PATCH_MS)
    assert [one.span for one in apart] == [Span(6000, 7000), Span(7000, 9000)]
    (one,) = join_pieces([piece(6, 7, 0.9, 0, "end"), piece(7, 9, 0.9, 1)], TWO, PATCH_MS)
    assert one.span == Span(6000, 9000)


def test_what_one_window_saw_apart_stays_apart() -> None:
    first, second = piece(5.5, 6.5, 0.8, 0), piece(7, 8, 0.8, 0)
    found = join_pieces([first, second, piece(5.5, 8, 0.7, 1)], TWO, PATCH_MS)
    assert [one.span for one in found] == [first.span, second.span]
    # and where they touch what another window cut
    found = join_pieces(
        [piece(5, 7, 0.8, 0, "end"), piece(5, 7, 0.8, 1, "start"), piece(7, 9, 0.8, 1)],
        TWO,
        PATCH_MS,
    )
    assert [one.span for one in found] == [Span(5000, 7000), Span(7000, 9000)]


def test_a_poor_reading_moves_nothing() -> None:
    (found,) = join_pieces([piece(5.5, 7, 0.9, 0), piece(6.5, 12, 0.3, 1)], TWO, PATCH_MS)
    assert found.span == Span(5500, 7000)


def test_a_score_is_the_mean_of_the_windows_that_saw_it() -> None:
    (both,) = join_pieces([piece(6, 7, 0.9, 0), piece(6, 7, 0.5, 1)], TWO, PATCH_MS)
    assert both.score == pytest.approx(0.7)
    (denied,) = join_pieces([piece(6, 7, 0.9, 0)], TWO, PATCH_MS)
    assert denied.score == pytest.approx(0.45)
    (alone,) = join_pieces([piece(2, 3, 0.9, 0)], TWO, PATCH_MS)
    assert alone.score == pytest.approx(0.9)
    (partly,) = join_pieces([piece(6, 8, 0.6, 0), piece(6, 10, 0.9, 1)], TWO, PATCH_MS)
    assert partly.score == pytest.approx((0.5 * 0.6 + 0.9) / 1.5)


@given(
    start_ms=st.integers(1000, 50_000),
    length_ms=st.integers(800, 9000),
    off=st.tuples(st.integers(-250, 250), st.integers(-250, 250)),
    patches=st.integers(10, 128),
    fine_ms=st.just(100),
)
def test_a_finer_look_finds_the_planted_edges(
    start_ms: int, length_ms: int, off: tuple[int, int], patches: int, fine_ms: int
) -> None:
    truth = Span(start_ms, start_ms + length_ms)
    rough = Occurrence(Span(truth.start_ms + off[0], truth.end_ms + off[1]), 0.8)
    looks: list[Window] = []

    def look(window: Window, granularity_ms: int) -> tuple[ScoredSpan, ...]:
        looks.append(window)
        return tuple(seen([truth], patch_centres(window.span, granularity_ms)))

    edges = look_at_edges(rough, 500, fine_ms, patches * fine_ms, VIDEO, look)
    span = edges.occurrence.span
    assert edges.found == 2
    assert abs(span.start_ms - truth.start_ms) <= fine_ms
    assert abs(span.end_ms - truth.end_ms) <= fine_ms
    assert edges.occurrence.score == rough.score
    assert len(looks) <= 2
    assert all(len(look.centres_ms) <= patches for look in looks)


@pytest.mark.parametrize(
    "said",
    [
        (),  # nothing
        (ScoredSpan(20_000, 21_000, 0.9),),  # something else
        (ScoredSpan(10_000, 12_000, 0.3),),  # not surely enough
        (ScoredSpan(8000, 14_000, 0.9),),  # too far from where the edges were
    ],
)
def test_a_finer_look_that_is_not_believed_changes_nothing(said: tuple[ScoredSpan, ...]) -> None:
    rough = Occurrence(Span(10_000, 12_000), 0.8)
    edges = look_at_edges(rough, 500, 100, 20_000, VIDEO, lambda window, granularity_ms: said)
    assert (edges.occurrence, edges.found) == (rough, 0)


def test_an_edge_beyond_the_finer_window_stays_where_it_was() -> None:
    """Going on at the window's own end says nothing about where it ends."""
    rough = Occurrence(Span(10_000, 12_000), 0.8)

    def look(window: Window, granularity_ms: int) -> tuple[ScoredSpan, ...]:
        return (ScoredSpan(window.centres_ms[0], window.centres_ms[-1], 0.9),)

    edges = look_at_edges(rough, 500, 100, 600, VIDEO, look)
    assert (edges.occurrence, edges.found) == (rough, 0)


@given(
    start_ms=st.integers(1000, 50_000),
    length_ms=st.integers(1000, 9000),
    coarse_ms=st.sampled_from([500, 1000]),
    patches=st.integers(10, 128),
)
def test_a_look_between_patches_halves_what_is_open(
    start_ms: int, length_ms: int, coarse_ms: int, patches: int
) -> None:
    truth = Span(start_ms, start_ms + length_ms)
    (first,) = seen([truth], patch_centres(VIDEO, coarse_ms))
    half_ms = coarse_ms // 2
    rough = Occurrence(Span(first.first_ms - half_ms, first.last_ms + half_ms), 0.8)
    looks: list[Window] = []

    def look(window: Window, granularity_ms: int) -> tuple[ScoredSpan, ...]:
        looks.append(window)
        return tuple(seen([truth], window.centres_ms))

    edges = sharpen(rough, (), coarse_ms, lambda: patches, None, VIDEO, look)
    span = edges.occurrence.span
    assert edges.found == 2
    assert abs(span.start_ms - truth.start_ms) <= 0.3 * coarse_ms
    assert abs(span.end_ms - truth.end_ms) <= 0.3 * coarse_ms
    assert all(len(one.centres_ms) <= patches for one in looks)
    assert not any(centre_ms % coarse_ms == 0 for one in looks for centre_ms in one.centres_ms)


@pytest.mark.parametrize(("again", "score"), [(0.9, 0.85), (0.4, 0.6), (0.3, 0.4), (None, 0.4)])
def test_the_score_is_the_mean_of_both_looks(again: float | None, score: float) -> None:
    """Nothing, and a reading less than half as sure, count as none."""
    rough = Occurrence(Span(10_000, 12_000), 0.8)

    def look(window: Window, granularity_ms: int) -> tuple[ScoredSpan, ...]:
        return () if again is None else (ScoredSpan(10_200, 11_700, again),)

    edges = sharpen(rough, (), 500, lambda: 30, None, VIDEO, look)
    assert edges.occurrence.score == pytest.approx(score)
    assert edges.found == (2 if score > 0.5 else 0)


def test_the_finest_patches_have_none_between_them() -> None:
    rough = Occurrence(Span(10_000, 12_000), 0.8)

    def look(window: Window, granularity_ms: int) -> tuple[ScoredSpan, ...]:
        raise AssertionError("there is no label between two of these patches")

    assert sharpen(rough, (), 100, lambda: 30, None, VIDEO, look).occurrence == rough

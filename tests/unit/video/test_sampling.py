"""Moments and windows: on one grid, inside the video, nothing left out."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.timeline import Span
from qvtime.video.sampling import (
    close_spacing_ms,
    frame_times,
    patch_centres,
    window_around,
    windows,
)

granularities = st.sampled_from([100, 500, 1000])
spans = st.builds(
    lambda start, length: Span(start, start + length),
    st.integers(0, 10_000_000),
    st.integers(1, 600_000),
)


def test_the_patches_of_a_planted_span() -> None:
    assert patch_centres(Span(900, 2500), 500) == [1000, 1500, 2000]
    assert patch_centres(Span(0, 1000), 500) == [0, 500]
    assert patch_centres(Span(1100, 1300), 500) == [1000]


def test_the_moments_of_planted_patches() -> None:
    assert frame_times([0, 500, 1000], 500) == [0, 125, 375, 625, 875, 1125]
    assert frame_times([1000], 1000, duration_ms=1100) == [750, 1100]
    assert frame_times([300], 100) == [275, 325]


def test_a_centre_that_comes_again_is_looked_at_closely() -> None:
    assert frame_times([500, 1000, 1000], 500) == [375, 625, 875, 1125, 938, 1062]
    assert frame_times([1000, 1000], 1000) == [750, 1250, 875, 1125]
    assert frame_times([300, 300], 100) == [275, 325, 275, 325], "no closer than frames are"
    assert frame_times([0, 0], 500, duration_ms=50) == [0, 50, 0, 50]
    assert [close_spacing_ms(g) for g in (100, 200, 500, 1000)] == [50, 50, 125, 250]


@given(spans, granularities)
def test_patches_cover_the_span_on_the_grid(span: Span, granularity_ms: int) -> None:
    centres = patch_centres(span, granularity_ms)
    assert all(centre % granularity_ms == 0 for centre in centres)
    assert all(b - a == granularity_ms for a, b in pairwise(centres))
    assert centres[0] <= span.start_ms + granularity_ms
    assert centres[-1] >= span.end_ms - 1 - granularity_ms
    if len(centres) > 1:
        assert span.start_ms <= centres[0] <= centres[-1] < span.end_ms


@given(spans, granularities)
def test_a_patch_is_the_mean_of_its_two_moments(span: Span, granularity_ms: int) -> None:
    centres = patch_centres(span, granularity_ms)
    times = frame_times(centres, granularity_ms)
    assert times == sorted(times)
    for centre, first, second in zip(centres, times[::2], times[1::2], strict=True):
        assert first == max(0, centre - granularity_ms // 4)
        assert second == centre + granularity_ms // 4


@given(spans, granularities, st.integers(0, 600_000))
def test_moments_stay_in_the_video(span: Span, granularity_ms: int, duration_ms: int) -> None:
    times = frame_times(patch_centres(span, granularity_ms), granularity_ms, duration_ms)
    assert times == sorted(times)
    assert all(0 <= time <= duration_ms for time in times)


@given(spans, st.integers(1, 60_000), st.data())
def test_windows_cover_the_span_and_are_all_as_long(
    span: Span, window_ms: int, data: st.DataObject
) -> None:
    window_ms = max(window_ms, span.duration_ms // 200)
    overlap_ms = data.draw(st.integers(0, window_ms // 2))
    cut = windows(span, window_ms, overlap_ms)
    assert (cut[0].start_ms, cut[-1].end_ms) == (span.start_ms, span.end_ms)
    assert {window.duration_ms for window in cut} == {min(window_ms, span.duration_ms)}
    for earlier, later in pairwise(cut):
        assert earlier.start_ms < later.start_ms <= earlier.end_ms - overlap_ms
    stride_ms = window_ms - overlap_ms
    assert len(cut) <= 1 + -(-span.duration_ms // stride_ms)


@given(st.integers(0, 20_000_000), st.integers(1, 60_000), st.integers(1, 10_000_000))
def test_a_window_around_a_moment_holds_it(
    moment_ms: int, window_ms: int, duration_ms: int
) -> None:
    window = window_around(moment_ms, window_ms, duration_ms)
    assert window.duration_ms == min(window_ms, duration_ms)
    assert window.end_ms <= duration_ms
    assert window.start_ms <= min(moment_ms, duration_ms) <= window.end_ms


@given(spans, st.integers(1, 60_000), st.integers(1, 10_000_000))
def test_a_window_around_a_span_holds_it(span: Span, window_ms: int, duration_ms: int) -> None:
    window = window_around(span, window_ms, duration_ms)
    inside = span.clamp(Span(0, duration_ms))
    assert window.end_ms <= duration_ms
    if inside is not None:
        assert window.start_ms <= inside.start_ms < inside.end_ms <= window.end_ms


def test_the_middle_is_the_moment() -> None:
    assert window_around(168_000, 8_000, 210_000) == Span(164_000, 172_000)
    assert window_around(1_000, 8_000, 210_000) == Span(0, 8_000)
    assert window_around(209_000, 8_000, 210_000) == Span(202_000, 210_000)


def test_senseless_choices_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot overlap"):
        windows(Span(0, 10), 5, 5)
    with pytest.raises(ValueError, match="too fine"):
        patch_centres(Span(0, 10), 0)
    with pytest.raises(ValueError, match="no window"):
        window_around(0, 0, 10)

"""Ticks: round, within their span, and as many as there is room for."""

from hypothesis import given
from hypothesis import strategies as st

from qvtime.ticks import STEPS_MS, tick_label, tick_step_ms, ticks_ms
from qvtime.timeline import Span

spans = st.builds(
    lambda start, length: Span(start, start + length),
    st.integers(0, 10**8),
    st.integers(1, 24 * 3_600_000),
)


@given(spans, st.integers(1, 40))
def test_ticks_are_round_inside_and_not_too_many(span: Span, most: int) -> None:
    step_ms = tick_step_ms(span, lambda _: most)
    ticks = ticks_ms(span, step_ms)
    assert step_ms in STEPS_MS
    assert len(ticks) <= most + 1
    assert all(span.start_ms <= tick <= span.end_ms and tick % step_ms == 0 for tick in ticks)


def test_the_smallest_step_that_fits() -> None:
    assert tick_step_ms(Span(0, 222_000), lambda _: 8) == 30_000
    assert tick_step_ms(Span(0, 222_000), lambda _: 7) == 60_000
    assert tick_step_ms(Span(0, 900), lambda _: 9) == 100


def test_a_step_needs_room_for_its_own_labels_only() -> None:
    fine_labels_are_long = {100: 2, 200: 3, 500: 5}
    assert tick_step_ms(Span(0, 5000), lambda step: fine_labels_are_long.get(step, 6)) == 1000
    assert tick_step_ms(Span(0, 2500), lambda step: fine_labels_are_long.get(step, 6)) == 500


def test_labels() -> None:
    assert tick_label(168_000, 1000) == "2:48"
    assert tick_label(168_500, 500) == "2:48.5"
    assert tick_label(3_768_000, 60_000) == "1:02:48"

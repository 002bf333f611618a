"""Timestamps to milliseconds: exact, against fractions."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from qvtime.video.clock import Clock

clocks = st.builds(
    Clock,
    st.sampled_from(
        [Fraction(1, 90000), Fraction(1, 1000), Fraction(1001, 30000), Fraction(1, 25)]
    ),
    st.integers(-10_000_000, 10**12).map(lambda microseconds: Fraction(microseconds, 10**6)),
)


def test_planted_times() -> None:
    clock = Clock(Fraction(1, 90000), Fraction(10))
    assert clock.milliseconds(900_000) == 0
    assert clock.milliseconds(903_003) == 33
    assert clock.milliseconds(900_045) == 1  # half a millisecond goes up
    assert clock.origin_ms == 10_000


@given(clocks, st.integers(-(2**40), 2**40))
def test_the_nearest_millisecond(clock: Clock, pts: int) -> None:
    exact = 1000 * (pts * clock.time_base - clock.origin)
    assert -Fraction(1, 2) <= exact - clock.milliseconds(pts) < Fraction(1, 2)


@given(clocks, st.integers(0, 10**8))
def test_the_last_timestamp_by_then(clock: Clock, time_ms: int) -> None:
    pts = clock.pts(time_ms)
    exact = Fraction(time_ms, 1000) + clock.origin
    assert pts * clock.time_base <= exact < (pts + 1) * clock.time_base

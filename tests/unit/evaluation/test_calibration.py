"""Calibration is measured right: planted scores, planted truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.evaluation.calibration import (
    Judged,
    expected_calibration_error,
    judge,
    reliability,
    reliability_lines,
)
from qvtime.timeline import Span


def test_scores_that_mean_what_they_say_have_no_error() -> None:
    generator = np.random.default_rng(0)
    scores = generator.random(20_000)
    judged = [Judged(float(s), bool(generator.random() < s)) for s in scores]
    table = reliability(judged)
    assert len(table) == 10
    assert expected_calibration_error(table) < 0.02
    for one in table:
        assert one.low <= one.score < one.high
        assert one.right == pytest.approx(one.score, abs=0.04)


def test_scores_that_are_too_sure_are_as_wrong_as_they_are() -> None:
    judged = [Judged(0.9, place % 10 < 6) for place in range(100)]
    table = reliability(judged)
    assert [(one.count, one.right) for one in table] == [(100, 0.6)]
    assert table[0].score == pytest.approx(0.9)
    assert expected_calibration_error(table) == pytest.approx(0.3)
    assert "expected calibration error 0.300 of 100 spans" in reliability_lines(table)
    assert "0.9 - 1.0    100  0.900  0.600" in reliability_lines(table)


def test_two_bins_are_weighed_by_their_spans() -> None:
    judged = [Judged(1.0, True)] * 3 + [Judged(0.0, True)]
    assert expected_calibration_error(reliability(judged)) == pytest.approx(0.25)
    assert expected_calibration_error(reliability([])) == 0


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans())))
def test_every_span_is_in_one_bin(scored: list[tuple[float, bool]]) -> None:
    table = reliability([Judged(score, right) for score, right in scored])
    assert sum(one.count for one in table) == len(scored)
    assert sum(one.count * one.right for one in table) == pytest.approx(sum(r for _, r in scored))
    assert 0 <= expected_calibration_error(table) <= 1


def test_each_truth_is_found_once_and_by_the_surest() -> None:
    truth = [Span(1000, 2000), Span(5000, 6000)]
    found = [
        (Span(1100, 2000), 0.4),
        (Span(1000, 2100), 0.8),
        (Span(5000, 5400), 0.9),
        (Span(8000, 9000), 0.1),
    ]
    assert judge(found, truth, 0.5) == [
        Judged(0.9, False),
        Judged(0.8, True),
        Judged(0.4, False),
        Judged(0.1, False),
    ]
    assert judge(found, [], 0.5) == [Judged(score, False) for score in (0.9, 0.8, 0.4, 0.1)]
    assert judge([], truth, 0.5) == []

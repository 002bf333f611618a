"""The measures on cases worked out by hand."""

import pytest

from qvtime.evaluation.metrics import Grounding, mean_iou, median_boundary_error_ms, recall_at
from qvtime.timeline import Span

CASES = [
    Grounding(Span(1000, 2000), Span(1000, 2000)),  # IoU 1
    Grounding(Span(1000, 2000), Span(1500, 2500)),  # IoU 1/3
    Grounding(Span(1000, 2000), Span(1200, 2000)),  # IoU 0.8
    Grounding(Span(1000, 2000), None),
]


def test_recall() -> None:
    assert recall_at(CASES, 0.5) == 0.5
    assert recall_at(CASES, 0.3) == 0.75
    assert recall_at(CASES, 0.9) == 0.25


def test_mean_iou() -> None:
    assert mean_iou(CASES) == pytest.approx((1 + 1 / 3 + 0.8) / 4)


def test_boundary_error_is_over_both_ends_of_what_was_found() -> None:
    assert median_boundary_error_ms(CASES) == 100  # the middle of 0 0 0 200 500 500
    assert median_boundary_error_ms(CASES[3:]) == float("inf")

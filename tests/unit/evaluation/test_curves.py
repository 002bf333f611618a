"""What a plot shows: equal to the measures that are printed, and drawn where it belongs."""

import pytest

from qvtime.drawing.recall_chart import SIDE_PX, Bin, draw_recall
from qvtime.drawing.shapes import BLUE, GREEN, Box, Line
from qvtime.evaluation.curves import THRESHOLDS, curves_of
from qvtime.evaluation.entries import Entry, Interval, Pair
from qvtime.evaluation.moments import measure_moments
from qvtime.evaluation.presets import Rules
from qvtime.evaluation.reliability import measure_reliability


def pair(end_s: float, score: float | None) -> Pair:
    """A query whose answer has an IoU of end_s / 10 with its true span."""
    truth = Entry("", "1", "v", "q", (Interval(0, 10),))
    return Pair(truth, Entry("", "1", "v", "q", (Interval(0, end_s, score),)))


PAIRS = [pair(10, 0.95), pair(6, 0.85), pair(4, 0.35), pair(2, 0.32)]
RULES = Rules()


def test_the_curve_goes_through_the_measures() -> None:
    curves = curves_of(PAIRS, RULES)
    assert curves is not None
    assert curves.queries == 4
    shares = dict(curves.recall)
    assert tuple(shares) == THRESHOLDS
    assert shares[0.05] == 1
    assert (shares[0.4], shares[0.45], shares[0.65]) == (0.75, 0.5, 0.25)
    measures = {one.name: one.value for one in measure_moments(PAIRS, RULES).measures}
    for threshold in (0.3, 0.5, 0.7):
        assert 100 * shares[threshold] == measures[f"R@1 IoU {threshold}"]


def test_the_bins_add_up_to_the_calibration_error() -> None:
    curves = curves_of(PAIRS, RULES)
    reliability = measure_reliability(PAIRS, RULES)
    assert curves is not None
    assert reliability is not None
    assert [(one.count, one.right) for one in curves.bins] == [(2, 0), (1, 1), (1, 1)]
    error = sum(one.count * abs(one.score - one.right) for one in curves.bins) / 4
    assert reliability.measures[0].value == pytest.approx(100 * error)


def test_what_cannot_be_drawn_is_not_there() -> None:
    assert curves_of([], RULES) is None
    nothing_true = Pair(Entry("", "1", "v", "q"), None)
    assert curves_of([nothing_true], RULES) is None
    unscored = curves_of([pair(10, None)], RULES)
    assert unscored is not None
    assert unscored.bins == ()
    assert draw_recall("t", "f", unscored.recall, []).shapes


def test_marks_are_where_the_numbers_say() -> None:
    sheet = draw_recall("t", "f", [(0.25, 1.0), (0.75, 0.5)], [Bin(9, 0.5, 1.0), Bin(1, 0.5, 0.0)])
    (line,) = [one for one in sheet.shapes if isinstance(one, Line) and one.colour == BLUE]
    (left, top), (right, bottom) = line.points
    assert (right - left, bottom - top) == (SIDE_PX / 2, SIDE_PX / 2)
    large, small = [one for one in sheet.shapes if isinstance(one, Box) and one.fill == GREEN]
    assert large.width > small.width
    assert large.left + large.width / 2 == small.left + small.width / 2
    apart_px = (small.top + small.height / 2) - (large.top + large.height / 2)
    assert apart_px == pytest.approx(SIDE_PX)

"""Highlights, several spans, dense captions, calibration: by hand and against plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qvtime.evaluation.dense import f1, measure_dense, soda_c
from qvtime.evaluation.entries import Entry, Interval, Pair
from qvtime.evaluation.highlights import clip_precision, is_hit, measure_highlights
from qvtime.evaluation.presets import PRESETS, Rules
from qvtime.evaluation.reliability import measure_reliability
from qvtime.evaluation.spans import area, measure_spans, precision_and_recall, union, union_iou
from qvtime.evaluation.words import word_f1, words_of
from tests.unit.evaluation import originals

RULES = Rules()
few = settings(max_examples=30)


def spans(*ends: tuple[float, float]) -> tuple[Interval, ...]:
    return tuple(Interval(*one) for one in ends)


def told(*events: tuple[float, float, str]) -> Entry:
    return Entry("here", intervals=tuple(Interval(a, b, caption=text) for a, b, text in events))


def test_clip_precision_by_hand() -> None:
    # ranked: right, wrong, right, wrong: 1/1 at the first right one, 2/3 at the second
    true, scores = np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.6])
    assert clip_precision(true, scores) == pytest.approx((1 + 2 / 3) / 2)
    # all scores equal: one threshold takes everything
    assert clip_precision(true, np.ones(4)) == 0.5
    # a missing score is 0, one beyond the last clip is left out
    assert clip_precision(true, np.array([0.9])) == clip_precision(true, np.array([0.9, 0, 0, 0]))
    assert clip_precision(true, np.append(scores, 9.0)) == clip_precision(true, scores)
    assert clip_precision(np.zeros(4, bool), scores) == 0
    assert clip_precision(np.ones(4, bool), scores) == 1


@few
@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.5, 1.0, 2.0])), min_size=1))
def test_clip_precision_equals_plain_loops(clips: list[tuple[bool, float]]) -> None:
    true, scores = [one for one, _ in clips], [one for _, one in clips]
    ours = clip_precision(np.array(true), np.array(scores))
    assert ours == pytest.approx(originals.clip_precision(true, scores), abs=1e-12)


def test_the_first_of_equal_scores_is_the_hit() -> None:
    rated = np.array([[False, False], [False, True]])
    assert is_hit(rated, np.array([0.1, 0.9]))
    assert not is_hit(rated, np.array([0.9, 0.9]))
    assert not is_hit(rated, np.array([0.1, 0.2, 0.9])), "past the last clip"
    assert not is_hit(rated, np.array([]))


def test_highlights_by_hand() -> None:
    truth = Entry("here", clip_ratings=((4.0, 2.0), (0.0, 0.0)))
    found = measure_highlights([Pair(truth, Entry("there", clip_scores=(0.9, 0.1)))], RULES)
    values = {one.name: one.value for one in found.measures}
    assert values["mAP Fair"] == values["HIT@1 Fair"] == 100
    assert values["mAP Good"] == 50, "one of two raters says that there is one, the other none"
    assert values["HIT@1 Good"] == 100


whole = st.integers(0, 40).map(float)
answers = st.lists(st.tuples(whole, whole).map(lambda ends: (min(ends), max(ends))), max_size=5)


@few
@given(answers, answers)
def test_union_iou_equals_counting_seconds(
    truth: list[tuple[float, float]], found: list[tuple[float, float]]
) -> None:
    # The original does not join the truth, so it is given joined, as the data set's is.
    joined = [(one.start_s, one.end_s) for one in union(spans(*truth))]
    ours = union_iou(spans(*joined), spans(*found))
    assert ours == pytest.approx(originals.union_iou(joined, found), abs=1e-9)


@few
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.booleans())
def test_area_equals_trapezoids(values: list[float], above: bool) -> None:
    # 0.01 * step and linspace differ in the last bit; values on a threshold are moved off it
    values = [round(value, 3) + 0.0005 for value in values]
    assert area(values, above) == pytest.approx(originals.area(values, above))


def test_perfect_answers_have_an_iou_area_of_99_5() -> None:
    truth = Entry("here", intervals=spans((0, 10), (20, 30)))
    values = {one.name: one.value for one in measure_spans([Pair(truth, truth)], RULES).measures}
    assert values["IoU AUC"] == pytest.approx(99.5)
    assert values["precision AUC"] == values["recall AUC"] == pytest.approx(100)
    assert values["count accuracy"] == 100


def test_precision_of_overlapping_answers() -> None:
    pair = Pair(Entry("t", intervals=spans((0, 10))), Entry("p", intervals=spans((0, 10), (5, 10))))
    assert precision_and_recall(pair, RULES) == (1.0, 1.0)
    # the original counts what is said twice as true twice
    assert precision_and_recall(pair, PRESETS["vue-tr"]) == (15 / 15, 15 / 10)


def test_answers_to_what_does_not_happen() -> None:
    nothing = Entry("here")
    assert union_iou((), ()) == 1
    assert union_iou((), spans((0, 1))) == 0
    assert precision_and_recall(Pair(nothing, nothing), RULES) == (1.0, None)
    assert precision_and_recall(Pair(nothing, None), RULES) == (1.0, None)
    false = Pair(nothing, Entry("there", intervals=spans((0, 1))))
    assert precision_and_recall(false, RULES) == (0.0, None)


matrices = st.integers(0, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.floats(0, 1), min_size=width, max_size=width), min_size=1, max_size=4
    )
)


@few
@given(matrices)
def test_soda_equals_trying_every_matching(scores: list[list[float]]) -> None:
    matrix = np.array(scores).reshape(len(scores), -1)
    assert soda_c(matrix) == pytest.approx(originals.soda(scores))


def test_dense_by_hand() -> None:
    # The first event is met with IoU 8/10, the second not; one of two predictions is right.
    truth = told((0, 10, "a dog runs"), (20, 30, "a cat sleeps"))
    found = told((2, 10, "A dog runs."), (50, 60, "a cat sleeps"))
    group = measure_dense([Pair(truth, found)], RULES)
    values = {one.name: one.value for one in group.measures}
    assert values["precision IoU 0.7"] == values["recall IoU 0.7"] == 50
    assert values["precision IoU 0.9"] == 0
    assert values["F1"] == pytest.approx(100 * 3 / 8)  # the mean of 1/2 1/2 1/2 0, both
    assert values["SODA_c (unigram F1)"] == pytest.approx(100 * 0.8 / 2)


def test_a_video_without_a_prediction_counts_zero() -> None:
    pairs = [Pair(told((0, 1, "x")), None), Pair(told((0, 1, "x")), told((0, 1, "x")))]
    assert all(one.value == pytest.approx(50) for one in measure_dense(pairs, RULES).measures)


def test_soda_keeps_the_order_of_the_story() -> None:
    swapped = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert soda_c(swapped) == 0.5
    assert soda_c(np.eye(2)) == 1
    assert f1(0, 0) == 0


def test_words() -> None:
    assert words_of("The RED circle, jumps!") == ["the", "red", "circle", "jumps"]
    assert words_of("红色的圆 jumps") == ["红", "色", "的", "圆", "jumps"]
    assert word_f1("a dog runs", "A dog sleeps") == pytest.approx(2 / 3)
    assert word_f1("dog dog", "dog") == pytest.approx(2 / 3)
    assert word_f1("", "") == 0


def test_calibration_by_hand() -> None:
    # two of score 0.9, one of them right: 0.4 off; two of score 0, none right: not off
    truth = Entry("here", intervals=spans((0, 10)))
    scored = ((0, 10, 0.9), (50, 60, 0.9), (70, 80, 0.0), (80, 90, 0.0))
    found = Entry("there", intervals=tuple(Interval(*one) for one in scored))
    group = measure_reliability([Pair(truth, found)], RULES)
    assert group is not None
    assert group.measures[0].value == pytest.approx(100 * 0.4 / 2)


def test_only_probabilities_can_be_calibrated() -> None:
    truth = Entry("here", intervals=spans((0, 10)))

    def of(score: float | None) -> object:
        return measure_reliability(
            [Pair(truth, Entry("there", intervals=(Interval(0, 10, score),)))], RULES
        )

    assert of(None) is None
    assert of(-0.2) is None
    assert of(3.0) is None
    assert of(1.0) is not None
    absent = Pair(Entry("nothing is true"), Entry("there", intervals=(Interval(0, 10, 1.0),)))
    group = measure_reliability([absent], RULES)
    assert group is not None
    assert group.measures[0].value == 100, "sure, and wrong"

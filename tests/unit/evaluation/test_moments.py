"""Moment retrieval: by hand, against plain loops, and what must hold for any files."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qvtime.evaluation.average_precision import average_precision, mean_average_precision
from qvtime.evaluation.entries import Entry, Interval, Pair
from qvtime.evaluation.measure import percent
from qvtime.evaluation.moments import MAP_THRESHOLDS, in_class, iou_at_rank, measure_moments
from qvtime.evaluation.presets import PRESETS, Rules
from tests.unit.evaluation import originals

RULES = Rules()
QVHIGHLIGHTS = PRESETS["qvhighlights"]


def pair(truth: Sequence[tuple[float, ...]], found: Sequence[tuple[float, ...]]) -> Pair:
    def entry(windows: Sequence[tuple[float, ...]]) -> Entry:
        scores = (one[2] if len(one) > 2 else None for one in windows)
        each = zip(windows, scores, strict=True)
        return Entry(
            "here", intervals=tuple(Interval(one[0], one[1], score) for one, score in each)
        )

    return Pair(entry(truth), entry(found))


def values(pairs: list[Pair], rules: Rules = RULES) -> dict[str, float | None]:
    return {measure.name: measure.value for measure in measure_moments(pairs, rules).measures}


# IoU 1/1; 5/15; (20-12)/(20-10) = 0.8; no prediction.
TABLE = [
    pair([(0, 10)], [(0, 10, 0.9)]),
    pair([(0, 10)], [(5, 15, 0.9), (0, 10, 0.8)]),
    pair([(10, 20)], [(12, 20, 0.5)]),
    pair([(10, 20)], []),
]


def test_by_hand() -> None:
    found = values(TABLE)
    assert found["R@1 IoU 0.3"] == 75
    assert found["R@1 IoU 0.5"] == 50
    assert found["R@1 IoU 0.7"] == 50
    assert found["R@5 IoU 0.7"] == 75
    assert found["mIoU"] == pytest.approx(100 * (1 + 1 / 3 + 0.8) / 4)
    # at 0.5: 1, 1/2 (right at rank 2), 1, 0
    assert found["mAP IoU 0.5"] == pytest.approx(100 * (1 + 0.5 + 1 + 0) / 4)
    # 0.8 passes 0.5 … 0.8, seven of ten thresholds
    assert found["mAP"] == pytest.approx(100 * (1 + 0.5 + 0.7 + 0) / 4)
    assert found["start error, mean"] == pytest.approx((0 + 5 + 2) / 3)
    assert found["end error, mean"] == pytest.approx((0 + 5 + 0) / 3)
    assert found["boundary error, median"] == 1  # the middle of 0 0 0 2 5 5


def test_an_iou_of_exactly_a_half() -> None:
    half = [pair([(0, 10)], [(0, 5)])]
    assert values(half)["R@1 IoU 0.5"] == 100
    assert values(half, PRESETS["charades-sta"])["R@1 IoU 0.5"] == 100
    assert values(half, PRESETS["activitynet"])["R@1 IoU 0.5"] == 0


def test_first_listed_or_highest_score() -> None:
    both = pair([(0, 10)], [(5, 15, 0.1), (0, 10, 0.9)])
    assert iou_at_rank(both, 1, RULES) == 1
    assert iou_at_rank(both, 1, QVHIGHLIGHTS) == pytest.approx(1 / 3)
    some = pair([(0, 10)], [(5, 15), (0, 10, 0.9)])
    assert iou_at_rank(some, 1, RULES) == pytest.approx(1 / 3), "not every one has a score"


def test_best_or_first_true_span() -> None:
    several = pair([(0, 10), (20, 30)], [(20, 30)])
    assert iou_at_rank(several, 1, RULES) == 1
    assert iou_at_rank(several, 1, replace(RULES, truth="first")) == 0


def test_classes_of_length_have_open_starts_and_closed_ends() -> None:
    pairs = [pair([(0, 10), (0, 11)], []), pair([(0, 30)], [])]
    assert [len(one.truth.intervals) for one in in_class(pairs, 0, 10)] == [1]
    assert [len(one.truth.intervals) for one in in_class(pairs, 10, 30)] == [1, 1]
    assert in_class(pairs, 30, 150) == []


def test_only_the_first_ten_listed_count_for_map() -> None:
    wrong = [(50.0, 60.0, 0.1)] * 10
    assert values([pair([(0, 10)], [*wrong, (0, 10, 0.9)])])["mAP"] == 0
    assert values([pair([(0, 10)], [*wrong[1:], (0, 10, 0.9)])])["mAP"] == 100


def test_percentages_have_the_digits_of_the_original() -> None:
    assert percent(2 / 3, 2) == 66.67
    assert values(TABLE[:3], QVHIGHLIGHTS)["R@1 IoU 0.5"] == 66.67
    assert percent(2 / 3) == pytest.approx(66.6666667)


def test_queries_of_which_nothing_is_true_are_not_among_them() -> None:
    group = measure_moments([*TABLE, pair([], [(0, 1)])], RULES)
    assert group.count == 4


def test_no_queries_have_no_numbers() -> None:
    assert all(value is None for value in values([]).values())


few = settings(max_examples=20)
times = st.integers(0, 30).map(float)
windows = st.tuples(times, times).map(lambda ends: (min(ends), max(ends) + 1))
scored = st.tuples(windows, st.sampled_from([0.1, 0.5, 0.9])).map(lambda one: (*one[0], one[1]))
truths = st.lists(windows, min_size=1, max_size=4)
founds = st.lists(scored, max_size=8)
queries = st.lists(st.builds(pair, truths, founds), min_size=1, max_size=6)


@few
@given(truths, founds)
def test_average_precision_equals_plain_loops(
    truth: list[originals.Window], found: list[originals.Scored]
) -> None:
    ours = average_precision(
        [Interval(*one) for one in truth], [Interval(*one) for one in found], MAP_THRESHOLDS
    )
    theirs = [originals.average_precision(truth, found, at) for at in MAP_THRESHOLDS]
    assert ours == pytest.approx(theirs, abs=1e-12)


@few
@given(queries)
def test_recall_equals_plain_loops(pairs: list[Pair]) -> None:
    found = values(pairs, QVHIGHLIGHTS)
    ious = []
    for one in pairs:
        ends = [(each.start_s, each.end_s) for each in one.truth.intervals]
        first = [(each.start_s, each.end_s) for each in one.intervals[:1]]
        ious.append(
            max((originals.iou(given, true) for given in first for true in ends), default=0)
        )
    for at in (0.3, 0.5, 0.7):
        share = sum(iou >= at for iou in ious) / len(ious)
        assert found[f"R@1 IoU {at}"] == float(f"{100 * share:.2f}")
    assert found["mIoU"] == pytest.approx(100 * sum(ious) / len(ious), abs=0.00501)


@few
@given(queries, st.randoms(use_true_random=False))
def test_the_order_of_queries_is_nothing(pairs: list[Pair], random: Random) -> None:
    before = values(pairs)
    random.shuffle(pairs)
    assert values(pairs) == pytest.approx(before, nan_ok=True)


@few
@given(truths, founds)
def test_distinct_scores_make_the_order_of_the_file_nothing(
    truth: list[originals.Window], found: list[originals.Scored]
) -> None:
    ranked = [(start, end, place / 10) for place, (start, end, _) in enumerate(found)]
    assert values([pair(truth, ranked)]) == values([pair(truth, ranked[::-1])])


@settings(max_examples=10)
@given(st.lists(truths, min_size=1, max_size=3))
def test_the_truth_itself_is_perfect(each: list[list[originals.Window]]) -> None:
    each = [sorted(set(truth)) for truth in each]
    for rules in (RULES, *PRESETS.values()):
        found = values([pair(truth, [(*one, 1.0) for one in truth]) for truth in each], rules)
        for name, value in found.items():
            # In a class of lengths the answers of the others are wrong ones, as in the original.
            assert name[4:] in ("short", "middle", "long") or value == pytest.approx(
                0 if "error" in name else 100
            )


@few
@given(queries)
def test_more_is_never_less(pairs: list[Pair]) -> None:
    found = values(pairs)
    for at in (0.3, 0.5, 0.7):
        one, five = found[f"R@1 IoU {at}"], found[f"R@5 IoU {at}"]
        assert one is not None
        assert five is not None
        assert one <= five
    rising = [found[f"R@1 IoU {at}"] or 0 for at in (0.7, 0.5, 0.3)]
    assert rising == sorted(rising)


def test_map_of_no_queries_is_none() -> None:
    assert mean_average_precision([], MAP_THRESHOLDS, RULES) is None

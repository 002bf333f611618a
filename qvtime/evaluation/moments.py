"""Moment retrieval: recall at rank n, mean IoU, and how far starts and ends are off."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import numpy as np

from qvtime.evaluation.average_precision import mean_average_precision
from qvtime.evaluation.entries import Entry, Interval, Pair
from qvtime.evaluation.measure import Group, Measure, percent
from qvtime.evaluation.overlap import iou_of_hull, iou_of_sum
from qvtime.evaluation.presets import Rules

THRESHOLDS = (0.3, 0.5, 0.7)
RANKS = (1, 5)
MAP_THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""0.5, 0.55 … 0.95."""


def measure_moments(pairs: Sequence[Pair], rules: Rules) -> Group:
    """R@1 and R@5 at IoU 0.3, 0.5 and 0.7, mIoU, mAP, and boundary errors.

    Queries whose truth has no span are not among them.
    """
    pairs = [pair for pair in pairs if pair.truth.intervals]
    measures: list[Measure] = []
    for rank in RANKS:
        ious = [iou_at_rank(pair, rank, rules) for pair in pairs]
        for threshold in THRESHOLDS:
            share = _mean([rules.passed(iou, threshold) for iou in ious])
            measures.append(_percent(f"R@{rank} IoU {threshold}", share, rules))
    first = [iou_at_rank(pair, 1, rules) for pair in pairs]
    measures.append(_percent("mIoU", _mean(first), rules))
    measures += _mean_average_precisions(pairs, rules)
    measures += boundary_errors(pairs, rules)
    return Group("moments", len(pairs), "queries", tuple(measures))


def ranked(pair: Pair, rules: Rules) -> Sequence[Interval]:
    """The predictions, best first. Without a score for each they stay as they are listed."""
    intervals = pair.intervals
    if rules.rank == "listed" or any(one.score is None for one in intervals):
        return intervals
    return sorted(intervals, key=lambda one: -(one.score or 0.0))


def fitting_truth(found: Interval, pair: Pair, rules: Rules) -> Interval:
    """The true span that a prediction is measured against; of equal ones the first listed."""
    if rules.truth == "first":
        return pair.truth.intervals[0]
    return max(pair.truth.intervals, key=lambda true: iou_of_sum(found, true))


def truth_iou(found: Interval, pair: Pair, rules: Rules) -> float:
    """The IoU with the true span that counts, 0 where nothing is true."""
    return iou_of_hull(found, fitting_truth(found, pair, rules)) if pair.truth.intervals else 0.0


def iou_at_rank(pair: Pair, rank: int, rules: Rules) -> float:
    """The highest IoU among the first `rank` predictions, 0 without any."""
    first = ranked(pair, rules)[:rank]
    return max((truth_iou(one, pair, rules) for one in first), default=0.0)


def boundary_errors(pairs: Sequence[Pair], rules: Rules) -> list[Measure]:
    """Seconds between the first prediction's ends and the truth's, where the two meet."""
    starts_s: list[float] = []
    ends_s: list[float] = []
    for pair in pairs:
        for found in ranked(pair, rules)[:1]:
            true = fitting_truth(found, pair, rules)
            if iou_of_hull(found, true) > 0:
                starts_s.append(abs(found.start_s - true.start_s))
                ends_s.append(abs(found.end_s - true.end_s))
    both_s = starts_s + ends_s
    return [
        Measure("start error, mean", _mean(starts_s), "s"),
        Measure("end error, mean", _mean(ends_s), "s"),
        Measure("boundary error, median", median(both_s) if both_s else None, "s"),
    ]


def in_class(pairs: Sequence[Pair], low_s: float, high_s: float) -> list[Pair]:
    """The queries with a true span longer than low_s, at most high_s; others of theirs are gone.

    `get_data_by_range` of jayleicn/moment_detr: the predictions are the same for every class.
    """
    kept = []
    for pair in pairs:
        inside = tuple(one for one in pair.truth.intervals if low_s < one.length_s <= high_s)
        if inside:
            kept.append(Pair(_with(pair, inside), pair.given))
    return kept


def _mean_average_precisions(pairs: Sequence[Pair], rules: Rules) -> list[Measure]:
    full = mean_average_precision(pairs, MAP_THRESHOLDS, rules)
    measures = [
        _percent("mAP", None if full is None else float(np.mean(full)), rules),
        _percent("mAP IoU 0.5", None if full is None else full[0], rules),
        _percent("mAP IoU 0.75", None if full is None else full[5], rules),
    ]
    for name, low_s, high_s in rules.lengths_s:
        of_class = mean_average_precision(in_class(pairs, low_s, high_s), MAP_THRESHOLDS, rules)
        share = None if of_class is None else float(np.mean(of_class))
        measures.append(_percent(f"mAP {name}", share, rules))
    return measures


def _with(pair: Pair, intervals: tuple[Interval, ...]) -> Entry:
    return replace(pair.truth, intervals=intervals)


def _mean(numbers: Sequence[float]) -> float | None:
    return float(np.mean(numbers)) if numbers else None


def _percent(name: str, share: float | None, rules: Rules) -> Measure:
    return Measure(name, None if share is None else percent(share, rules.decimals))

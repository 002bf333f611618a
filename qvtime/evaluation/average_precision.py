"""Average precision of ranked spans: interpolated, as in VOC 2011 and jayleicn/moment_detr."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from qvtime.evaluation.entries import Interval, Pair
from qvtime.evaluation.overlap import iou_of_sum
from qvtime.evaluation.presets import Rules

Floats = npt.NDArray[np.float64]


def mean_average_precision(
    pairs: Sequence[Pair], thresholds: Sequence[float], rules: Rules
) -> list[float] | None:
    """The mean over queries of their average precision, at each IoU threshold, 0 to 1.

    A query without predictions has 0. Predictions are the first `rules.most_for_map` listed, by
    score. `compute_mr_ap` of jayleicn/moment_detr (standalone_eval/eval.py). None without queries.
    """
    if not pairs:
        return None
    rows = [
        average_precision(pair.truth.intervals, pair.intervals[: rules.most_for_map], thresholds)
        for pair in pairs
    ]
    return [float(value) for value in np.mean(rows, axis=0)]


def average_precision(
    truth: Sequence[Interval], found: Sequence[Interval], thresholds: Sequence[float]
) -> Floats:
    """One query's average precision at each threshold, float64 [thresholds].

    Predictions are taken by score, equal ones in their order; where one has no score, all as they
    are listed. Each takes the free true span that it fits best, if that is at least the threshold.
    `compute_average_precision_detection` of jayleicn/moment_detr (standalone_eval/utils.py, after
    MMAction2 and the VOC devkit).
    """
    if not found:
        return np.zeros(len(thresholds))
    if all(one.score is not None for one in found):
        found = sorted(found, key=lambda one: -(one.score or 0.0))
    ious = [[iou_of_sum(one, true) for true in truth] for one in found]
    return np.array([_at(ious, len(truth), threshold) for threshold in thresholds])


def _at(ious: Sequence[Sequence[float]], truths: int, threshold: float) -> float:
    taken: set[int] = set()
    hits: list[bool] = []
    for row in ious:
        # Of equal fits the last listed: the original reverses a stable ascending sort.
        fits = sorted(range(truths), key=lambda true: row[true])[::-1]
        free = [true for true in fits if row[true] >= threshold and true not in taken]
        taken.update(free[:1])
        hits.append(bool(free))
    right = np.cumsum(hits)
    return area(right / np.arange(1, len(hits) + 1), right / truths)


def area(precision: Floats, recall: Floats) -> float:
    """The area under the precision that is reached at each recall or a higher one.

    precision, recall: float64 [predictions], recall rising. `interpolated_precision_recall` of
    jayleicn/moment_detr, VOCdevkit 2011.
    """
    reached = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(recall, prepend=0.0)
    return float(np.sum(steps[steps > 0] * reached[steps > 0]))

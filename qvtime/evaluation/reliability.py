"""Calibration: whether a span with a score of 0.8 is right in 8 of 10 cases."""

from collections.abc import Sequence

import numpy as np

from qvtime.evaluation.entries import Pair
from qvtime.evaluation.highlights import Bools, Floats
from qvtime.evaluation.measure import Group, Measure, percent
from qvtime.evaluation.moments import truth_iou
from qvtime.evaluation.presets import Rules

RIGHT_IOU = 0.5
BINS = 10


def measure_reliability(pairs: Sequence[Pair], rules: Rules) -> Group | None:
    """Expected calibration error and Brier score of the predicted spans' scores.

    A span is right when its IoU passes 0.5. The error is the mean, over ten equal bins of the
    score, of the distance between the share that is right and the mean score, weighted by how many
    spans the bin has (Guo et al., On Calibration of Modern Neural Networks, 2017). None where a
    span has no score or a score is no probability: a logit cannot be calibrated.
    """
    found = [(one.score, truth_iou(one, pair, rules)) for pair in pairs for one in pair.intervals]
    scores = np.array([-1.0 if score is None else score for score, _ in found])
    if not len(scores) or scores.min() < 0 or scores.max() > 1:
        return None
    right = np.array([rules.passed(iou, RIGHT_IOU) for _, iou in found])
    error = calibration_error(scores, right)
    brier = float(np.mean((scores - right) ** 2))
    measures = (
        Measure("calibration error", percent(error)),
        Measure("Brier score", brier, ""),
        Measure("mean score", float(scores.mean()), ""),
        Measure("right", percent(float(right.mean()), rules.decimals)),
    )
    return Group("calibration", len(found), "spans", measures)


def calibration_error(scores: Floats, right: Bools) -> float:
    """0 to 1. scores: float64 [N] from 0 to 1; right: bool [N]. Bins are (low, high], and 0 too."""
    bins = np.clip(np.ceil(scores * BINS).astype(int) - 1, 0, BINS - 1)
    gaps = [
        (bins == one).sum() * abs(right[bins == one].mean() - scores[bins == one].mean())
        for one in np.unique(bins)
    ]
    return float(sum(gaps) / len(scores))

"""Calibration: whether a span with a score of 0.8 is right in 8 of 10 cases."""

from collections.abc import Sequence

import numpy as np

from qvtime.evaluation.calibration import RIGHT_IOU, Judged, expected_calibration_error, reliability
from qvtime.evaluation.entries import Pair
from qvtime.evaluation.measure import Group, Measure, percent
from qvtime.evaluation.moments import truth_iou
from qvtime.evaluation.presets import Rules


def measure_reliability(pairs: Sequence[Pair], rules: Rules) -> Group | None:
    """Expected calibration error and Brier score of the predicted spans' scores.

    A span is right when its IoU passes 0.5. None where a span has no score or a score is no
    probability: a logit cannot be calibrated.
    """
    judged = judged_spans(pairs, rules)
    if not judged:
        return None
    scores = np.array([one.score for one in judged])
    right = np.array([one.right for one in judged])
    error = expected_calibration_error(reliability(judged))
    brier = float(np.mean((scores - right) ** 2))
    measures = (
        Measure("calibration error", percent(error)),
        Measure("Brier score", brier, ""),
        Measure("mean score", float(scores.mean()), ""),
        Measure("right", percent(float(right.mean()), rules.decimals)),
    )
    return Group("calibration", len(judged), "spans", measures)


def judged_spans(pairs: Sequence[Pair], rules: Rules) -> list[Judged]:
    """All predicted spans; none where one has no score or a score is no probability."""
    found = [(one.score, truth_iou(one, pair, rules)) for pair in pairs for one in pair.intervals]
    judged = [
        Judged(score, bool(rules.passed(iou, RIGHT_IOU)))
        for score, iou in found
        if score is not None and 0 <= score <= 1
    ]
    return judged if len(judged) == len(found) else []

"""What a plot of an outcome shows: recall over IoU thresholds, and how right scores are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qvtime.evaluation.calibration import Bin, reliability
from qvtime.evaluation.entries import Pair
from qvtime.evaluation.moments import iou_at_rank
from qvtime.evaluation.presets import Rules
from qvtime.evaluation.reliability import judged_spans

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""0.05, 0.1 … 0.95."""


@dataclass(frozen=True, slots=True)
class Curves:
    """recall: for each threshold of IoU the share of `queries` whose first answer passes it. bins:
    of the spans' scores, in order; none where scores are no probabilities."""

    queries: int
    recall: tuple[tuple[float, float], ...]
    bins: tuple[Bin, ...]


def curves_of(pairs: Sequence[Pair], rules: Rules) -> Curves | None:
    """The curves of queries that have a true span; None without any."""
    asked = [pair for pair in pairs if pair.truth.intervals]
    if not asked:
        return None
    ious = [iou_at_rank(pair, 1, rules) for pair in asked]
    recall = tuple(
        (threshold, float(np.mean([rules.passed(iou, threshold) for iou in ious])))
        for threshold in THRESHOLDS
    )
    return Curves(len(asked), recall, reliability(judged_spans(pairs, rules)))

"""Dense captioning: whether a video's events were found, told in order, and told right."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from qvtime.evaluation.entries import Interval, Pair
from qvtime.evaluation.measure import Group, Measure, percent
from qvtime.evaluation.presets import Rules
from qvtime.evaluation.words import word_f1

THRESHOLDS = (0.3, 0.5, 0.7, 0.9)
Floats = npt.NDArray[np.float64]


def measure_dense(pairs: Sequence[Pair], rules: Rules) -> Group:
    """Precision and recall at each IoU, F1, and SODA_c, over videos whose truth has events.

    Precision and recall are means over videos; F1 is of each video's means over thresholds, then
    a mean over videos. An IoU must be above its threshold, whatever `rules.passes` says: all
    evaluators of this task agree there. `evaluate_detections` and `evaluate_single_dense_captions`
    of TimeChat (metrics/dvc/eval_dvc.py), which mend ranjaykrishna/densevid_eval: that one divides
    by the last prediction's index, and takes the best recall for the precision.
    """
    pairs = [pair for pair in pairs if pair.truth.intervals]
    ious = [iou_matrix(pair.truth.intervals, pair.intervals) for pair in pairs]
    precisions = [[covered(each, at, axis=0) for at in THRESHOLDS] for each in ious]
    recalls = [[covered(each, at, axis=1) for at in THRESHOLDS] for each in ious]
    f1s = [f1(*map(float, map(np.mean, both))) for both in zip(precisions, recalls, strict=True)]
    sodas = [
        soda_c(each * caption_matrix(pair, word_f1)) for each, pair in zip(ious, pairs, strict=True)
    ]
    measures: list[Measure] = []
    for name, rows in (("precision", precisions), ("recall", recalls)):
        for place, threshold in enumerate(THRESHOLDS):
            values = [row[place] for row in rows]
            measures.append(_mean(f"{name} IoU {threshold}", values, rules))
        measures.append(_mean(name, [float(np.mean(row)) for row in rows], rules))
    measures.append(_mean("F1", f1s, rules))
    measures.append(_mean("SODA_c (unigram F1)", sodas, rules))
    return Group("dense", len(pairs), "videos", tuple(measures))


def covered(ious: Floats, threshold: float, axis: int) -> float:
    """The share of columns (axis 0) or rows (1) with an IoU above the threshold; 0 of none."""
    any_above = np.any(ious > threshold, axis=axis)
    return float(np.mean(any_above)) if ious.shape[1 - axis] else 0.0


def iou_matrix(truth: Sequence[Interval], found: Sequence[Interval]) -> Floats:
    """IoUs, float64 [truth, found], each by its start as in fujiso/SODA.

    `iou` of TimeChat's eval_dvc.py: reversed spans are turned round, the union has 1e-8 more.
    """
    rows = [[_iou(true, one) for one in by_start(found)] for true in by_start(truth)]
    return np.array(rows, dtype=np.float64).reshape(len(truth), len(found))


def caption_matrix(pair: Pair, alike: Callable[[str, str], float]) -> Floats:
    """How alike the captions are, float64 [truth, found], in the order of `iou_matrix`."""
    truth, found = by_start(pair.truth.intervals), by_start(pair.intervals)
    rows = [[alike(one.caption, true.caption) for one in found] for true in truth]
    return np.array(rows, dtype=np.float64).reshape(len(truth), len(found))


def by_start(intervals: Sequence[Interval]) -> list[Interval]:
    """The intervals in order of their starts; equal ones stay as they are."""
    return sorted(intervals, key=lambda one: one.start_s)


def soda_c(scores: Floats) -> float:
    """The F1 of the best matching that keeps the order of both, 0 to 1.

    scores: float64 [truth, found], IoU times likeness of the captions. Precision is the matching's
    sum over the predictions, recall over the truth. Fujita et al., SODA: Story Oriented Dense
    Video Captioning Evaluation Framework, ECCV 2020; `chased_dp_assignment` of fujiso/SODA.
    """
    truths, founds = scores.shape
    best = np.zeros((truths + 1, founds + 1))
    for i in range(truths):
        for j in range(founds):
            best[i + 1, j + 1] = max(best[i, j + 1], best[i + 1, j], best[i, j] + scores[i, j])
    total = float(best[truths, founds])
    return f1(total / founds, total / truths) if founds and truths else 0.0


def f1(precision: float, recall: float) -> float:
    """Their harmonic mean, 0 where both are 0."""
    both = precision + recall
    return 2 * precision * recall / both if both > 0 else 0.0


def _iou(one: Interval, other: Interval) -> float:
    start_s, end_s = sorted((one.start_s, one.end_s))
    other_start_s, other_end_s = sorted((other.start_s, other.end_s))
    shared_s = max(0.0, min(end_s, other_end_s) - max(start_s, other_start_s))
    hull_s = max(end_s, other_end_s) - min(start_s, other_start_s)
    union_s = min(hull_s, end_s - start_s + other_end_s - other_start_s)
    return shared_s / (union_s + 1e-8)


def _mean(name: str, values: Sequence[float], rules: Rules) -> Measure:
    share = float(np.mean(values)) if values else None
    return Measure(name, None if share is None else percent(share, rules.decimals))

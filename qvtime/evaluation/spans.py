"""Several spans for one query: how well they cover the truth together, and their number.

After bytedance/vidi VUE_TR_V2/qa_eval.py, where a score is the area under the share of queries
that pass each of 101 thresholds from 0 to 1.
"""

from collections.abc import Sequence

import numpy as np

from qvtime.evaluation.entries import Interval, Pair
from qvtime.evaluation.measure import Group, Measure, percent
from qvtime.evaluation.overlap import shared_s
from qvtime.evaluation.presets import Rules

THRESHOLDS = np.linspace(0, 1, 101)
Ends = tuple[float, float]


def measure_spans(pairs: Sequence[Pair], rules: Rules) -> Group:
    """IoU, precision and recall of answers as unions, and the share with the right number.

    The IoU passes above a threshold (`success_overlap`), so perfect answers have 99.5; precision
    and recall pass at it (`compute_precision_recall`), so they have 100. An answer of no length
    has no precision, a truth of no length no recall.
    """
    ious = [union_iou(pair.truth.intervals, pair.intervals) for pair in pairs]
    shares = [precision_and_recall(pair, rules) for pair in pairs]
    precisions = [precision for precision, _ in shares if precision is not None]
    recalls = [recall for _, recall in shares if recall is not None]
    right = [len(pair.truth.intervals) == len(pair.intervals) for pair in pairs]
    values = (
        ("IoU AUC", area(ious, above=True)),
        ("precision AUC", area(precisions, above=False)),
        ("recall AUC", area(recalls, above=False)),
        ("union mIoU", float(np.mean(ious)) if ious else None),
        ("count accuracy", float(np.mean(right)) if right else None),
    )
    measures = (
        Measure(name, None if share is None else percent(share, rules.decimals))
        for name, share in values
    )
    return Group("spans", len(pairs), "queries", tuple(measures))


def area(values: Sequence[float], above: bool) -> float | None:
    """The area under the share of `values` that pass each threshold; None without values."""
    if not values:
        return None
    each = np.array(values)
    passed = [np.mean(each > at if above else each >= at) for at in THRESHOLDS]
    return float(np.trapezoid(passed, THRESHOLDS))


def union_iou(truth: Sequence[Interval], found: Sequence[Interval]) -> float:
    """IoU of the union of the predictions with the truth; 1 when both are none.

    `overlap_ratio`: predictions that overlap or touch are joined, then reversed ones go.
    """
    if not truth or not found:
        return float(not truth and not found)
    joined = [one for one in union(found) if one.start_s <= one.end_s]
    both_s = 0.0
    for one in joined:
        for true in truth:
            both_s += shared_s(one, true)
    lengths_s = sum(one.length_s for one in joined) + sum(one.length_s for one in truth)
    return max(0.0, min(1.0, both_s / (lengths_s - both_s + 1e-16)))


def union(intervals: Sequence[Interval]) -> list[Interval]:
    """Intervals by start, those joined that overlap or touch (`merge_time_spans`)."""
    joined: list[Interval] = []
    for one in sorted(intervals, key=lambda interval: interval.start_s):
        if joined and one.start_s <= joined[-1].end_s:
            last = joined.pop()
            one = Interval(last.start_s, max(last.end_s, one.end_s))
        joined.append(one)
    return joined


def precision_and_recall(pair: Pair, rules: Rules) -> tuple[float | None, float | None]:
    """The share of the answer that is true, and of the truth that is answered (or None).

    Reversed spans count as if turned round. Without `rules.merges` spans are compared in the order
    of the file by one walk through both (`interval_intersection`), which is what the original
    does, and which counts what overlaps twice and misses what is out of order.
    """
    truth, found = ([_ends(one) for one in each] for each in (pair.truth.intervals, pair.intervals))
    if rules.merges:
        truth, found = _joined(truth), _joined(found)
    truth_s, found_s = (sum(end - start for start, end in each) for each in (truth, found))
    both_s = sum(end - start for start, end in _walk(truth, found))
    if found_s:
        precision: float | None = both_s / found_s
    else:
        precision = None if truth_s else 1.0
    return precision, both_s / truth_s if truth_s else None


def _ends(one: Interval) -> Ends:
    return min(one.start_s, one.end_s), max(one.start_s, one.end_s)


def _joined(each: Sequence[Ends]) -> list[Ends]:
    return [(one.start_s, one.end_s) for one in union([Interval(*ends) for ends in each])]


def _walk(truth: Sequence[Ends], found: Sequence[Ends]) -> list[Ends]:
    i = j = 0
    shared: list[Ends] = []
    while i < len(truth) and j < len(found):
        (start_s, end_s), (other_start_s, other_end_s) = truth[i], found[j]
        if start_s <= other_end_s and other_start_s <= end_s:
            shared.append((max(start_s, other_start_s), min(end_s, other_end_s)))
        if end_s < other_end_s:
            i += 1
        else:
            j += 1
    return shared

"""The field's evaluators written again as plain loops, to compare ours with.

From the definitions in jayleicn/moment_detr (standalone_eval), bytedance/vidi (VUE_TR_V2) and
fujiso/SODA; slow, and sharing no code with qvtime.
"""

from collections.abc import Sequence
from itertools import pairwise

Window = tuple[float, float]
Scored = tuple[float, float, float]


def overlap(a: Window, b: Window) -> float:
    return max(0.0, min(a[1], b[1]) - max(a[0], b[0]))


def iou(a: Window, b: Window) -> float:
    union = (a[1] - a[0]) + (b[1] - b[0]) - overlap(a, b)
    return overlap(a, b) / union if union > 0 else 0.0


def average_precision(truth: Sequence[Window], found: Sequence[Scored], at: float) -> float:
    """Every recall level that is reached, times the best precision from there on."""
    order = sorted(range(len(found)), key=lambda place: (-found[place][2], place))
    free = list(range(len(truth)))
    points: list[tuple[float, float]] = []
    hits = 0
    for rank, place in enumerate(order, 1):
        window = found[place][:2]
        fits = [one for one in free if iou(window, truth[one]) >= at]
        if fits:
            free.remove(max(fits, key=lambda one: (iou(window, truth[one]), one)))
            hits += 1
        points.append((hits / len(truth), hits / rank))
    total, before = 0.0, 0.0
    for place, (recall, _) in enumerate(points):
        best = max(precision for _, precision in points[place:])
        total += (recall - before) * best
        before = recall
    return total


def clip_precision(true: Sequence[bool], scores: Sequence[float]) -> float:
    """The mean over reachable recalls of the best precision at that recall or a higher one."""
    if not any(true) or all(true):
        return float(any(true))
    points = []
    for threshold in sorted(set(scores)):
        chosen = [right for right, score in zip(true, scores, strict=True) if score >= threshold]
        points.append((sum(chosen), sum(chosen) / len(chosen)))
    levels = sorted({hits for hits, _ in points if hits})
    best = [max(precision for hits, precision in points if hits >= level) for level in levels]
    return sum(best) / len(best)


def union_iou(truth: Sequence[Window], found: Sequence[Window]) -> float:
    """By counting whole seconds: for windows with whole ends, truth without overlaps."""
    true = {second for start, end in truth for second in range(int(start), int(end))}
    said = {second for start, end in found for second in range(int(start), int(end))}
    if not truth or not found:
        return float(not truth and not found)
    return len(true & said) / len(true | said) if true | said else 0.0


def area(values: Sequence[float], above: bool) -> float:
    """The trapezoids under the share of values that pass 0, 0.01 … 1."""
    shares = []
    for step in range(101):
        at = step * 0.01
        shares.append(sum(v > at if above else v >= at for v in values) / len(values))
    return sum((a + b) / 2 * 0.01 for a, b in pairwise(shares))


def soda(scores: Sequence[Sequence[float]]) -> float:
    """The best matching that keeps both orders, by trying every one."""
    truths, founds = len(scores), len(scores[0]) if scores else 0

    def best(i: int, j: int) -> float:
        if i == truths or j == founds:
            return 0.0
        return max(best(i + 1, j), best(i, j + 1), scores[i][j] + best(i + 1, j + 1))

    total = best(0, 0)
    precision, recall = (total / founds, total / truths) if founds and truths else (0.0, 0.0)
    return 2 * precision * recall / (precision + recall) if total else 0.0

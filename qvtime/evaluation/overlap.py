"""Intersection over union of intervals, in the two ways in which the field writes it.

They are equal for intervals that meet, but for the last bit, and that bit decides at a threshold.
"""

from qvtime.evaluation.entries import Interval


def shared_s(one: Interval, other: Interval) -> float:
    """How long both last together; 0 when they do not meet, or one is reversed."""
    return max(0.0, min(one.end_s, other.end_s) - max(one.start_s, other.start_s))


def iou_of_hull(one: Interval, other: Interval) -> float:
    """Intersection over hull, 0 to 1; 0 where the hull is empty.

    `compute_temporal_iou_batch_paired` of jayleicn/moment_detr, `iou` of TimeChat and TimeLens,
    `calculate_IoU` of TALL: for recall at rank n and mIoU.
    """
    hull_s = max(one.end_s, other.end_s) - min(one.start_s, other.start_s)
    return shared_s(one, other) / hull_s if hull_s > 0 else 0.0


def iou_of_sum(one: Interval, other: Interval) -> float:
    """Intersection over sum of lengths less intersection; 0 where that is nothing.

    `compute_temporal_iou_batch_cross` of jayleicn/moment_detr: for average precision.
    """
    both_s = shared_s(one, other)
    union_s = one.length_s + other.length_s - both_s
    return both_s / union_s if union_s > 0 else 0.0

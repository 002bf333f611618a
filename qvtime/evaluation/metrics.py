"""How well spans were found: the measures of temporal grounding."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from qvtime.timeline import Span


@dataclass(frozen=True, slots=True)
class Grounding:
    """The truth of one query and the best span that was given for it, if any."""

    truth: Span
    found: Span | None

    @property
    def iou(self) -> float:
        return self.truth.iou(self.found) if self.found else 0.0


def recall_at(groundings: Sequence[Grounding], iou: float) -> float:
    """R@1: the share of queries whose best span overlaps the truth by at least `iou`."""
    return sum(one.iou >= iou for one in groundings) / len(groundings)


def mean_iou(groundings: Sequence[Grounding]) -> float:
    """mIoU over all queries, 0 for those without a span."""
    return sum(one.iou for one in groundings) / len(groundings)


def median_boundary_error_ms(groundings: Sequence[Grounding]) -> float:
    """The median distance of starts and ends from the truth, over queries whose span meets it."""
    errors = [
        abs(given - true)
        for one in groundings
        if one.found and one.iou > 0
        for given, true in (
            (one.found.start_ms, one.truth.start_ms),
            (one.found.end_ms, one.truth.end_ms),
        )
    ]
    return median(errors) if errors else float("inf")

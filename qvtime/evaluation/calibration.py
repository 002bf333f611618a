"""Whether scores mean what they say: of the spans that score 0.8, four in five should be right."""

from collections.abc import Sequence
from dataclasses import dataclass

from qvtime.timeline import Span

RIGHT_IOU = 0.5
"""A span is right that meets the truth with this IoU or a higher one."""
BINS = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """A reported span's score, 0 to 1, and whether it is right."""

    score: float
    right: bool


@dataclass(frozen=True, slots=True)
class Bin:
    """The spans whose score is in [low, high), the last bin with 1: how many, their mean score,
    and the share of them that is right."""

    low: float
    high: float
    count: int
    score: float
    right: float


def judge(found: Sequence[tuple[Span, float]], truth: Sequence[Span], iou: float) -> list[Judged]:
    """Which of the found spans (with their scores) are right: best first, each truth once."""
    left = list(truth)
    judged = []
    for span, score in sorted(found, key=lambda one: (-one[1], one[0])):
        best = max(left, key=span.iou, default=None)
        right = best is not None and span.iou(best) >= iou
        if right and best is not None:
            left.remove(best)
        judged.append(Judged(score, right))
    return judged


def reliability(judged: Sequence[Judged], bins: int = BINS) -> tuple[Bin, ...]:
    """The reliability table: equally wide bins, those left out in which no score lies."""
    held: list[list[Judged]] = [[] for _ in range(bins)]
    for one in judged:
        held[min(bins - 1, int(one.score * bins))].append(one)
    return tuple(
        Bin(
            low=place / bins,
            high=(place + 1) / bins,
            count=len(inside),
            score=sum(one.score for one in inside) / len(inside),
            right=sum(one.right for one in inside) / len(inside),
        )
        for place, inside in enumerate(held)
        if inside
    )


def expected_calibration_error(table: Sequence[Bin]) -> float:
    """The mean distance of score and share of right ones over the bins, weighed by their spans.

    Guo et al., On Calibration of Modern Neural Networks (2017), equation 3. 0 for an empty table.
    """
    total = sum(one.count for one in table)
    return sum(one.count * abs(one.score - one.right) for one in table) / max(1, total)


def reliability_lines(table: Sequence[Bin]) -> str:
    """The table for people, and the expected calibration error below it."""
    lines = ["score      spans  mean   right"]
    lines += [
        f"{one.low:.1f} - {one.high:.1f} {one.count:6}  {one.score:.3f}  {one.right:.3f}"
        for one in table
    ]
    spans = sum(one.count for one in table)
    lines.append(
        f"expected calibration error {expected_calibration_error(table):.3f} of {spans} spans"
    )
    return "".join(f"{line}\n" for line in lines)

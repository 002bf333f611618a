"""The chart of a measurement: recall over IoU thresholds, and how right scores are."""

from collections.abc import Sequence
from dataclasses import dataclass

from qvtime.drawing.shapes import (
    BLUE,
    FAINT,
    GREEN,
    GRID,
    INK,
    Box,
    Line,
    Point,
    Shape,
    Sheet,
    Words,
)
from qvtime.plain_text import one_line

WIDTH_PX, HEIGHT_PX = 820, 440
SIDE_PX = 300
TOP_PX = 86
LONGEST_TITLE = 100
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
SMALLEST_PX, LARGEST_PX = 4.0, 16.0
"""Of the square that stands for a bin: its area grows with the spans in it."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Spans of about one score: how many, their mean score, the share that is right."""

    count: int
    score: float
    right: float


def draw_recall(
    title: str, facts: str, recall: Sequence[tuple[float, float]], bins: Sequence[Bin]
) -> Sheet:
    """A sheet with two charts; all numbers are shares, 0 to 1.

    recall: for thresholds of IoU, in order, the share of queries whose first answer passes. bins:
    what scores promise against what is right; empty where there are no scores.
    """
    sheet = Sheet(WIDTH_PX, HEIGHT_PX, one_line(title))
    sheet.add(
        Words((60, 28), one_line(title)[:LONGEST_TITLE], 16, INK, bold=True),
        Words((60, 47), one_line(facts)[:LONGEST_TITLE], 12, FAINT),
    )
    left, right = _Square(60), _Square(WIDTH_PX - SIDE_PX - 40)
    sheet.take(left.frame("IoU", "R@1: share of queries"))
    sheet.add(Line(tuple(left.point(*share) for share in recall), BLUE, 2))
    for share in recall:
        sheet.take(left.mark(share, 5, BLUE))
    sheet.take(right.frame("score", "share of spans that are right"))
    sheet.add(Line((right.point(0, 0), right.point(1, 1)), FAINT))
    most = max((one.count for one in bins), default=1)
    for one in bins:
        size = SMALLEST_PX + (LARGEST_PX - SMALLEST_PX) * (one.count / most) ** 0.5
        sheet.take(right.mark((one.score, one.right), size, GREEN))
    if not bins:
        sheet.add(Words((right.left + 20, TOP_PX + 30), "no scores from 0 to 1", 12, FAINT))
    return sheet


@dataclass(frozen=True, slots=True)
class _Square:
    """A chart whose axes are both 0 to 1."""

    left: float

    def point(self, x: float, y: float) -> Point:
        return self.left + x * SIDE_PX, TOP_PX + (1 - y) * SIDE_PX

    def mark(self, at: tuple[float, float], size: float, colour: str) -> list[Shape]:
        x, y = self.point(*at)
        return [Box(x - size / 2, y - size / 2, size, size, colour)]

    def frame(self, below: str, above: str) -> list[Shape]:
        shapes: list[Shape] = []
        for tick in TICKS:
            shapes.append(Line((self.point(0, tick), self.point(1, tick)), GRID))
            shapes.append(Line((self.point(tick, 0), self.point(tick, 1)), GRID))
            (_, y), (x, bottom) = self.point(0, tick), self.point(tick, 0)
            shapes.append(Words((self.left - 8, y + 4), f"{tick:g}", 11, FAINT, "end"))
            shapes.append(Words((x, bottom + 18), f"{tick:g}", 11, FAINT, "middle"))
        middle, bottom = self.point(0.5, 0)
        shapes.append(Words((middle, bottom + 38), below, 12, INK, "middle"))
        shapes.append(Words((self.left, TOP_PX - 8), above, 12, INK))
        return shapes

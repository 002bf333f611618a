"""The chart of a training run: its losses by step, and below them what held-out videos said."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qvtime.drawing.shapes import AMBER, BLUE, FAINT, GREEN, GRID, INK, Line, Shape, Sheet, Words

WIDTH_PX, PANEL_PX = 960, 220
LEFT_PX, RIGHT_PX, HEAD_PX, GAP_PX, AXIS_PX = 64, 24, 48, 40, 40
SMOOTHED_POINTS = 40
"""A curve is drawn faintly as it is, and boldly through the means of so many stretches of it."""
COLOURS = (BLUE, AMBER)


@dataclass(frozen=True, slots=True)
class Curve:
    """Values by step, in order of the steps."""

    name: str
    points: Sequence[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where steps and values from 0 to `highest` lie on the sheet."""

    top: float
    last_step: int
    highest: float

    def place(self, step: float, value: float) -> tuple[float, float]:
        x = LEFT_PX + step / self.last_step * (WIDTH_PX - LEFT_PX - RIGHT_PX)
        y = self.top + PANEL_PX * (1 - min(value, self.highest) / self.highest)
        return x, y


def draw_losses(losses: Sequence[Curve], held_out: Curve) -> Sheet:
    """A sheet with two panels over the same steps; values that are no numbers are left out."""
    steps = [step for curve in (*losses, held_out) for step, _ in curve.points]
    last = max([1, *steps])
    sheet = Sheet(WIDTH_PX, HEAD_PX + 2 * PANEL_PX + GAP_PX + AXIS_PX, "Losses of a training run")
    values = sorted(v for curve in losses for _, v in _finite(curve).points)
    top = values[int(0.99 * (len(values) - 1))] if values else 1.0  # one spike is no scale
    first = _Frame(HEAD_PX, last, _round_up(top))
    second = _Frame(HEAD_PX + PANEL_PX + GAP_PX, last, 1.0)
    sheet.take([*_grid(first), *_grid(second), *_axis(second)])
    for place, curve in enumerate(losses):
        colour = COLOURS[place % len(COLOURS)]
        sheet.take(_smoothed(_finite(curve), first, colour))
        sheet.add(Words((LEFT_PX + 120 * place, HEAD_PX - 16), curve.name, 13, colour, bold=True))
    points = tuple(second.place(step, value) for step, value in _finite(held_out).points)
    sheet.add(Words((LEFT_PX, second.top - 12), held_out.name, 13, GREEN, bold=True))
    if len(points) > 1:
        sheet.add(Line(points, GREEN, 2.0))
    if held_out.points:
        said = f"{held_out.points[-1][1]:.3f}"
        x, y = points[-1] if points else (LEFT_PX, second.top)
        sheet.add(Words((x, y - 6), said, 12, INK, "end"))
    return sheet


def _finite(curve: Curve) -> Curve:
    return Curve(curve.name, [(s, v) for s, v in curve.points if math.isfinite(v)])


def _round_up(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= value)


def _smoothed(curve: Curve, frame: _Frame, colour: str) -> list[Shape]:
    points = curve.points
    if len(points) < 2:
        return []
    shapes: list[Shape] = [Line(tuple(frame.place(s, v) for s, v in points), GRID)]
    length = -(-len(points) // SMOOTHED_POINTS)
    means = []
    for start in range(0, len(points), length):
        some = points[start : start + length]
        means.append(
            frame.place(sum(s for s, _ in some) / len(some), sum(v for _, v in some) / len(some))
        )
    return [*shapes, Line(tuple(means), colour, 2.0)]


def _grid(frame: _Frame) -> list[Shape]:
    shapes: list[Shape] = []
    for share in (0.0, 0.5, 1.0):
        x, y = frame.place(0, share * frame.highest)
        shapes.append(Line(((x, y), (WIDTH_PX - RIGHT_PX, y)), GRID))
        shapes.append(Words((x - 8, y + 4), f"{share * frame.highest:g}", 11, FAINT, "end"))
    return shapes


def _axis(frame: _Frame) -> list[Shape]:
    step = max(1, round(_round_up(frame.last_step / 10)))
    shapes: list[Shape] = []
    for tick in range(0, frame.last_step + 1, step):
        x, y = frame.place(tick, 0)
        shapes.append(Line(((x, y), (x, y + 5)), FAINT))
        shapes.append(Words((x, y + 19), str(tick), 11, FAINT, "middle"))
    middle = ((LEFT_PX + WIDTH_PX - RIGHT_PX) / 2, frame.top + PANEL_PX + 36)
    return [*shapes, Words(middle, "step", 11, FAINT, "middle")]

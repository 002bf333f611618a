"""What charts are made of: boxes, lines, areas and words, in pixels from a sheet's top left."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]

INK, FAINT, GRID, PAPER = "#1f2933", "#66727f", "#e3e7eb", "#ffffff"
BLUE, GREEN, AMBER, RED = "#2f6fb0", "#2e8b57", "#d99a2b", "#c8553d"
VIOLET = "#7b5ea7"
"""Told apart also by those who do not see red and green alike, and in print."""


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle. opacity: 0 to 1."""

    left: float
    top: float
    width: float
    height: float
    fill: str
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points."""

    points: tuple[Point, ...]
    colour: str
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class Area:
    """A filled polygon. opacity: 0 to 1."""

    points: tuple[Point, ...]
    fill: str
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text, its baseline at `at`; size: the font's, in pixels."""

    at: Point
    text: str
    size: float = 12.0
    colour: str = INK
    anchor: Anchor = "start"
    bold: bool = False


Shape = Box | Line | Area | Words


@dataclass(slots=True)
class Sheet:
    """A sheet and what is on it, the first shape lowest. title: for those who cannot see it."""

    width: int
    height: int
    title: str
    shapes: list[Shape] = field(default_factory=list)

    def add(self, *shapes: Shape) -> None:
        """Draw these above what is there."""
        self.shapes += shapes

    def take(self, shapes: Iterable[Shape]) -> None:
        """Draw all of these."""
        self.shapes.extend(shapes)

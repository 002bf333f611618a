"""What measuring gives: named numbers, in groups."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["%", "s", ""]


@dataclass(frozen=True, slots=True)
class Measure:
    """A number: `value` is 0 to 100 where `unit` is %, and None where nothing could be measured."""

    name: str
    value: float | None
    unit: Unit = "%"


@dataclass(frozen=True, slots=True)
class Group:
    """Measures of one task. `count` of what (`of`: queries, videos) they are over."""

    name: str
    count: int
    of: str
    measures: tuple[Measure, ...]


def percent(share: float, decimals: int | None = None) -> float:
    """A share as a percentage, rounded as its digits are printed (`f"{100 * share:.2f}"`)."""
    return 100 * share if decimals is None else float(f"{100 * share:.{decimals}f}")

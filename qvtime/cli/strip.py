"""A timeline as rows of terminal cells: how high a cell is filled says how sure an event is.

Plain characters; the colours come from qvtime.cli.timeline_look.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from qvtime.ticks import tick_label, tick_step_ms, ticks_ms
from qvtime.timeline import Event, Span

MOST_RANKS = 9
"""So many events have their number above the strip: a number is one cell."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What strips are drawn with. levels: from hardly to all sure; parts: eighths of a cell."""

    levels: str
    parts: str
    full: str
    seen: str
    tick: str


BLOCKS = Signs(levels="▁▂▃▄▅▆▇█", parts="▏▎▍▌▋▊▉", full="█", seen="─", tick="╵")
ASCII = Signs(levels=".:-=+*#@", parts="", full="#", seen="_", tick="'")
"""For terminals that show no other characters."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a strip. score: of the surest event there, None without any; seen: whether
    the model saw anything of that time."""

    score: float | None
    seen: bool


def lay_cells(
    events: Sequence[Event], seen: Sequence[Span], span: Span, columns: int
) -> list[Cell]:
    """The columns of a span. Every event fills one at least; one without a score is sure."""
    scores: list[float | None] = [None] * columns
    for event in events:
        score = 1.0 if event.score is None else event.score
        for column in _columns(event.span, span, columns):
            scores[column] = max(score, scores[column] or 0.0)
    inside = {column for part in seen for column in _columns(part, span, columns)}
    return [Cell(score, column in inside) for column, score in enumerate(scores)]


def draw_cell(cell: Cell, signs: Signs) -> str:
    """The character of a column."""
    if cell.score is None:
        return signs.seen if cell.seen else " "
    return signs.levels[_level(cell.score, len(signs.levels))]


def draw_ranks(events: Sequence[Event], span: Span, columns: int) -> str:
    """The number of each of the first events above the middle of its columns; the lower one
    stays where two would share a column."""
    row = [" "] * columns
    for rank, event in enumerate(events[:MOST_RANKS], 1):
        own = _columns(event.span, span, columns)
        if own and row[middle := own[len(own) // 2]] == " ":
            row[middle] = str(rank)
    return "".join(row).rstrip()


def draw_axis(span: Span, columns: int, signs: Signs) -> str:
    """Round times, each after a tick at its column; as many as have room."""
    step_ms = tick_step_ms(span, lambda step_ms: columns // _label_columns(span, step_ms))
    row = ""
    for tick_ms in ticks_ms(span, step_ms):
        column = (tick_ms - span.start_ms) * columns // span.duration_ms
        label = signs.tick + tick_label(tick_ms, step_ms)
        if column + len(label) <= columns:
            row = row.ljust(column) + label
    return row


def _label_columns(span: Span, step_ms: int) -> int:
    """What the longest label takes, with its tick and a gap."""
    return len(tick_label(span.end_ms, step_ms)) + 3


def draw_meter(score: float, columns: int, signs: Signs) -> str:
    """A score as a bar of `columns` at most: eighths of a cell, or whole ones."""
    steps = len(signs.parts) + 1
    filled = round(min(1.0, max(0.0, score)) * columns * steps)
    whole, part = divmod(filled, steps)
    return signs.full * whole + (signs.parts[part - 1] if part else "")


def _level(score: float, levels: int) -> int:
    return min(levels - 1, int(min(1.0, max(0.0, score)) * levels))


def _columns(part: Span, span: Span, columns: int) -> range:
    """The columns that a part of the span fills."""
    shown = part.clamp(span)
    if shown is None:
        return range(0)
    first = (shown.start_ms - span.start_ms) * columns // span.duration_ms
    last = (shown.end_ms - 1 - span.start_ms) * columns // span.duration_ms
    return range(first, last + 1)

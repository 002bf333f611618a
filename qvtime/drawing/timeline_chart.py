"""The chart of a report: what was found on the video's timeline, as high as it is sure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from qvtime.drawing.shapes import (
    AMBER,
    BLUE,
    FAINT,
    GREEN,
    GRID,
    INK,
    RED,
    VIOLET,
    Area,
    Box,
    Line,
    Shape,
    Sheet,
    Words,
)
from qvtime.plain_text import one_line
from qvtime.report import Report
from qvtime.ticks import tick_label, tick_step_ms, ticks_ms
from qvtime.timeline import LIKELY_SCORE, SURE_SCORE, Event, Span

WIDTH_PX = 960
LEFT_PX, RIGHT_PX = 56, 24
HEAD_PX, PLOT_PX, AXIS_PX = 64, 150, 40
LEAST_WIDTH_PX = 3.0
"""An event is at least so wide: a second of an hour would not be seen."""
TICK_PX = 90
SAID_PX = 7
"""What subtitles say is a band of this height on the axis."""
LONGEST_TITLE = 100


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where a span of time and scores from 0 to 1 lie on the sheet."""

    span: Span
    top: float

    @property
    def bottom(self) -> float:
        return self.top + PLOT_PX

    def x(self, time_ms: float) -> float:
        share = (time_ms - self.span.start_ms) / self.span.duration_ms
        return LEFT_PX + share * (WIDTH_PX - LEFT_PX - RIGHT_PX)

    def y(self, score: float) -> float:
        return self.bottom - min(1.0, max(0.0, score)) * PLOT_PX


def draw_timelines(reports: Sequence[Report]) -> Sheet:
    """A sheet with a chart for each report, one below the other.

    The shaded area, where a report has one, is the probability of each start
    (`Report.starts`), and the bars are the reported spans, as high as their scores.
    """
    height = HEAD_PX + PLOT_PX + AXIS_PX
    questions = dict.fromkeys(report.question for report in reports)
    sheet = Sheet(WIDTH_PX, max(1, len(reports)) * height, one_line("; ".join(questions)))
    if not reports:
        sheet.add(Words((LEFT_PX, HEAD_PX), "Nothing was found.", 16, FAINT))
    for place, report in enumerate(reports):
        sheet.take(_chart(report, place * height))
    return sheet


def _chart(report: Report, top: float) -> list[Shape]:
    span = _shown_span(report)
    frame = _Frame(span, top + HEAD_PX)
    shapes = [*_heading(report, top), *_grid(frame)]
    shapes += _starts(report.starts, frame)
    ranked = len({event.caption for event in report.events}) <= 1
    for rank, event in enumerate(report.events, 1):
        shapes += _event(event, str(rank) if ranked and len(report.events) > 1 else "", frame)
    return [*shapes, *_axis(frame)]


def _shown_span(report: Report) -> Span:
    if report.video is not None and report.video.duration_ms > 0:
        return Span(0, report.video.duration_ms)
    ends = [event.span.end_ms for event in report.events]
    return Span(0, max(ends, default=1000))


def _heading(report: Report, top: float) -> list[Shape]:
    title = one_line(report.question)
    if len(title) > LONGEST_TITLE:
        title = title[: LONGEST_TITLE - 1] + "…"
    facts = [one_line(report.shown_path)[-LONGEST_TITLE:]]
    if report.video is not None:
        facts.append(tick_label(report.video.duration_ms, 1000))
    facts += [f"model {one_line(report.model)}"] if report.model else []
    if not report.events:
        facts.append("nothing found")
    return [
        Words((LEFT_PX, top + 28), title, 16, INK, bold=True),
        Words((LEFT_PX, top + 47), "  ·  ".join(facts), 12, FAINT),
        Words((WIDTH_PX - RIGHT_PX, top + 28), _legend(report), 11, FAINT, "end"),
    ]


def _legend(report: Report) -> str:
    parts = ["bars: spans, by score"] if report.events else []
    if any(event.source != "seen" for event in report.events):
        parts.append("violet: subtitles")
    if report.starts:
        parts.append("area: probability of each start")
    return "  ·  ".join(parts)


def _grid(frame: _Frame) -> list[Shape]:
    """Lines at scores of 0, 0.5 and 1."""
    shapes: list[Shape] = []
    for score in (0.0, 0.5, 1.0):
        y = frame.y(score)
        shapes.append(Line(((LEFT_PX, y), (WIDTH_PX - RIGHT_PX, y)), GRID))
        shapes.append(Words((LEFT_PX - 8, y + 4), f"{score:g}", 11, FAINT, "end"))
    return shapes


def _axis(frame: _Frame) -> list[Shape]:
    step_ms = tick_step_ms(frame.span, lambda _step_ms: WIDTH_PX // TICK_PX)
    y = frame.bottom
    shapes: list[Shape] = [Line(((LEFT_PX, y), (WIDTH_PX - RIGHT_PX, y)), FAINT)]
    for tick_ms in ticks_ms(frame.span, step_ms):
        x = frame.x(tick_ms)
        shapes.append(Line(((x, y), (x, y + 5)), FAINT))
        shapes.append(Words((x, y + 19), tick_label(tick_ms, step_ms), 11, FAINT, "middle"))
    return shapes


def _starts(starts: Sequence[tuple[int, float]], frame: _Frame) -> list[Shape]:
    """The distribution of starts, as an area that falls to 0 where nothing was looked at."""
    if len(starts) < 2:
        return []
    step_ms = min(later[0] - earlier[0] for earlier, later in pairwise(starts))
    points = []
    for (time_ms, share), (next_ms, _) in zip(starts, [*starts[1:], (None, 0.0)], strict=True):
        points.append((frame.x(time_ms), frame.y(share)))
        if next_ms is None or next_ms > 2 * step_ms + time_ms:
            points.append((frame.x(time_ms), frame.y(0)))
            if next_ms is not None:
                points.append((frame.x(next_ms), frame.y(0)))
    outline = ((frame.x(starts[0][0]), frame.y(0)), *points)
    return [Area(outline, BLUE, 0.25), Line(outline, BLUE, 1.2)]


def _event(event: Event, label: str, frame: _Frame) -> list[Shape]:
    left = frame.x(event.span.start_ms)
    width = max(LEAST_WIDTH_PX, frame.x(event.span.end_ms) - left)
    if event.source != "seen":
        return [Box(left, frame.bottom - SAID_PX, width, SAID_PX, VIOLET)]
    score = 1.0 if event.score is None else event.score
    top = frame.y(score)
    shapes: list[Shape] = [Box(left, top, width, frame.bottom - top, _colour(event), 0.85)]
    if label:
        said = label if event.score is None else f"{label}: {event.score:.2f}"
        shapes.append(Words((left + width / 2, top - 5), said, 11, INK, "middle"))
    return shapes


def _colour(event: Event) -> str:
    if event.score is None:
        return BLUE
    return GREEN if event.score >= SURE_SCORE else AMBER if event.score >= LIKELY_SCORE else RED

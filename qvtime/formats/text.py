"""Text for people: when, what, and where it looked. No colours: the terminal's side adds them."""

from collections.abc import Sequence

from qvtime.plain_text import one_line
from qvtime.report import Report
from qvtime.timeline import Event, Span
from qvtime.timestamps import format_time

MOST_NAMED = 8
"""Of more places it is said how many they are."""


def write(reports: Sequence[Report]) -> str:
    """Each report as a few lines, a blank line between them.

    A line an event, the answer, and where it looked; with several reports, the video and the
    question first.
    """
    return "\n".join(_paragraph(report, alone=len(reports) == 1) for report in reports)


def _paragraph(report: Report, alone: bool) -> str:
    lines = []
    if not alone:
        lines.append(f"{one_line(report.shown_path)}: {one_line(report.question)}")
    lines += [event_line(event) for event in report.events]
    lines.append(one_line(report.answer))
    lines.append(f"({where_line(report)})")
    lines += [f"damage: {one_line(sentence)}" for sentence in report.damage]
    return "\n".join(lines) + "\n"


def event_line(event: Event) -> str:
    """`start - end  caption (score)`, two spaces after the times."""
    score = "" if event.score is None else f" ({event.score:.2f})"
    source = "" if event.source == "seen" else f" [{event.source}]"
    return f"{_span(event.span)}  {one_line(event.caption)}{score}{source}".rstrip()


def _span(span: Span) -> str:
    return f"{format_time(span.start_ms)} - {format_time(span.end_ms)}"


def where_line(report: Report) -> str:
    """Where it looked, how finely, with which model."""
    parts = []
    if report.skimmed and report.skimmed_every_ms is not None:
        skimmed = " and ".join(map(_span, _stretches(report.skimmed)))
        parts.append(f"skimmed {skimmed} every {report.skimmed_every_ms / 1000:g} s")
    stretches = _stretches(report.looked)
    if len(stretches) > MOST_NAMED:
        total = format_time(sum(span.duration_ms for span in stretches))
        parts.append(f"looked at {total} in {len(stretches)} places, {len(report.looked)} windows")
    elif stretches:
        windows = f" in {len(report.looked)} windows" if len(report.looked) > 1 else ""
        parts.append(f"looked at {' and '.join(map(_span, stretches))}{windows}")
    if report.granularity_ms is not None:
        parts.append(f"granularity {report.granularity_ms / 1000:g} s")
    return ", ".join((*parts, f"model {one_line(report.model)}"))


def _stretches(looked: Sequence[Span]) -> list[Span]:
    """The windows, with those joined that meet; what lies between the rest was not looked at."""
    joined: list[Span] = []
    for span in sorted(looked):
        if joined and span.start_ms <= joined[-1].end_ms:
            joined[-1] = joined[-1].hull(span)
        else:
            joined.append(span)
    return joined

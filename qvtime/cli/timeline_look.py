"""A report of spans on a terminal: a line each, and the timeline that they lie on."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qvtime.cli.strip import (
    ASCII,
    BLOCKS,
    Cell,
    Signs,
    draw_axis,
    draw_cell,
    draw_meter,
    draw_ranks,
    lay_cells,
)
from qvtime.cli.text import terminal_safe_line
from qvtime.formats.text import event_line, where_line
from qvtime.plain_text import one_line
from qvtime.report import Report
from qvtime.ticks import tick_label
from qvtime.timeline import LIKELY_SCORE, SURE_SCORE, Event, Span
from qvtime.timestamps import format_time

MOST_COLUMNS = 160
"""A strip is no wider: eyes lose the row."""
METER_COLUMNS = 10
NARROW_COLUMNS = 72
"""Below this there is no room for meters."""
LEAST_COLUMNS = 40
"""Below this a table would cut times off: events are lines that flow on, and no strip is drawn."""


def show_timeline(report: Report, several: bool) -> None:
    """Print a report's events on the terminal that stdout is, and a strip of the video below."""
    console = Console(highlight=False)
    signs = ASCII if console.options.ascii_only else BLOCKS
    if several:
        console.print(_heading(report), soft_wrap=True)
    narrow = console.width < LEAST_COLUMNS
    if not report.events:
        console.print(Text(terminal_safe_line(report.answer)), soft_wrap=True)
    elif narrow:
        for event in report.events:
            console.print(Text(terminal_safe_line(event_line(event))), soft_wrap=True)
    else:
        console.print(_rows(report, console.width, signs))
        console.print()
    if not narrow:
        console.print(*strip_rows(report, min(console.width, MOST_COLUMNS), signs), sep="\n")
    console.print(Text(f"({terminal_safe_line(where_line(report))})", style="dim"), soft_wrap=True)
    for sentence in report.damage:
        console.print(Text(f"damage: {terminal_safe_line(sentence)}", style="yellow"))
    if several:
        console.print()


def strip_rows(report: Report, columns: int, signs: Signs) -> list[Text]:
    """The rows of a report's strip, each as wide as `columns` at most; none where nothing is
    known of the video's length.

    What was seen is a line, events rise from it; subtitles have a row of their own.
    """
    span = shown_span(report)
    if span is None:
        return []
    seen = [event for event in report.events if event.source == "seen"]
    spoken = [event for event in report.events if event.source != "seen"]
    rows = []
    if is_ranked(report):
        rows.append(Text(draw_ranks(seen, span, columns), style="bold"))
    rows.append(_strip(lay_cells(seen, report.looked, span, columns), signs))
    if spoken:
        cells = lay_cells(spoken, (), span, columns)
        rows.append(Text("".join(draw_cell(cell, signs) for cell in cells), style="magenta"))
    rows.append(Text(draw_axis(span, columns, signs), style="dim"))
    if spoken:
        rows.append(Text("(above: what is seen; below it: what is said)", style="dim"))
    return rows


def show_line(report: Report, console: Console) -> None:
    """Print a video's name, length and number of events, and its strip, as one line."""
    signs = ASCII if console.options.ascii_only else BLOCKS
    name = Text(terminal_safe_line(one_line(report.shown_path)), style="bold")
    name_columns = max(12, console.width // 3)
    if name.cell_len > name_columns:  # the end of a path says more than its beginning
        name = Text("…" if signs is BLOCKS else "~", style="bold") + _end_of(name, name_columns - 1)
    name.pad_right(name_columns - name.cell_len)
    length = "" if report.video is None else tick_label(report.video.duration_ms, 1000)
    facts = f"{length:>9}{len(report.events):5} events  "
    columns = min(console.width - name_columns - len(facts) - 1, MOST_COLUMNS)
    span = shown_span(report)
    strip = Text()
    if span is not None and columns > 0:
        strip = _strip(lay_cells(report.events, report.looked, span, columns), signs)
    console.print(Text.assemble(name, (facts, "dim"), strip), no_wrap=True)


def _end_of(text: Text, columns: int) -> Text:
    """The longest end of a text that is no wider."""
    while text.cell_len > columns:
        text = text[1:]
    return text


def shown_span(report: Report) -> Span | None:
    """The part of the video that was looked at, with all events in it; the whole one if nothing
    says what that was."""
    parts = [*report.looked, *report.skimmed, *(event.span for event in report.events)]
    if not parts:
        known = report.video is not None and report.video.duration_ms > 0
        return Span(0, report.video.duration_ms) if known and report.video else None
    return Span(min(one.start_ms for one in parts), max(one.end_ms for one in parts))


def is_ranked(report: Report) -> bool:
    """Whether the events answer one question, best first, rather than tell a timeline."""
    return bool(report.events) and all(
        event.caption == report.question and event.score is not None for event in report.events
    )


def _heading(report: Report) -> Text:
    video = report.video
    length = "" if video is None else f"  {tick_label(video.duration_ms, 1000)}"
    name = terminal_safe_line(one_line(report.shown_path))
    return Text.assemble((name, "bold"), (length, "dim"))


def _rows(report: Report, columns: int, signs: Signs) -> Table:
    """The events, a row each: number, times, score as a meter and as a number, what happens."""
    ranked = is_ranked(report)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", style="bold", no_wrap=True)
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    meter = METER_COLUMNS if columns >= NARROW_COLUMNS else 0
    for rank, event in enumerate(report.events, 1):
        times = f"{format_time(event.span.start_ms)} - {format_time(event.span.end_ms)}"
        source = "" if event.source == "seen" else f" [{event.source}]"
        caption = "" if ranked else terminal_safe_line(one_line(event.caption) + source)
        number = str(rank) if ranked else ""
        table.add_row(number, Text(times, "bold cyan"), _score(event, meter, signs), Text(caption))
    return table


def _score(event: Event, meter: int, signs: Signs) -> Text:
    if event.score is None:
        return Text("")
    bar = draw_meter(event.score, meter, signs).ljust(meter)
    return Text.assemble((bar, _style(event.score)), " " if meter else "", f"{event.score:.2f}")


def _strip(cells: Sequence[Cell], signs: Signs) -> Text:
    strip = Text(no_wrap=True)
    for cell in cells:
        style = "dim" if cell.score is None else _style(cell.score)
        strip.append(draw_cell(cell, signs), style)
    return strip


def _style(score: float) -> str:
    return "green" if score >= SURE_SCORE else "yellow" if score >= LIKELY_SCORE else "red"

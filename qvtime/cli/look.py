"""A report on a terminal: colours, and every time as a readable line."""

from rich.console import Console
from rich.text import Text

from qvtime.cli.text import terminal_safe_line
from qvtime.formats.text import event_line, where_line
from qvtime.report import Report


def show_report(report: Report, several: bool) -> None:
    """Print a report on the terminal that stdout is."""
    console = Console(highlight=False, soft_wrap=True)
    if several:
        console.print(Text(terminal_safe_line(report.question), style="bold"))
    for event in report.events:
        times, _, rest = event_line(event).partition("  ")
        console.print(Text.assemble((times, "bold cyan"), "  ", terminal_safe_line(rest)))
    console.print(Text(terminal_safe_line(report.answer)))
    console.print(Text(f"({terminal_safe_line(where_line(report))})", style="dim"))
    for sentence in report.damage:
        console.print(Text(f"damage: {terminal_safe_line(sentence)}", style="yellow"))
    if several:
        console.print()

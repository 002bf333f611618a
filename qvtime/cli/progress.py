"""stderr: how far the work is, on a terminal only, and the one note about the demo model."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qvtime.settings import DEMO_MODEL
from qvtime.timestamps import format_time

if TYPE_CHECKING:
    from qvtime.tasks.ask import Progress


@contextmanager
def show_progress(quiet: bool) -> Iterator[Callable[["Progress"], None]]:
    """A line on stderr that says which window is looked at; nothing when stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    with console.status("opening the video …") as status:

        def show(progress: "Progress") -> None:
            at = f"{format_time(progress.span.start_ms)} - {format_time(progress.span.end_ms)}"
            part = f", window {progress.done + 1} of {progress.total}" if progress.total > 1 else ""
            status.update(f"looking at {at}{part} …")

        yield show


def note_model(model: str, quiet: bool) -> None:
    """Say once that the demo model knows only its own world."""
    if model == DEMO_MODEL and not quiet:
        sys.stderr.write(
            "qvtime: the demo model understands the made clips of samples/ and nothing else; "
            "choose a Qwen3-VL with --model for real footage\n"
        )

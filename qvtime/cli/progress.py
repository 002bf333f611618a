"""How far the work is, on a terminal only, and what has to be said about the demo model."""

import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from qvtime.cli.streams import say
from qvtime.cli.text import terminal_safe_line
from qvtime.settings import DEMO_MODEL
from qvtime.timestamps import format_time

if TYPE_CHECKING:
    from rich.status import Status

    from qvtime.tasks.looking import Progress

Result = TypeVar("Result")


class ProgressLine:
    """A line on stderr that says what is being done; nothing when quiet or stderr no terminal.

    It is there while work goes on, and gone while answers are printed on the same terminal.
    """

    def __init__(self, quiet: bool) -> None:
        self._status: Status | None = None
        if not quiet and sys.stderr is not None and sys.stderr.isatty():
            from rich.console import Console

            self._status = Console(stderr=True, highlight=False).status("")

    def show(self, progress: "Progress", video: str | None = None) -> None:
        """Say which window is looked at, and of which video if there are several."""
        at = f"{format_time(progress.span.start_ms)} - {format_time(progress.span.end_ms)}"
        part = f", window {progress.done + 1} of {progress.total}" if progress.total > 1 else ""
        self.say(f"{f'{video}: ' if video else ''}looking at {at}{part}")

    def say(self, what: str) -> None:
        """Say what is being done now."""
        if self._status is not None:
            from rich.text import Text

            # Text, not markup: a file's name may be "[/b].mp4".
            self._status.update(Text(f"{terminal_safe_line(what)} …"))
            self._status.start()

    def before(self, what: str, work: Callable[[], Result]) -> Callable[[], Result]:
        """`work`, said when it is begun."""

        def announced() -> Result:
            self.say(what)
            return work()

        return announced

    def hide(self) -> None:
        """Leave the terminal to others until `show`."""
        if self._status is not None:
            self._status.stop()

    def __enter__(self) -> Self:
        self.say("opening the video")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hide()


def note_model(model: str, quiet: bool) -> None:
    """Say that the demo model knows only its own world."""
    if model == DEMO_MODEL and not quiet:
        say(
            "the demo model understands the made clips of samples/ and nothing else",
            "for real footage choose a Qwen3-VL with --model",
        )

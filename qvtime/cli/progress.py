"""How far the work is, on a terminal only, and what has to be said about the demo model."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self, TypeVar

from qvtime.cli.streams import say
from qvtime.cli.text import terminal_safe_line
from qvtime.closing import Closing
from qvtime.settings import DEMO_MODEL
from qvtime.timestamps import format_time

if TYPE_CHECKING:
    from rich.status import Status

    from qvtime.tasks.looking import Progress

Result = TypeVar("Result")

LEAST_SECONDS = 2.0
"""How long to watch before it is guessed how long the rest takes."""


class Pace:
    """Guesses how long the rest of some work takes, from how long its parts took so far.

    clock: gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._work: object = None
        self._began_s, self._began_done = 0.0, 0

    def left_s(self, work: object, done: int, total: int) -> float | None:
        """Seconds until all `total` parts are done; None while too little is known.

        work: what the parts are of; other work begins anew, and so does what begins again.
        """
        now_s = self._clock()
        if (work, total) != self._work or done < self._began_done:
            self._work = work, total
            self._began_s, self._began_done = now_s, done
        passed_s = now_s - self._began_s
        if done == self._began_done or passed_s < LEAST_SECONDS:
            return None
        return passed_s / (done - self._began_done) * (total - done)


def words_for_left(seconds: float) -> str:
    """`40 s`, `3 min`, `1 h 20 min`: as exact as a guess may sound."""
    if seconds < 55:
        return f"{max(5, 5 * round(seconds / 5))} s"
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(5 * round(minutes / 5), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


class ProgressLine(Closing):
    """A line on stderr that says what is being done; nothing when quiet or stderr no terminal.

    It is there while work goes on, and gone while answers are printed on the same terminal.
    """

    def __init__(self, quiet: bool) -> None:
        self._status: Status | None = None
        self._pace = Pace()
        if not quiet and sys.stderr is not None and sys.stderr.isatty():
            from rich.console import Console

            self._status = Console(stderr=True, highlight=False).status("")

    def show(self, progress: "Progress", video: str | None = None) -> None:
        """Say which window is looked at, of which video if there are several, and what is left."""
        at = f"{format_time(progress.span.start_ms)} - {format_time(progress.span.end_ms)}"
        part = f", window {progress.done + 1} of {progress.total}" if progress.total > 1 else ""
        left_s = self._pace.left_s(video, progress.done, progress.total)
        left = "" if left_s is None else f", about {words_for_left(left_s)} left"
        self.say(f"{f'{video}: ' if video else ''}looking at {at}{part}{left}")

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

    def close(self) -> None:
        """The work is done, and so is the line."""
        self.hide()


def note_model(model: str, quiet: bool) -> None:
    """Say that the demo model knows only its own world."""
    if model == DEMO_MODEL and not quiet:
        say(
            "the demo model understands the made clips of samples/ and nothing else",
            "for real footage choose a Qwen3-VL with --model",
        )

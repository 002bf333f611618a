"""What a run of teaching says on stderr while it goes on, and on stdout when it is done."""

import time
from typing import TYPE_CHECKING

import typer

from qvtime.cli.options import given_options
from qvtime.cli.progress import ProgressLine
from qvtime.cli.streams import say
from qvtime.errors import UsageError
from qvtime.tasks.train import Listener, Taught
from qvtime.timestamps import format_time

if TYPE_CHECKING:
    from qvtime.tasks.train import Check, StepLosses


NEEDS = {
    "rehearse_share": "rehearse",
    "align_layers": "align_weight",
    "align_heads": "align_weight",
}
"""Options that would be passed over where another is not given."""


class Talk(ProgressLine, Listener):
    """A line that is always new on a terminal, and a line for every look at held-out videos."""

    def __init__(self, quiet: bool) -> None:
        super().__init__(quiet)
        self._quiet = quiet
        self._began: tuple[float, int] | None = None

    def note(self, sentence: str) -> None:
        if not self._quiet:
            say(sentence)

    def doing(self, what: str) -> None:
        self.say(what)

    def step(self, losses: "StepLosses", steps: int) -> None:
        now = time.monotonic()
        if self._began is None:
            self._began = now, losses.step
        since, first = self._began
        left = ""
        if losses.step > first:
            each = (now - since) / (losses.step - first)
            left = f", {format_time(round(1000 * each * (steps - losses.step)))} left"
        self.say(f"step {losses.step} of {steps}: loss {losses.loss:.3f}{left}")

    def check(self, check: "Check", steps: int) -> None:
        if not self._quiet:
            self.hide()
            say(
                f"step {check.step} of {steps}: held-out grade {check.grade:.3f} (reported where"
                f" it happens: mIoU {check.mean_iou:.3f}, R@1 at IoU 0.5 {check.recall:.0%};"
                f" silent where it does not: {check.silent:.0%})"
            )


def summary(taught: Taught) -> str:
    """One line: where the model is and how good."""
    best = taught.best
    how = (
        f"of step {best.step}, held-out grade {best.grade:.3f}"
        f" (mIoU of what is reported {best.mean_iou:.3f}, silent where nothing is"
        f" {best.silent:.0%})"
        if best
        else f"of step {taught.steps}, nothing held out"
    )
    return f"{taught.folder}: the model {how}\n"


def check_needed(context: typer.Context) -> None:
    """UsageError for an option that says nothing, as one that it is about is not given."""
    for parameter, option in given_options(context).items():
        needed = NEEDS.get(parameter)
        if needed is not None and not context.params[needed]:
            name = needed.replace("_", "-")
            raise UsageError(f"{option} says nothing without --{name}", "add it, or leave it out")


def read_layers(text: str | None) -> tuple[int, ...]:
    """`3,4` as numbers; none when it is not said. UsageError for what is no such list."""
    if text is None:
        return ()
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise UsageError(f"--align-layers cannot be {text}", "use numbers with commas: 21,22")
    return tuple(sorted({int(part) for part in parts}))

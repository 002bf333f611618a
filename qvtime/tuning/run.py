"""What a run of teaching keeps in its folder, so that it can go on after being killed.

run/checkpoint.pt        what was learned, the optimizer, every step's losses; replaced whole
run/best.safetensors     what was learned when the held-out videos went best
run/losses.jsonl         the losses, for people
run/lengths.json         how long the videos are (qvtime.tasks.lengths)
run/lock                 held by the run that is going on; the kernel frees it
"""

import io
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save

from qvtime.errors import OutputError, UsageError, cause_of
from qvtime.store.files import write_atomically
from qvtime.store.lock import hold_alone
from qvtime.tuning.recipe import Recipe

FOLDER = "run"


@dataclass(frozen=True, slots=True)
class StepLosses:
    """The figures of one step (counted from 1): the loss, and its parts where it has some."""

    step: int
    loss: float
    answers: float
    alignment: float | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """What the held-out videos said after a step: qvtime.tuning.exam.Marks."""

    step: int
    grade: float
    mean_iou: float
    recall: float
    silent: float


@dataclass(slots=True)
class History:
    """All steps and checks of a run so far, in order."""

    steps: list[StepLosses] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    @property
    def best(self) -> Check | None:
        """The check with the highest grade, the first of them."""
        return max(self.checks, key=lambda check: check.grade, default=None)


class Run:
    """The folder of a run. data: what its videos are known by, to notice when they change."""

    def __init__(self, out: Path, recipe: Recipe, data: str) -> None:
        self._folder = out / FOLDER
        self._recipe, self._data = recipe, data
        self._checkpoint = self._folder / "checkpoint.pt"
        self._best = self._folder / "best.safetensors"
        self._losses = self._folder / "losses.jsonl"

    @property
    def begun(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        return self._checkpoint.exists()

    def prepare(self) -> None:
        """Make the folder. OutputError when nothing can be written there."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"cannot make the folder {self._folder}: {cause_of(error)}", "name another --out"
            ) from error
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise OutputError(f"cannot write into {self._folder}", "name another --out")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder: two runs in it would replace each other's checkpoints. OutputError
        where another run holds it."""
        with ExitStack() as held:
            try:
                lock = held.enter_context((self._folder / "lock").open("ab"))
            except OSError as error:
                raise OutputError(
                    f"cannot write into {self._folder}: {cause_of(error)}", "name another --out"
                ) from error
            if not hold_alone(lock.fileno()):
                raise OutputError(
                    f"another run is teaching into {self._folder.parent}",
                    "wait until it has ended, or name another --out",
                )
            yield

    def keep(
        self, learned: dict[str, torch.Tensor], optimizer: dict[str, Any], history: History
    ) -> None:
        """Replace the checkpoint, and write the losses for people. OutputError."""
        held = io.BytesIO()
        state = {
            "learned": learned,
            "optimizer": optimizer,
            "history": asdict(history),
            "recipe": _plain(self._recipe),
            "data": self._data,
        }
        torch.save(state, held)
        write_atomically(self._checkpoint, held.getvalue())
        lines = [json.dumps(asdict(one)) for one in history.steps]
        lines += [json.dumps(asdict(one)) for one in history.checks]
        write_atomically(self._losses, "".join(f"{line}\n" for line in lines))

    def keep_best(self, learned: dict[str, torch.Tensor]) -> None:
        """Replace what was learned at the best check."""
        write_atomically(self._best, save(learned))

    def best(self) -> dict[str, torch.Tensor] | None:
        """What was learned at the best check, if there was one."""
        return load_file(self._best) if self._best.exists() else None

    def resume(self) -> tuple[dict[str, torch.Tensor], dict[str, Any], History]:
        """The last checkpoint. UsageError when it is of another run, or cannot be read."""
        try:
            state = torch.load(self._checkpoint, map_location="cpu", weights_only=True)
            learned, optimizer, raw = state["learned"], state["optimizer"], state["history"]
            history = History(
                [StepLosses(**one) for one in raw["steps"]], [Check(**one) for one in raw["checks"]]
            )
            before, data = state["recipe"], state["data"]
        except Exception as error:
            raise UsageError(
                f"{self._checkpoint} cannot be read", "start anew in another --out"
            ) from error
        now = _plain(self._recipe)
        changed = [name for name in now if before.get(name) != now[name]]
        if changed:
            name = changed[0]
            raise UsageError(
                f"the run in {self._folder.parent} was begun with another {_option(name)}"
                f" ({before.get(name)}, not {now[name]})",
                "go on with the options that it was begun with, or start anew in another --out",
            )
        if data != self._data:
            raise UsageError(
                f"the run in {self._folder.parent} was begun with other videos, labels or model",
                "start anew in another --out",
            )
        return learned, optimizer, history


def _plain(recipe: Recipe) -> dict[str, Any]:
    return json.loads(json.dumps(asdict(recipe)))  # type: ignore[no-any-return]


def _option(name: str) -> str:
    return name.replace("_", " ")

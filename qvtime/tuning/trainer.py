"""The loop: lessons, losses, steps, a look at the held-out videos now and then."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from qvtime.model.memory import out_of_memory_is
from qvtime.tuning.exam import Sheet, examine, set_exam
from qvtime.tuning.labels import Split
from qvtime.tuning.lessons import Lesson, Show, make_lessons
from qvtime.tuning.losses import LessonLoss, lesson_loss
from qvtime.tuning.negatives import Negatives
from qvtime.tuning.processes import Processes
from qvtime.tuning.pupil import Pupil
from qvtime.tuning.questions import Asker
from qvtime.tuning.recipe import Recipe
from qvtime.tuning.run import Check, History, Run, StepLosses
from qvtime.tuning.visits import Timetable
from qvtime.tuning.vocabulary import known_words

FINAL_SHARE = 0.05
"""What is left of the learning rate at the end."""
LARGEST_GRADIENT = 1.0

Told = Callable[[StepLosses | Check], None]


@dataclass(frozen=True, slots=True)
class Classroom:
    """What teaching needs beside the model: when to visit what, how to ask, what to see."""

    timetable: Timetable
    asker: Asker
    show: Show
    exam: Sequence[Sheet]
    processes: Processes


class Trainer:
    """One run of teaching, from its last checkpoint if it has one."""

    def __init__(self, pupil: Pupil, room: Classroom, recipe: Recipe, run: Run) -> None:
        self._pupil, self._room, self._recipe, self._run = pupil, room, recipe, run
        self._optimizer = torch.optim.AdamW(pupil.groups(), betas=(0.9, 0.98), weight_decay=0.01)
        self._parameters = list(pupil.named.values())
        self.history = History()

    def resume(self) -> None:
        """Go on from the last checkpoint. UsageError when it does not fit."""
        learned, optimizer, self.history = self._run.resume()
        self._pupil.load(learned)
        self._optimizer.load_state_dict(optimizer)

    def teach(self, told: Told) -> None:
        """All steps that are left; `told` hears of each, and of each look at held-out videos.

        Raises OutOfMemory, OutputError, VideoError.
        """
        done = len(self.history.steps)
        if done == 0:
            self._look(told)
        with _written_out(self._pupil.model.device.type):
            for step, lessons in zip(
                range(done, self._recipe.steps), self._lessons(done), strict=False
            ):
                losses = self._step(step, lessons)
                self.history.steps.append(losses)
                told(losses)
                last = step + 1 == self._recipe.steps
                if last or (step + 1) % self._recipe.check_every == 0:
                    self._look(told)
                elif (step + 1) % self._recipe.keep_every == 0:
                    self._keep()

    def _lessons(self, first: int) -> Iterator[list[Lesson]]:
        """The lessons of each step from `first` on, made ahead of time."""
        steps = range(first, self._recipe.steps)
        with ThreadPoolExecutor(1) as ahead:
            waiting = [ahead.submit(self._make, step) for step in steps[:2]]
            for step in steps:
                lessons = waiting.pop(0).result()
                if step + 2 in steps:
                    waiting.append(ahead.submit(self._make, step + 2))
                yield lessons

    def _make(self, step: int) -> list[Lesson]:
        processes = self._room.processes
        visits = self._room.timetable.step(step)[processes.rank :: processes.size]
        return [
            lesson
            for visit in visits
            for lesson in make_lessons(
                visit, self._room.show, self._room.asker, self._recipe.questions
            )
        ]

    def _step(self, step: int, lessons: Sequence[Lesson]) -> StepLosses:
        """One step of the optimizer: lessons one after the other, their gradients added up."""
        recipe, pupil = self._recipe, self._pupil
        share = _rate_share(step, recipe)
        for group in self._optimizer.param_groups:
            group["lr"] = group["height"] * share
        parts: list[LessonLoss] = []
        with _memory(pupil):
            for lesson in lessons:
                with _precision(pupil, recipe):
                    loss = lesson_loss(pupil, lesson)
                (loss.total / len(lessons)).backward()  # type: ignore[no-untyped-call]
                parts.append(loss.detached())
            self._room.processes.mean_gradients(self._parameters)
            torch.nn.utils.clip_grad_norm_(self._parameters, LARGEST_GRADIENT)
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
        return self._figures(step, parts)

    def _figures(self, step: int, parts: Sequence[LessonLoss]) -> StepLosses:
        """The means over a step's lessons, on all processes."""
        rows = [[float(p.total), float(p.answers), float(p.alignment or 0.0)] for p in parts]
        means = torch.tensor(rows or [[math.nan] * 3], device=self._pupil.model.device).mean(0)
        total, answers, alignment = self._room.processes.mean(means).tolist()
        aligned = self._recipe.align_weight > 0
        return StepLosses(step + 1, total, answers, alignment if aligned else None)

    def _look(self, told: Told) -> None:
        """Examine the pupil, keep it when it never did better, and write a checkpoint."""
        room = self._room
        if room.exam:
            before = self.history.best
            with self._pupil.answering() as engine:
                marks = examine(engine, room.exam, room.show, self._recipe.granularity_ms)
            step = len(self.history.steps)
            check = Check(step, marks.grade, marks.mean_iou, marks.recall, marks.silent)
            self.history.checks.append(check)
            told(check)
            if room.processes.leads and (before is None or marks.grade > before.grade):
                self._run.keep_best(self._pupil.state())
        self._keep()

    def _keep(self) -> None:
        if self._room.processes.leads:
            self._run.keep(self._pupil.state(), self._optimizer.state_dict(), self.history)
        self._room.processes.wait()


def open_trainer(
    pupil: Pupil,
    recipe: Recipe,
    run: Run,
    processes: Processes,
    taught: Split,
    rehearsed: Split,
    show: Show,
) -> Trainer:
    """A trainer that teaches what is `taught`, with what is `rehearsed` in between, and examines on
    what of both is held out."""
    habits, tokenizer = pupil.loaded.habits, pupil.loaded.tokenizer
    negatives = Negatives([*taught.videos, *rehearsed.videos])
    room = Classroom(
        timetable=Timetable(taught.learn, rehearsed.learn, recipe, habits.window_patches),
        asker=Asker(tokenizer, habits, negatives, recipe.never_share),
        show=show,
        exam=set_exam(
            taught.held_out,
            rehearsed.held_out,
            known_words(rehearsed.learn),
            negatives,
            recipe,
            habits.window_patches,
        ),
        processes=processes,
    )
    return Trainer(pupil, room, recipe, run)


def _rate_share(step: int, recipe: Recipe) -> float:
    """The learning rate, as a share of its height: up along a line, down along a cosine."""
    warm = min(1.0, (step + 1) / max(1, recipe.warmup_steps))
    fall = 0.5 + 0.5 * math.cos(math.pi * step / max(1, recipe.steps))
    return warm * (FINAL_SHARE + (1 - FINAL_SHARE) * fall)


def _precision(pupil: Pupil, recipe: Recipe) -> Any:
    kind = pupil.model.device.type
    return torch.autocast(kind, torch.bfloat16, enabled=recipe.precision == "bfloat16")


def _written_out(kind: str) -> Any:
    """On a CPU attention is written out: its gradients take a third of the fused kernel's time."""
    if kind != "cpu":
        return nullcontext()
    torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp(True)
    return sdpa_kernel(SDPBackend.MATH)


def _memory(pupil: Pupil) -> Any:
    return out_of_memory_is(
        f"Teaching {pupil.loaded.name} does not fit into the memory of this machine's"
        f" {pupil.loaded.device}.",
        "Use --checkpointing, a coarser --granularity, --method lora, or a smaller --model.",
    )

"""Teach a model one's own footage: labels and videos in, a model folder out."""

import hashlib
import math
import os
import unicodedata
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qvtime.drawing.loss_chart import Curve, draw_losses
from qvtime.drawing.picture import encode_picture
from qvtime.errors import OutputError, UsageError
from qvtime.settings import Settings
from qvtime.store.files import write_atomically
from qvtime.tasks.footage import Footage
from qvtime.tasks.labelled import Labelled, read_labels
from qvtime.tasks.lengths import Lengths
from qvtime.tuning.labels import LabelledVideo, Split
from qvtime.tuning.recipe import Method, Precision, Recipe
from qvtime.tuning.visits import WINDOWS_A_VISIT

if TYPE_CHECKING:  # torch is loaded only once there is something to learn from
    from qvtime.drawing.shapes import Sheet
    from qvtime.tuning.run import Check as Check
    from qvtime.tuning.run import History
    from qvtime.tuning.run import StepLosses as StepLosses

VISITS = 8
"""How often each video is visited, where the number of steps is not said."""
FULL_RATE, LORA_RATE = 3e-4, 1e-4
HELD_OUT_NAME = "held out: grade of what is reported (mIoU where it happens, silent where not)"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user chose of a Recipe; None: what suits the model and the data.

    UsageError for numbers that no training can use.
    """

    steps: int | None = None
    batch_windows: int = 12
    questions: int = 6
    rate: float | None = None
    seed: int = 0
    never_share: float = 0.4
    rehearse_share: float = 0.5
    method: Method | None = None
    rank: int = 16
    vision: bool | None = None
    precision: Precision | None = None
    checkpointing: bool = False
    align_weight: float = 0.0
    align_layers: tuple[int, ...] = ()
    align_heads: int = 2
    check_every: int | None = None
    keep_every: int = 25
    held_out: float = 0.1

    def __post_init__(self) -> None:
        if self.rate is not None and not 0 < self.rate < math.inf:
            raise UsageError(f"--rate cannot be {self.rate:g}", "use more than 0, such as 1e-4")
        if not 0 <= self.align_weight < math.inf:
            raise UsageError(f"--align-weight cannot be {self.align_weight:g}", "use 0 or more")


@dataclass(frozen=True, slots=True)
class Taught:
    """What came of it. best: the check whose weights are in the folder; None without held-out
    videos, when they are those of the last step. left_out: whether something in the data was.
    leads: whether this is the first process of the run, or the only one."""

    folder: Path
    steps: int
    best: "Check | None"
    left_out: bool
    leads: bool = True


class Listener:
    """What a run has to say while it goes on; this one hears nothing."""

    def note(self, sentence: str) -> None:
        """Something about the data that was left out."""

    def doing(self, what: str) -> None:
        """What is being done now."""

    def step(self, losses: "StepLosses", steps: int) -> None:
        """A step is done, of so many."""

    def check(self, check: "Check", steps: int) -> None:
        """The held-out videos were looked at."""


def train(
    data: str,
    out: Path,
    settings: Settings,
    wishes: Wishes,
    videos: str | None = None,
    rehearse: str | None = None,
    resume: bool = False,
    listener: Listener | None = None,
) -> Taught:
    """Teach `settings.model` what is labelled in `data`, and write the model into `out`.

    rehearse: labels of what it knows already, so that it does not forget. Raises UsageError,
    ModelError, OutputError, and VideoError when a video can be read no more.
    """
    leads = os.environ.get("RANK", "0") == "0"  # of several processes the first one talks
    hears = (listener if leads else None) or Listener()
    if leads:
        check_out(out, resume, data, rehearse)
    hears.doing("reading the labels")
    kept = out / "run" / "lengths.json"
    lengths = Lengths(settings, kept)
    new = read_labels(data, videos, settings, lengths=lengths)
    old = read_labels(rehearse, None, settings, lengths=lengths) if rehearse else Labelled((), ())
    notes, every = (*new.notes, *old.notes), (*new.videos, *old.videos)
    for note in notes:
        hears.note(note)
    taught, rehearsed = (split(one.videos, wishes.held_out, wishes.seed) for one in (new, old))

    from qvtime.model.hub import find_model
    from qvtime.model.weights import SMALL_BYTES, choose_device
    from qvtime.tuning.export import export
    from qvtime.tuning.processes import Processes
    from qvtime.tuning.pupil import load_pupil
    from qvtime.tuning.run import Run, StepLosses
    from qvtime.tuning.trainer import open_trainer

    processes = Processes()
    hears.doing("loading the model")
    device = choose_device(processes.device(settings.device))
    full = find_model(settings.model).checkpoint.size_bytes <= SMALL_BYTES
    recipe = recipe_of(wishes, settings, len(taught.learn), full, device != "cpu")
    pupil = load_pupil(settings.model, device, recipe)
    check_spelling(pupil.loaded.tokenizer, every)
    run = Run(out, recipe, _digest(every, pupil.loaded.revision))
    run.prepare()
    with run.alone() if leads else nullcontext():
        if leads:
            lengths.keep(kept)
        footage = Footage(settings, pupil.loaded.habits.frame_pixels)
        trainer = open_trainer(pupil, recipe, run, processes, taught, rehearsed, footage.show)
        if resume and run.begun:
            trainer.resume()

        def told(one: "StepLosses | Check") -> None:
            if not leads:
                return
            if isinstance(one, StepLosses):
                hears.step(one, recipe.steps)
            else:
                hears.check(one, recipe.steps)
                _draw(trainer.history, out)

        hears.doing("teaching")
        trainer.teach(told)
        if leads:
            best = run.best()
            if best is not None:
                pupil.load(best)
            hears.doing("writing the model")
            _draw(trainer.history, out)  # where nothing is held out, no check has
            export(pupil, out)
        processes.wait()
    return Taught(out, len(trainer.history.steps), trainer.history.best, bool(notes), leads)


def check_out(out: Path, resume: bool, *labels: str | None) -> None:
    """UsageError when there is another run, or a model that is not ours, in this folder, or labels
    are read from it: the model's files would be taken for some."""
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out} is no folder", "name a folder for the model")
    for folder in labels:
        if (
            folder is not None
            and out.is_dir()
            and os.path.realpath(folder) == os.path.realpath(out)
        ):
            raise UsageError(f"{out} is the folder of the labels", "name another --out")
    if (out / "run").is_dir():
        if not resume:
            raise UsageError(
                f"{out} holds a run already", "add --resume to go on with it, or name another --out"
            )
    elif (out / "config.json").exists():
        raise UsageError(f"{out} holds a model already", "name another --out")


def split(videos: Sequence[LabelledVideo], held_out: float, seed: int) -> Split:
    """The videos to learn from, and those held out: chosen by their names alone.

    held_out: the share of these; at least one of two or more, unless it is 0. What has no labels
    teaches and is examined as well: nothing happens in it.
    """
    count = round(held_out * len(videos))
    if held_out > 0 and len(videos) > 1:
        count = min(max(1, count), len(videos) - 1)

    def order(video: LabelledVideo) -> str:
        return hashlib.sha256(f"{seed} {video.name}".encode("utf-8", "replace")).hexdigest()

    ordered = sorted(videos, key=order)
    names = {video.name for video in ordered[:count]}
    return Split(
        learn=tuple(video for video in videos if video.name not in names),
        held_out=tuple(video for video in videos if video.name in names),
    )


def recipe_of(wishes: Wishes, settings: Settings, videos: int, full: bool, gpu: bool) -> Recipe:
    """The choices that were left open, made for so many videos and this kind of model."""
    method = wishes.method or ("full" if full else "lora")
    a_visit = min(WINDOWS_A_VISIT, wishes.batch_windows)
    visits = -(-wishes.batch_windows // a_visit)
    steps = wishes.steps or max(1, round(VISITS * videos / visits))
    usual_rate = FULL_RATE if method == "full" else LORA_RATE
    vision = method == "full" if wishes.vision is None else wishes.vision
    return Recipe(
        steps=steps,
        batch_windows=wishes.batch_windows,
        questions=wishes.questions,
        rate=usual_rate if wishes.rate is None else wishes.rate,
        warmup_steps=min(20, max(1, steps // 10)),
        seed=wishes.seed,
        granularity_ms=settings.granularity_ms,
        never_share=wishes.never_share,
        rehearse_share=wishes.rehearse_share,
        method=method,
        rank=wishes.rank,
        vision_rate=1.0 if vision else 0.0,
        precision=wishes.precision or ("bfloat16" if gpu else "float32"),
        checkpointing=wishes.checkpointing,
        align_weight=wishes.align_weight,
        align_layers=wishes.align_layers,
        align_heads=wishes.align_heads,
        check_every=wishes.check_every or max(1, -(-steps // 10)),
        keep_every=wishes.keep_every,
    )


def check_spelling(tokenizer: Any, videos: Sequence[LabelledVideo]) -> None:
    """UsageError that names the first caption which this tokenizer cannot spell."""
    from qvtime.model.prompt import encode_words

    for video in videos:
        for label in video.labels:
            try:
                spelled = tokenizer.decode(
                    encode_words(tokenizer, label.caption), clean_up_tokenization_spaces=False
                )
            except (UnicodeEncodeError, TypeError):  # half of a surrogate pair
                spelled = None
            if spelled != unicodedata.normalize("NFC", label.caption):
                raise UsageError(
                    f"the tokenizer cannot spell {label.caption!r}, a label of {video.path}",
                    "say it in other letters",
                )


def _draw(history: "History", out: Path) -> None:
    picture = out / "losses.png"
    write_atomically(picture, encode_picture(chart_of(history), picture))


def chart_of(history: "History") -> "Sheet":
    """The curves of a run: losses by step, and what the held-out videos said."""
    steps = history.steps
    losses = [Curve("answers", [(one.step, one.answers) for one in steps])]
    aligned = [(one.step, one.alignment) for one in steps if one.alignment is not None]
    losses += [Curve("alignment", aligned)] if aligned else []
    held_out = Curve(HELD_OUT_NAME, [(one.step, one.grade) for one in history.checks])
    return draw_losses(losses, held_out)


def _digest(videos: Sequence[LabelledVideo], revision: str) -> str:
    """What this data and this model are known by."""
    digest = hashlib.sha256(revision.encode())
    for video in videos:
        known = (video.name, video.duration_ms, video.labels, video.whole)
        digest.update(repr(known).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()

"""How good the pupil is on videos that it is not taught with: the measure that chooses the best.

Each question is asked of one window, as `qvtime locate` asks, and what counts is what `locate`
would report at its default least score: the best span of those, against the part of the event that
the window shows. A model that finds an event and is not sure of it reports nothing, and gets
nothing for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qvtime.model.engine import Engine
from qvtime.model.reply import ScoredSpan
from qvtime.settings import MIN_SCORE
from qvtime.timeline import Span
from qvtime.tuning.answers import can_say_never
from qvtime.tuning.labels import Label, LabelledVideo, inside
from qvtime.tuning.lessons import Show
from qvtime.tuning.negatives import Negatives
from qvtime.tuning.recipe import Recipe
from qvtime.tuning.visits import Window, draw_window
from qvtime.tuning.vocabulary import only_new

WINDOWS_A_VIDEO, MOST_WINDOWS_A_VIDEO = 2, 4
"""How many windows of a video are asked about, and how many where there are few videos."""


@dataclass(frozen=True, slots=True)
class Question:
    """An event that is asked for in a window; truth: when it happens there, or None."""

    caption: str
    truth: Span | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The questions about one video: for each of its windows, in order of time, two at most."""

    video: LabelledVideo
    windows: tuple[Window, ...]
    questions: tuple[tuple[Question, ...], ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """How good what would be reported is, 0 to 1.

    mean_iou: of the span reported first with what happens, 0 where none is, over `happening`
    questions; recall: how many of them meet the truth at an IoU of 0.5; silent: of the `absent`
    questions about what does not happen, those with nothing reported.
    """

    mean_iou: float
    recall: float
    happening: int
    silent: float
    absent: int

    @property
    def grade(self) -> float:
        """What chooses the best weights: the mean of `mean_iou` and `silent`.

        Both count the same however many questions of each there are, so that neither a model that
        is never sure nor one that always reports something does better than a half. Where all
        questions are of one kind, their figure alone.
        """
        parts = [self.mean_iou] * (self.happening > 0) + [self.silent] * (self.absent > 0)
        return sum(parts) / len(parts) if parts else 0.0


def set_exam(
    taught: Sequence[LabelledVideo],
    rehearsed: Sequence[LabelledVideo],
    known: frozenset[str],
    negatives: Negatives,
    recipe: Recipe,
    window_patches: int,
) -> list[Sheet]:
    """The same questions every time: about `recipe.check_questions`, spread over the videos.

    Half of the windows are of the videos `taught`, half of those `rehearsed`, where there are
    both. known: the words of all that is rehearsed. What is new is often rare, and drawn by chance
    it would hardly be asked about: where a taught video has events with other words, it is those.
    """
    generator = np.random.default_rng((recipe.seed, 3))
    parts = [part for part in (taught, rehearsed) if part]
    sheets = []
    for part in parts:
        wanted = max(1, recipe.check_questions // (2 * len(parts)))
        chosen = generator.permutation(len(part))[: -(-wanted // WINDOWS_A_VIDEO)]
        each = min(MOST_WINDOWS_A_VIDEO, -(-wanted // len(chosen)))
        for place in sorted(int(number) for number in chosen):
            video = part[place]
            asked = only_new(video, known) if part is taught else video
            windows = sorted(
                (
                    draw_window(asked, recipe.granularity_ms, window_patches, generator)
                    for _ in range(each)
                ),
                key=lambda window: window.centres_ms,
            )
            questions = tuple(
                _questions(video, asked.labels, window, recipe.granularity_ms, negatives, generator)
                for window in windows
            )
            sheets.append(Sheet(video, tuple(windows), questions))
    return sheets


def _questions(
    video: LabelledVideo,
    asked: Sequence[Label],
    window: Window,
    granularity_ms: int,
    negatives: Negatives,
    generator: np.random.Generator,
) -> tuple[Question, ...]:
    """One about an event that this window shows once, of `asked` if it can be, and one in vain."""
    seen = inside(video.labels, window.centres_ms)
    questions = []
    captions = [one.label.caption for one in seen]
    once = [one for one in seen if captions.count(one.label.caption) == 1]
    once = [one for one in once if one.label in asked] or once
    if once:
        one = once[int(generator.integers(len(once)))]
        first_ms = window.centres_ms[one.patches[0]] - granularity_ms // 2
        last_ms = window.centres_ms[one.patches[-1]] + granularity_ms // 2
        whole = Span(max(0, first_ms), last_ms)
        questions.append(Question(one.label.caption, one.label.span.clamp(whole) or whole))
    absent = negatives.draw(video.name, seen, generator)
    if absent is not None:
        questions.append(Question(absent, None))
    return tuple(questions)


def examine(engine: Engine, sheets: Sequence[Sheet], show: Show, granularity_ms: int) -> Marks:
    """How well the model does on these questions."""
    overlaps: list[float] = []
    silences: list[bool] = []
    never = can_say_never(engine.habits)
    for sheet in sheets:
        shown = show(sheet.video, sheet.windows, granularity_ms)
        for window, one, questions in zip(sheet.windows, shown, sheet.questions, strict=True):
            with engine.look(one.frames, window.centres_ms, one.said) as look:
                for question in questions:
                    found = look.spans(question.caption.rstrip(". "))
                    said = reported(found.spans, granularity_ms)
                    if question.truth is not None:
                        overlaps.append(said.iou(question.truth) if said else 0.0)
                    elif never:
                        silences.append(said is None)
    return Marks(
        mean_iou=float(np.mean(overlaps)) if overlaps else 0.0,
        recall=float(np.mean([one >= 0.5 for one in overlaps])) if overlaps else 0.0,
        happening=len(overlaps),
        silent=float(np.mean(silences)) if silences else 0.0,
        absent=len(silences),
    )


def reported(spans: Sequence[ScoredSpan], granularity_ms: int) -> Span | None:
    """What `qvtime locate` would report first of a window, as whole patches; None: nothing."""
    best = max(spans, key=lambda span: span.score, default=None)
    if best is None or best.score < MIN_SCORE:
        return None
    half_ms = granularity_ms // 2
    return Span(max(0, best.first_ms - half_ms), best.last_ms + half_ms)

"""How good the pupil is on videos that it is not taught with: the measure that chooses the best.

Each question is asked of one window, as `qvtime locate` asks: the likeliest span against the part
of the event that the window shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qvtime.model.engine import Engine
from qvtime.timeline import Span
from qvtime.tuning.answers import can_say_never
from qvtime.tuning.labels import LabelledVideo, inside
from qvtime.tuning.lessons import Show
from qvtime.tuning.negatives import Negatives
from qvtime.tuning.recipe import Recipe
from qvtime.tuning.visits import Window, draw_window

LIKELY = 0.5
"""An event that happens with less probability is not reported."""


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
    """mean_iou: over `happening` questions about what happens, 0 to 1; recall: how many of them
    meet the truth at an IoU of 0.5; silent: of the `absent` ones about what does not happen, how
    many found nothing."""

    mean_iou: float
    recall: float
    happening: int
    silent: float
    absent: int


def set_exam(
    videos: Sequence[LabelledVideo], negatives: Negatives, recipe: Recipe, window_patches: int
) -> list[Sheet]:
    """The same questions every time: `recipe.check_questions` at most, spread over the videos."""
    generator = np.random.default_rng((recipe.seed, 3))
    chosen = generator.permutation(len(videos))[: max(1, recipe.check_questions // 2)]
    each = max(1, recipe.check_questions // (2 * max(1, len(chosen))))
    sheets = []
    for place in sorted(int(number) for number in chosen):
        video = videos[place]
        windows = sorted(
            (
                draw_window(video, recipe.granularity_ms, window_patches, generator)
                for _ in range(min(each, 4))
            ),
            key=lambda window: window.centres_ms,
        )
        questions = tuple(
            _questions(video, window, recipe.granularity_ms, negatives, generator)
            for window in windows
        )
        sheets.append(Sheet(video, tuple(windows), questions))
    return sheets


def _questions(
    video: LabelledVideo,
    window: Window,
    granularity_ms: int,
    negatives: Negatives,
    generator: np.random.Generator,
) -> tuple[Question, ...]:
    seen = inside(video.labels, window.centres_ms)
    questions = []
    captions = [one.label.caption for one in seen]
    once = [one for one in seen if captions.count(one.label.caption) == 1]
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
    """How the model does on these questions."""
    overlaps: list[float] = []
    silences: list[bool] = []
    never = can_say_never(engine.habits)
    for sheet in sheets:
        shown = show(sheet.video, sheet.windows, granularity_ms)
        for window, one, questions in zip(sheet.windows, shown, sheet.questions, strict=True):
            with engine.look(one.frames, window.centres_ms, one.said) as look:
                for question in questions:
                    found = look.spans(question.caption.rstrip(". "))
                    best = max(found.spans, key=lambda span: span.score, default=None)
                    if question.truth is None:
                        if never:
                            silences.append(best is None or best.score < LIKELY)
                        continue
                    half_ms = granularity_ms // 2
                    said = best and Span(max(0, best.first_ms - half_ms), best.last_ms + half_ms)
                    overlaps.append(said.iou(question.truth) if said else 0.0)
    return Marks(
        mean_iou=float(np.mean(overlaps)) if overlaps else 0.0,
        recall=float(np.mean([one >= 0.5 for one in overlaps])) if overlaps else 0.0,
        happening=len(overlaps),
        silent=float(np.mean(silences)) if silences else 0.0,
        absent=len(silences),
    )

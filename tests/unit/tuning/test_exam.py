"""What chooses the best weights: only what would be reported counts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest

from qvtime.frames import FrameBatch
from qvtime.model.engine import Engine
from qvtime.model.habits import Habits
from qvtime.model.reply import Occurrences, ScoredSpan
from qvtime.settings import MIN_SCORE
from qvtime.timeline import Span
from qvtime.tuning.exam import Marks, Question, Sheet, examine, reported, set_exam
from qvtime.tuning.labels import LabelledVideo, inside
from qvtime.tuning.lessons import Shown
from qvtime.tuning.negatives import Negatives
from qvtime.tuning.recipe import Recipe
from qvtime.tuning.run import Check, History
from qvtime.tuning.visits import Window
from qvtime.tuning.vocabulary import known_words
from tests.unit.tuning.conftest import video

CENTRES = (8000, 8500, 9000, 9500)
JUMPS, SPINS = "the red circle jumps", "the red circle spins"
TRUTH = Span(8250, 9250)
"""Two patches of half a second: those at 8.5 and 9.0 s."""


@dataclass(frozen=True)
class Sayer:
    """Says the same spans whatever it is shown, by the event that it is asked about."""

    says: dict[str, tuple[ScoredSpan, ...]]
    habits: Habits

    @contextmanager
    def look(self, *_: Any) -> Iterator["Sayer"]:
        yield self

    def spans(self, event: str) -> Occurrences:
        spans = self.says.get(event, ())
        return Occurrences(max((one.score for one in spans), default=0.0), spans)


def show(_: LabelledVideo, windows: Sequence[Window], __: int) -> list[Shown]:
    pixels = np.zeros((8, 64, 64, 3), np.uint8)
    return [Shown(FrameBatch(pixels, np.arange(8), np.arange(8))) for _window in windows]


def marks(span_form: str = "tags", **says: tuple[ScoredSpan, ...]) -> Marks:
    """One window in which the circle jumps and does not spin."""
    questions = (Question(JUMPS, TRUTH), Question(SPINS, None))
    sheet = Sheet(video((8300, 9200, JUMPS)), (Window(CENTRES),), (questions,))
    sayer = Sayer(
        {JUMPS: says.get("jumps", ()), SPINS: says.get("spins", ())}, Habits(span_form=span_form)
    )
    return examine(cast(Engine, sayer), [sheet], show, 500)


@pytest.mark.parametrize(
    ("score", "grade"), [(MIN_SCORE - 0.01, 0.5), (MIN_SCORE, 1.0), (0.99, 1.0)]
)
def test_a_span_that_would_not_be_reported_counts_for_nothing(score: float, grade: float) -> None:
    found = marks(jumps=(ScoredSpan(8500, 9000, score),))
    assert found.grade == grade
    assert found.mean_iou == found.recall == float(score >= MIN_SCORE)
    assert found.silent == 1


@pytest.mark.parametrize(
    ("score", "grade"), [(MIN_SCORE - 0.01, 1.0), (MIN_SCORE, 0.5), (0.99, 0.5)]
)
def test_what_is_reported_where_nothing_happens_counts_against(score: float, grade: float) -> None:
    right, false = ScoredSpan(8500, 9000, 0.9), ScoredSpan(8000, 8000, score)
    assert marks(jumps=(right,), spins=(false,)).grade == grade


def test_the_best_of_several_is_measured_by_its_overlap() -> None:
    found = marks(jumps=(ScoredSpan(8000, 8000, 0.6), ScoredSpan(8500, 9500, 0.8)))
    assert found.mean_iou == pytest.approx(2 / 3)
    assert found.grade == pytest.approx((2 / 3 + 1) / 2)


def test_a_form_that_cannot_say_never_is_graded_by_what_happens() -> None:
    found = marks("sentence", jumps=(ScoredSpan(8500, 9000, 0.9),))
    assert (found.absent, found.grade) == (0, 1.0)


def test_silence_alone_and_noise_alone_get_a_half_at_most() -> None:
    everything = ScoredSpan(8500, 9000, 1.0)
    assert marks().grade == marks(jumps=(everything,), spins=(everything,)).grade == 0.5


def test_a_span_begins_with_the_video_at_the_earliest() -> None:
    assert reported((ScoredSpan(0, 500, 0.7),), 500) == Span(0, 750)
    assert reported((), 500) is None


def test_a_model_that_became_sure_is_better_than_one_that_had_found_it_without_being_sure() -> None:
    unsure = marks(jumps=(ScoredSpan(8500, 9000, 0.4),))
    sure = marks(jumps=(ScoredSpan(8500, 9500, 0.9),))
    checks = [
        Check(step, one.grade, one.mean_iou, one.recall, one.silent)
        for step, one in enumerate((unsure, sure, sure))
    ]
    best = History(checks=checks).best
    assert best is not None
    assert best.step == 1


def made(name: str, *captions: str) -> LabelledVideo:
    """A video in which these happen one after the other, 5 s apart, 2 s each."""
    labels = [(5000 * k, 5000 * k + 2000, caption) for k, caption in enumerate(captions, 1)]
    return video(*labels, name=name)


OLD = [made(f"old-{k}", "a dog runs", "a dog barks", "a cat runs") for k in range(6)]
NEW = [
    made(f"new-{k}", *["a dog runs", "a dog barks", "a cat sleeps", "a cat barks"] * 2)
    for k in range(6)
]


def the_exam(taught: list[LabelledVideo], rehearsed: list[LabelledVideo]) -> list[Sheet]:
    recipe = Recipe(steps=1, check_questions=24)
    known, negatives = known_words(rehearsed), Negatives([*taught, *rehearsed])
    return set_exam(taught, rehearsed, known, negatives, recipe, 4)


def asked_in(exam: list[Sheet], name: str) -> list[str]:
    """What is asked about events that do happen, in videos of this name."""
    return [
        question.caption
        for sheet in exam
        if sheet.video.name.startswith(name)
        for questions in sheet.questions
        for question in questions
        if question.truth is not None
    ]


def test_the_exam_is_the_same_every_time_and_its_answers_are_in_the_windows() -> None:
    exam = the_exam(NEW, OLD)
    assert exam == the_exam(NEW, OLD)
    for sheet in exam:
        for window, questions in zip(sheet.windows, sheet.questions, strict=True):
            for question in questions:
                if question.truth is not None:
                    seen = [
                        one.label.caption for one in inside(sheet.video.labels, window.centres_ms)
                    ]
                    assert question.caption in seen
                    assert question.truth.start_ms < window.centres_ms[-1] + 250
                    assert question.truth.end_ms > window.centres_ms[0] - 250


def test_half_of_the_exam_is_what_is_rehearsed() -> None:
    exam = the_exam(NEW, OLD)
    windows = [sheet.video.name[:3] for sheet in exam for _ in sheet.windows]
    assert windows.count("new") == windows.count("old") == 6
    assert len(the_exam(NEW, [])) == 6  # of two windows each: as many questions


def test_of_what_is_taught_the_exam_asks_for_what_is_new() -> None:
    """By chance it would be one event of four: too few to see whether it was learned."""
    exam = the_exam(NEW, OLD)
    asked = asked_in(exam, "new")
    assert asked.count("a cat sleeps") > 0.6 * len(asked) > 0
    assert "a cat sleeps" not in asked_in(exam, "old")
    assert len(set(asked_in(the_exam(NEW, []), "new"))) > 1  # nothing rehearsed: all is new

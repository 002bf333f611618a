"""The examination about words on the screen asks what is true and marks what is wrong as wrong."""

import re

import numpy as np
import pytest

from qvtime.evaluation.signs import Question, is_right, make_questions, table
from qvtime.tasks.when import asks_when
from qvtime.timeline import Span
from qvtime.timestamps import find_times
from qvtime.training.script import make_scene
from tests.unit.evaluation.reports import report


@pytest.mark.parametrize("seed", range(20))
def test_questions_are_true_of_the_scene(seed: int) -> None:
    generator = np.random.default_rng(seed)
    scene = make_scene(generator, 20_000, signs=True)
    questions = list(make_questions(scene, generator))
    assert len(questions) == 3
    for question in questions:
        if question.truth is not None:
            assert asks_when(question.text)
            (word,) = re.findall("[A-Z]{2,}", question.text)
            (sign,) = (one for one in scene.signs if one.word == word)
            assert question.truth == Span(sign.start_ms, sign.end_ms)
            continue
        (found,) = find_times(question.text)
        moment_ms = found.resolve(20_000)
        assert isinstance(moment_ms, int)
        sign_there = scene.sign(moment_ms)
        assert question.word == (sign_there.word if sign_there else None)


def test_only_the_very_word_is_right() -> None:
    question = Question("", "GOAL")
    assert is_right(question, report(("It says GOAL", 0, 1, 0.5)))
    assert is_right(question, report(("写着GOAL", 0, 1, 0.5)))
    assert not is_right(question, report(("It says FOUL", 0, 1, 0.5)))
    assert not is_right(question, report())
    assert is_right(Question(""), report())
    assert not is_right(Question(""), report(("It says GOAL", 0, 1, 0.5)))


def test_the_table_counts_each_kind_by_itself() -> None:
    goal = report(("It says GOAL", 0, 1000, 0.5))
    shown = table(
        [
            (Question("", "GOAL"), goal),
            (Question("", "STOP"), goal),
            (Question(""), report()),
            (Question("", truth=Span(0, 1000)), goal),
        ]
    )
    assert "what it says at T: 50.0% right of 2" in shown
    assert "nothing is written at T: 100.0% right of 1" in shown
    assert "R@1 100.0% at IoU 0.5, 100.0% at 0.7, mIoU 1.000, of 1" in shown

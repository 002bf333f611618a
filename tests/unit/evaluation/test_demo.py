"""The demo model's examination asks what is true and marks what is wrong as wrong."""

import numpy as np
import pytest

from qvtime.evaluation.demo import (
    Question,
    grounding,
    is_right,
    make_questions,
    moments_grounded,
    table,
)
from qvtime.timeline import Span
from qvtime.timestamps import find_times
from qvtime.training.script import make_scene
from tests.unit.evaluation.reports import report


@pytest.mark.parametrize("seed", range(20))
def test_questions_are_true_of_the_scene(seed: int) -> None:
    generator = np.random.default_rng(seed)
    scene = make_scene(generator, 20_000)
    for question in make_questions(scene, generator, 2):
        if question.kind == "when":
            assert question.truth in [Span(h.start_ms, h.end_ms) for h in scene.happenings]
            continue
        (found,) = find_times(question.text)
        moment = found.resolve(20_000)
        assert isinstance(moment, int)
        going_on = [h for h in scene.happenings if h.start_ms <= moment < h.end_ms]
        assert len(question.captions) == len(going_on)
        assert (question.kind == "at") == bool(going_on)


def test_only_exactly_what_goes_on_is_right() -> None:
    question = Question("at", "", False, ("the blue star spins", "the red circle jumps"))
    both = report(("The red circle jumps", 0, 1, 0.5), ("the blue star spins.", 0, 1, 0.5))
    assert is_right(question, both)
    assert not is_right(question, report(("The red circle jumps", 0, 1, 0.5)))
    assert not is_right(question, report())
    assert is_right(Question("nothing", "", False), report())
    assert not is_right(Question("nothing", "", False), both)


def test_events_and_claims_are_counted_over_all_moments() -> None:
    question = Question("at", "", False, ("the blue star spins", "the red circle jumps"))
    claim = report(("the red circle jumps.", 0, 1, 1))
    said = table([(question, claim), (Question("nothing", "", False), claim)])
    assert "all moments: 50.0% said of 2 events, 50.0% right of 2 claims" in said
    assert "all moments" not in table([(question, report())])


def test_only_what_is_rightly_said_of_a_moment_is_measured() -> None:
    spans = (Span(0, 1000), Span(2000, 4000))
    question = Question("at", "", False, ("the blue star spins", "the red circle jumps"), spans)
    right = report(("The red circle jumps", 2000, 3000, 1), ("the blue star spins.", 0, 1000, 1))
    given = moments_grounded([(question, right), (question, report(("it rains", 0, 1000, 1)))])
    assert [one.iou for one in given] == [1, 0.5]


def test_the_best_event_by_score_is_the_one_that_counts() -> None:
    question = Question("when", "", False, truth=Span(1000, 2000))
    given = report(("x", 1000, 2000, 0.9), ("x", 5000, 6000, 0.4))
    assert grounding(question, given).iou == 1
    given = report(("x", 1000, 2000, 0.3), ("x", 5000, 6000, 0.4))
    assert grounding(question, given).iou == 0
    assert grounding(question, report()).found is None
    assert "of 1" in table([(question, given)])

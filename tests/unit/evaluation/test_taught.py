"""The measure of what was taught asks for what happens once, and names what is new about it."""

import runpy
import sys

import numpy as np
import pytest

from qvtime.evaluation.metrics import Grounding
from qvtime.evaluation.taught import kind_of, questions, table
from qvtime.timeline import Span
from qvtime.training.scene import Happening
from qvtime.training.script import make_scene


def test_questions_are_of_their_world_and_happen_once() -> None:
    kinds = set()
    for seed in range(12):
        for novel in (True, False):
            generator = np.random.default_rng([seed, novel])
            scene = make_scene(generator, 20_000, novel)
            captions = [one.caption for one in scene.happenings]
            for kind, one in questions(scene, novel, generator):
                assert captions.count(one.caption) == 1
                assert kind == kind_of(one)
                assert (kind == "old") == (not novel)
                kinds.add(kind)
    assert kinds == {"new event", "new colour", "old"}


def test_kinds() -> None:
    def kind(colour: str, verb: str) -> str:
        return kind_of(Happening(0, 1, 0, colour, "star", verb))

    assert kind("orange", "flips") == kind("red", "flips") == "new event"
    assert kind("orange", "jumps") == "new colour"
    assert kind("red", "jumps") == "old"


def test_the_table_counts_nothing_found_as_wrong() -> None:
    truth = Span(1000, 3000)
    found = {("m", "new event"): [Grounding(truth, truth), Grounding(truth, None)]}
    found |= {("m", kind): [] for kind in ("new colour", "old")}
    assert table(found, ["m"]) == "m  new event: R@1 at 0.5 50.0%, at 0.7 50.0%, mIoU 0.50 of 2\n"


@pytest.mark.filterwarnings("ignore:.*found in sys.modules.*:RuntimeWarning")
def test_it_runs_as_the_docs_say(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["taught", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("qvtime.evaluation.taught", run_name="__main__")
    assert ended.value.code == 0
    assert "--model" in capsys.readouterr().out

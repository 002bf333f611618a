"""The examination of `locate` asks for what is true, and marks what is wrong as wrong."""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qvtime.evaluation.locate import Case, Located, locate, main, make_case, table
from qvtime.timeline import Span
from qvtime.training.wording import say

A, B, C = Span(1000, 3000), Span(10_000, 12_000), Span(20_000, 22_000)


@pytest.mark.parametrize("occurrences", [0, 1, 2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_the_event_happens_as_often_as_it_should(seed: int, occurrences: int) -> None:
    scene, case = make_case(np.random.default_rng(seed), 30_000, occurrences)
    said = {
        (one.start_ms, one.end_ms): (say(one, chinese=False), say(one, chinese=True))
        for one in scene.happenings
    }
    truth = tuple(Span(*ends) for ends, words in said.items() if case.event in words)
    assert case.truth == truth
    assert len(truth) == occurrences
    assert case.event


def test_an_event_that_never_happens_is_like_those_that_do() -> None:
    for seed in range(20):
        scene, case = make_case(np.random.default_rng([9, seed]), 30_000, 0)
        words = {word for one in scene.happenings for word in say(one, chinese=False).split()}
        chinese = {sign for one in scene.happenings for sign in say(one, chinese=True)}
        known = sum(word in words for word in case.event.split())
        assert known >= 2 or sum(sign in chinese for sign in case.event) >= 3


def test_no_scene_is_said_to_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qvtime.evaluation.locate.SCENES", 5)
    with pytest.raises(ValueError, match="3 times"):
        make_case(np.random.default_rng(0), 2000, 3)


def found(*spans: tuple[Span, float]) -> tuple[tuple[Span, float], ...]:
    return spans


def test_the_figures_are_those_of_planted_answers() -> None:
    located = [
        Located(Case("a", ()), found((A, 0.3))),  # none reported: right
        Located(Case("a", ()), found((A, 0.8))),  # wrong
        Located(Case("b", (A,)), found((A, 0.9), (B, 0.2))),  # right, IoU 1
        Located(Case("b", (A,)), found((Span(1000, 2000), 0.6))),  # right number, IoU 0.5
        Located(Case("b", (A,)), found((B, 0.9), (A, 0.6))),  # the best one is wrong
        Located(Case("b", (A,)), ()),
        Located(Case("c", (A, B)), found((A, 0.9), (B, 0.8))),
        Located(Case("c", (A, B)), found((A, 0.9), (C, 0.8))),  # the right number, one of them
        Located(Case("d", (A, B, C)), found((A, 0.9), (B, 0.4))),
    ]
    lines = table(located, 0.5).splitlines()
    assert lines[:5] == [
        "0 times: none reported in 50.0% of 2 clips",
        "1 times: the right number in 50.0% of 4 clips, mIoU 0.375, median boundary error 0.000 s",
        "2 times: the right number in 100.0% of 2 clips, 3 of 4 found at IoU 0.5",
        "3 times: the right number in 0.0% of 1 clips, 1 of 3 found at IoU 0.5",
        "the right number of spans: 55.6% of 9 clips",
    ]
    assert lines[-1].endswith("of 13 spans")


def test_a_lower_least_score_reports_more() -> None:
    located = [Located(Case("d", (A, B)), found((A, 0.9), (B, 0.4)))]
    assert "0.0% of 1 clips" in table(located, 0.5)
    assert "100.0% of 1 clips" in table(located, 0.4)


def answer(monkeypatch: pytest.MonkeyPatch, code: int, events: list[dict[str, Any]]) -> list[str]:
    """The command line prints these events; gives the arguments that it got."""
    got: list[str] = []

    def run(arguments: list[str]) -> int:
        got.extend(arguments)
        print(json.dumps({"events": events}))  # noqa: T201 - as the command does
        return code

    monkeypatch.setattr("qvtime.evaluation.clips.run", run)
    return got


OPTIONS = argparse.Namespace(model="demo", granularity="0.1")


def test_the_spans_are_those_that_the_command_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    got = answer(monkeypatch, 0, [{"start_ms": 1000, "end_ms": 3000, "score": 0.25}])
    assert locate(Path("x.mp4"), "it jumps", OPTIONS) == ((A, 0.25),)
    assert got[:3] == ["locate", "x.mp4", "it jumps"]
    answer(monkeypatch, 1, [])
    assert locate(Path("x.mp4"), "it jumps", OPTIONS) == ()
    answer(monkeypatch, 5, [])
    with pytest.raises(SystemExit):
        locate(Path("x.mp4"), "it jumps", OPTIONS)


def test_the_whole_examination_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Two clips, before a command line that knows the answers."""
    cases: list[Case] = []
    truly_make = make_case

    def remember(*arguments: Any) -> Any:
        scene, case = truly_make(*arguments)
        cases.append(case)
        return scene, case

    def run(arguments: list[str]) -> int:
        clip, event = Path(arguments[1]), arguments[2]
        assert clip.stat().st_size > 1000
        assert event == cases[-1].event
        events = [
            {"start_ms": span.start_ms, "end_ms": span.end_ms, "score": 1.0}
            for span in cases[-1].truth
        ]
        print(json.dumps({"events": events}))  # noqa: T201 - as the command does
        return 0 if events else 1

    monkeypatch.setattr("qvtime.evaluation.locate.make_case", remember)
    monkeypatch.setattr("qvtime.evaluation.clips.run", run)
    out = tmp_path / "out.jsonl"
    monkeypatch.setattr("sys.argv", ["locate", "--count", "2", "--seconds", "6", "--out", str(out)])
    main()
    printed = capsys.readouterr().out
    assert "the right number of spans: 100.0% of 2 clips" in printed
    assert "mIoU 1.000" in printed
    assert "expected calibration error 0.000 of 1 spans" in printed
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [len(line["truth"]) for line in lines] == [0, 1]

"""The examination of counts reads the answers as they are written, and marks the wrong as wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from qvtime.evaluation.counting import Counted, ask, main, table, told_cases
from qvtime.evaluation.locate import Case
from qvtime.timeline import Span
from qvtime.training.scene import VERBS

SAMPLES = Path(__file__).parents[3] / "samples"
A, B, C = Span(1000, 3000), Span(10_000, 12_000), Span(20_000, 22_000)
SPAN = "<time>00:00:01.0</time> - <time>00:00:03.0</time>"


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        (f"1 time: {SPAN}", 1),
        (f"12 times: {SPAN}, {SPAN}", 12),
        (f"3 次：{SPAN}", 3),
        ("Never.", 0),
        (f"Never. The likeliest span scores 0.31: {SPAN}", 0),
        ("一次也没有。", 0),
        ("It jumps 3 times.", None),
        (SPAN, None),
        ("", None),
    ],
)
def test_the_number_of_an_answer(answer: str, number: int | None) -> None:
    assert Counted(Case("a", ()), answer, ()).number == number


def test_the_figures_are_those_of_planted_answers() -> None:
    counted = [
        Counted(Case("a", ()), "Never.", ()),
        Counted(Case("a", ()), "1 time: …", (A,)),
        Counted(Case("b", (A,)), "1 time: …", (A,)),
        Counted(Case("b", (A,)), "1 time: …", (B,)),  # another time
        Counted(Case("c", (A, B)), "2 times: …", (A, C)),
        Counted(Case("c", (A, B)), "3 times: …", (A, B)),  # counts what it does not show
        Counted(Case("c", (A, B)), "It jumps.", (A, B)),
    ]
    assert table(counted).splitlines() == [
        "0 times: the right count in 1 of 2, with each of its times in 1",
        "1 times: the right count in 2 of 2, with each of its times in 1",
        "2 times: the right count in 1 of 3, with each of its times in 0",
        "in all: the right count in 4 of 7, with each of its times in 2",
    ]


def test_the_answer_is_the_one_that_the_command_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case("it jumps", (A,), "how many times does it jump?")
    got: list[str] = []
    codes = [0, 5]

    def run(arguments: list[str]) -> int:
        got.extend(arguments)
        events = [{"start_ms": 1000, "end_ms": 3000}]
        print(json.dumps({"answer": "1 time: …", "events": events}))  # noqa: T201
        return codes.pop(0)

    monkeypatch.setattr("qvtime.evaluation.clips.run", run)
    (counted,) = ask(Path("x.mp4"), [case], "demo")
    assert got[:3] == ["ask", "x.mp4", "how many times does it jump?"]
    assert counted.times_are_right
    with pytest.raises(SystemExit):
        ask(Path("x.mp4"), [case], "demo")


def test_the_whole_examination_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Two clips, before a command line that says "never" to everything."""

    def run(arguments: list[str]) -> int:
        assert Path(arguments[1]).stat().st_size > 1000
        print(json.dumps({"answer": "Never.", "events": []}))  # noqa: T201
        return 0

    monkeypatch.setattr("qvtime.evaluation.clips.run", run)
    out = tmp_path / "out.jsonl"
    options = ["counting", "--count", "2", "--seconds", "6", "--out", str(out)]
    monkeypatch.setattr("sys.argv", options)
    main()
    printed = capsys.readouterr().out
    assert "in all: the right count in 1 of 2, with each of its times in 1" in printed
    lines: list[dict[str, Any]] = [json.loads(line) for line in out.read_text().splitlines()]
    assert [len(line["truth"]) for line in lines] == [0, 1]


def test_a_clip_is_asked_about_all_that_its_objects_could_do() -> None:
    cases = told_cases(SAMPLES / "short.mp4")
    told = json.loads((SAMPLES / "short.truth.json").read_text("utf-8"))["segments"]
    subjects = {one["subject"] for one in told}
    assert sum(len(case.truth) for case in cases) == len(told)
    turns = {one["caption"] for one in told if one["verb"].startswith("turns")}
    assert len(cases) == len(subjects) * (len(VERBS) - 1) + len(turns)
    asked = {case.question: case.truth for case in cases}
    assert asked["how many times does the yellow square spin?"] == (Span(3254, 5220),)
    assert asked["how many times does the yellow square turn purple?"] == (Span(7251, 9738),)
    assert asked["how many times does the yellow square jump?"] == ()

"""`qvtime ask` as people and programs use it, on the samples, with the demo model."""

import csv
import io
import itertools
import json
import os
import re
import sys
from pathlib import Path

import pysubs2
import pytest

from tests.cli.conftest import SHORT, Qvtime

AT = "what happens at 0:08.5"
WHEN = "when does the yellow square spin?"


def test_an_answer_says_when_what_and_where_it_looked(qvtime: Qvtime) -> None:
    ran = qvtime("ask", SHORT, AT, "--model", "demo")
    assert ran.code == 0
    event, *more, answer, where = ran.stdout.splitlines()
    assert all(
        re.match(r"00:00:\d\d\.\d - 00:00:\d\d\.\d  \S.* \(0\.\d\d\)", one)
        for one in (event, *more)
    )
    assert answer.startswith("<time>00:00:08.5</time> The ")
    assert where == "(looked at 00:00:07.0 - 00:00:10.0, granularity 0.5 s, model demo)"
    assert ran.stderr.startswith("qvtime: the demo model understands the made clips of samples/")


def test_a_question_for_a_count_is_answered_with_it(qvtime: Qvtime) -> None:
    spins, jumps = "how many times does the yellow square spin?", "红色圆形跳跃了几次？"
    ran = qvtime("ask", SHORT, spins, jumps, "-m", "demo", "-q", "-f", "jsonl")
    assert ran.code == 0
    once, never = (json.loads(line) for line in ran.stdout.splitlines())
    (event,) = once["events"]
    assert 2800 <= event["start_ms"] <= 3700  # the truth: 3254 to 5220
    assert 4700 <= event["end_ms"] <= 5700
    assert re.fullmatch(r"1 time: <time>[0-9:.]+</time> - <time>[0-9:.]+</time>", once["answer"])
    assert never["events"] == []
    assert never["answer"].startswith("一次也没有。")


def test_quiet_says_nothing_but_the_answer(qvtime: Qvtime) -> None:
    assert qvtime("ask", SHORT, AT, "-m", "demo", "-q").stderr == ""


def test_json_is_one_document_whose_times_lie_in_the_video(qvtime: Qvtime) -> None:
    ran = qvtime("ask", SHORT, AT, "-m", "demo", "--format", "json")
    document = json.loads(ran.stdout)
    assert document["schema"] == "qvtime/1"
    assert (document["question"], document["model"]) == (AT, "demo")
    assert document["looked"][0]["start_ms"] == 7000
    assert document["events"]
    for event in document["events"]:
        assert 0 <= event["start_ms"] < event["end_ms"] <= document["video"]["duration_ms"]
        assert 0 < event["score"] <= 1
    assert document["timings_ms"].keys() == {"decode", "vision", "prefill", "answer"}


def test_several_questions_are_one_object_a_line_in_order(qvtime: Qvtime, tmp_path: Path) -> None:
    file = tmp_path / "questions.txt"
    file.write_text(f"\ufeff{WHEN}\r\n\r\n  {AT} \n", "utf-8")
    ran = qvtime(
        "ask", SHORT, AT, "2秒发生了什么", "--questions", str(file), "-m", "demo", "-f", "json"
    )
    documents = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [one["question"] for one in documents] == [AT, "2秒发生了什么", WHEN, AT]
    first, last = documents[0], documents[3]
    assert (first["answer"], first["events"]) == (last["answer"], last["events"])
    assert "decode" in first["timings_ms"]
    assert "decode" not in last["timings_ms"], "the same window is looked at once"


@pytest.mark.parametrize("name", ["text", "jsonl", "csv", "srt", "vtt", "json"])
def test_a_file_holds_what_stdout_would(name: str, qvtime: Qvtime, tmp_path: Path) -> None:
    file = tmp_path / "out"
    arguments = ("ask", SHORT, AT, "what happens at 9.2s", "-m", "demo", "-q", "-f", name)
    printed, written = qvtime(*arguments), qvtime(*arguments, "-o", str(file))
    assert (printed.code, written.code, written.stdout) == (0, 0, "")
    content = file.read_text("utf-8")
    assert content
    if "json" in name:  # how long it took differs
        for line, other in zip(content.splitlines(), printed.stdout.splitlines(), strict=True):
            here, there = json.loads(line), json.loads(other)
            assert here | {"timings_ms": 0} == there | {"timings_ms": 0}
    else:
        assert content == printed.stdout
    assert list(tmp_path.iterdir()) == [file]


def test_the_ending_chooses_the_format(qvtime: Qvtime, tmp_path: Path) -> None:
    file = tmp_path / "events.srt"
    assert qvtime("ask", SHORT, AT, "-m", "demo", "-o", str(file)).code == 0
    cues = pysubs2.SSAFile.from_string(file.read_text("utf-8"), format_="srt")
    ran = qvtime("ask", SHORT, AT, "-m", "demo", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ran.stdout)))
    assert [cue.start for cue in cues] == sorted({int(row["start_ms"]) for row in rows})


@pytest.mark.parametrize(
    ("options", "granularity_ms", "looked"),
    [
        (("--granularity", "0.1"), 100, (8200, 8800)),
        (("--granularity", "1"), 1000, (5500, 11500)),
        (("--window", "2s"), 500, (7500, 9500)),
    ],
)
def test_granularity_and_window_are_what_was_asked(
    qvtime: Qvtime, options: tuple[str, ...], granularity_ms: int, looked: tuple[int, int]
) -> None:
    ran = qvtime("ask", SHORT, AT, "-m", "demo", "-f", "json", *options)
    document = json.loads(ran.stdout)
    assert document["granularity_ms"] == granularity_ms
    assert [(one["start_ms"], one["end_ms"]) for one in document["looked"]] == [looked]


def test_both_decoders_give_the_same_answer(qvtime: Qvtime) -> None:
    arguments = ("ask", SHORT, AT, "-m", "demo", "-f", "json", "--decoder")
    ours, theirs = (json.loads(qvtime(*arguments, name).stdout) for name in ("pyav", "opencv"))
    assert ours["answer"] == theirs["answer"]
    assert (ours["video"]["decoder"], theirs["video"]["decoder"]) == ("pyav", "opencv")


def test_without_a_time_all_of_the_video_is_looked_at(qvtime: Qvtime) -> None:
    document = json.loads(qvtime("ask", SHORT, WHEN, "-m", "demo", "-f", "json").stdout)
    looked = document["looked"]
    assert (looked[0]["start_ms"], looked[-1]["end_ms"]) == (0, document["video"]["duration_ms"])
    for earlier, later in itertools.pairwise(looked):
        assert later["start_ms"] < earlier["end_ms"]


def test_the_same_run_gives_the_same_bytes(qvtime: Qvtime) -> None:
    arguments = ("ask", SHORT, AT, WHEN, "-m", "demo", "-f", "csv")
    assert qvtime(*arguments).stdout == qvtime(*arguments).stdout


def test_a_terminal_gets_the_same_words(qvtime: Qvtime, monkeypatch: pytest.MonkeyPatch) -> None:
    piped = qvtime("ask", SHORT, AT, "-m", "demo")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    coloured = qvtime("ask", SHORT, AT, "-m", "demo").stdout
    assert coloured != piped.stdout
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == piped.stdout


def test_a_question_of_any_bytes_is_asked(qvtime: Qvtime) -> None:
    question = os.fsdecode(b"what happens at 0:02 caf\xe9\xff")
    ran = qvtime("ask", SHORT, question, "-m", "demo", "-f", "json")
    assert json.loads(ran.stdout)["question"] == "what happens at 0:02 caf\ufffd\ufffd"


@pytest.mark.parametrize(
    ("question", "caption"),
    [("what happens at 2:48", "The red circle jumps"), ("2分48秒发生了什么？", "红色圆形跳跃")],
)
def test_the_demonstration_is_right(qvtime: Qvtime, question: str, caption: str) -> None:
    """What `make demo` asks: the truth of the rally at 2:48 is a jump of the red circle."""
    ran = qvtime(
        "ask", str(Path(SHORT).with_name("rally.mp4")), question, "-m", "demo", "-f", "json"
    )
    (event,) = json.loads(ran.stdout)["events"]
    assert event["caption"] == caption
    assert event["start_ms"] <= 168_000 < event["end_ms"]


@pytest.mark.parametrize("question", ["what does it say at 0:12", "12秒写着什么？"])
def test_a_word_on_the_screen_is_read(qvtime: Qvtime, question: str) -> None:
    """The sign of samples/signs.mp4 says SPORT from 9.8 to 13.3 s."""
    ran = qvtime(
        "ask", str(Path(SHORT).with_name("signs.mp4")), question, "-m", "demo", "-f", "json"
    )
    report = json.loads(ran.stdout)
    assert "SPORT" in report["answer"]
    (event,) = report["events"]
    assert event["start_ms"] <= 12_000 < event["end_ms"]

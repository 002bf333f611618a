"""Answers on record, of models that were asked when things happen: what is read in each."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.answer import parse_answer
from qvtime.answer_loops import round_length, steady_rhythms, unrolled
from qvtime.answer_thinking import split_reasoning
from qvtime.timeline import Event, Span

RECORDS = json.loads((Path(__file__).parent / "recorded_answers.json").read_text("utf-8"))


@pytest.mark.parametrize("record", RECORDS, ids=[record["form"] for record in RECORDS])
def test_recorded(record: dict[str, object]) -> None:
    answer = parse_answer(str(record["text"]), Span(0, 210_000))
    read = [[e.span.start_ms / 1000, e.span.end_ms / 1000, e.caption] for e in answer.events]
    assert read == record["events"]
    assert bool(answer.dropped) == record.get("drops", False)
    assert bool(answer.doubts) == record.get("doubtful", False)
    assert answer.nothing == record.get("nothing", False)


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("12.0 - 13.0", "", "12.0 - 13.0"),
        ("<think>At 5.0 s?</think>\n\n12.0 - 13.0", "At 5.0 s?", "12.0 - 13.0"),
        ("At 5.0 s it stands.\n</think>\n\n12.0 - 13.0", "At 5.0 s it stands.", "12.0 - 13.0"),
        ("<think>\n\n</think>\n\nyes", "", "yes"),
        ("<think>It goes on and on", "It goes on and on", ""),
        ("<think>a</think>b<think>c</think>d", "a\nb<think>c", "d"),
    ],
)
def test_thoughts_are_no_answers(text: str, reasoning: str, answer: str) -> None:
    assert split_reasoning(text) == (reasoning, answer)


def test_times_of_a_thought_are_not_believed() -> None:
    answer = parse_answer("Maybe <time>5.0</time>? No.</think>\n[[12.0, 13.0]]", Span(0, 60_000))
    assert [event.span for event in answer.events] == [Span(12_000, 13_000)]
    assert answer.reasoning == "Maybe <time>5.0</time>? No."
    unfinished = parse_answer("<think>Wait, no, the user's input is 5.0 - 6.0", Span(0, 60_000))
    assert (unfinished.events, len(unfinished.dropped)) == ((), 1)


@given(
    st.lists(st.integers(0, 50), max_size=60),
    st.lists(st.integers(0, 50), min_size=1, max_size=20),
    st.integers(1, 12),
)
def test_rounds_are_found_where_they_are(start: list[int], part: list[int], times: int) -> None:
    said = start + part * times
    length = round_length(said)
    if times >= 4 and times * len(part) >= 32 + len(part):
        assert length is not None
    if length is not None:
        rounds = max(4, -(-32 // length))
        assert said[-length * rounds :] == said[-length:] * rounds


def test_a_list_of_times_is_no_loop() -> None:
    text = ", ".join(f"[{start}.0, {start + 2}.0]" for start in range(0, 300, 7))
    assert unrolled(text) == text
    assert round_length(list(text)) is None


def test_a_rhythm_needs_a_beat() -> None:
    steady = [Event(Span(k * 5000, k * 5000 + 5000), "he cooks") for k in range(8)]
    assert len(steady_rhythms(steady)) == 1
    assert steady_rhythms(steady[:5]) == ()
    uneven = [
        *steady[:3],
        *(Event(Span(k * 7100, k * 7100 + 900), "he cooks") for k in range(4, 9)),
    ]
    assert steady_rhythms(uneven) == ()
    told = [Event(one.span, f"step {k}") for k, one in enumerate(steady)]
    assert steady_rhythms(told) == ()

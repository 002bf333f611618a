"""Looking: one look for questions about the same place, and nothing left out without a word."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qvtime.model.engine import Engine, Look
from qvtime.model.reply import Reply
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.tasks.ask import ask_video
from qvtime.tasks.claims import claims
from qvtime.tasks.looking import Progress, open_engine, whole_patches
from qvtime.timeline import Span

SHORT = str(Path(__file__).parents[3] / "samples" / "short.mp4")
DEMO = Settings(model="demo", device="cpu")
VIDEO = Span(0, 12_000)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with open_engine(DEMO) as engine:
        yield engine


def asked(engine: Engine, questions: list[str], settings: Settings = DEMO) -> list[Report]:
    return list(ask_video(SHORT, questions, settings, lambda: engine))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("The red circle jumps.", ["The red circle jumps"]),
        (
            "The red circle jumps and the blue star turns red.",
            ["The red circle jumps", "the blue star turns red"],
        ),
        (
            "A man and a dog run. They stop; it rains!",
            ["A man and a dog run", "They stop", "it rains"],
        ),
        ("红色圆形跳跃，蓝色星星旋转。", ["红色圆形跳跃", "蓝色星星旋转"]),
        ("", []),
        (" . ", []),
    ],
)
def test_an_answer_is_taken_apart_into_claims(text: str, pieces: list[str]) -> None:
    assert claims(text) == pieces


def test_half_of_a_surrogate_pair_is_no_mistake(engine: Engine) -> None:
    """JSON can spell one, and no tokenizer takes it."""
    for question in ("what happens \ud800 at 0:04?", "how often does it \udfff jump?"):
        (report,) = asked(engine, [question])
        assert report.question == question.encode("utf-8", "replace").decode()


@pytest.mark.parametrize(
    ("said", "covered"),
    [
        (Span(2000, 3000), Span(1750, 3250)),
        (Span(0, 500), Span(0, 750)),
        (Span(11_500, 11_501), Span(11_250, 11_750)),
        (Span(11_900, 12_000), Span(11_650, 12_000)),
    ],
)
def test_patches_are_covered_whole(said: Span, covered: Span) -> None:
    assert whole_patches(said, 500, VIDEO) == covered


def test_the_order_of_questions_does_not_change_their_answers(engine: Engine) -> None:
    questions = ["what happens at 0:09", "what happens at 0:02", "when does the blue square shake?"]
    together = asked(engine, questions + questions[::-1])
    alone = [asked(engine, [question])[0] for question in questions]
    assert [report.question for report in together] == questions + questions[::-1]
    for report, other in zip(together, alone + alone[::-1], strict=True):
        assert replace(report, timings_ms={}) == replace(other, timings_ms={})


def test_one_look_for_the_same_place(engine: Engine) -> None:
    looks: list[Progress] = []
    questions = ["what happens at 0:09", "what happens at 0:02", "9秒发生了什么"]
    reports = list(ask_video(SHORT, questions, DEMO, lambda: engine, looks.append))
    assert [look.span for look in looks] == [reports[0].looked[0], reports[1].looked[0]]
    assert [look.total for look in looks] == [1, 1]


def test_an_answer_that_was_cut_off_says_so(engine: Engine) -> None:
    (report,) = asked(engine, ["what happens at 0:09"], replace(DEMO, max_new_tokens=2))
    assert report.settings["dropped"] == "what the answer would have said after 2 tokens"
    (whole,) = asked(engine, ["what happens at 0:09"])
    assert whole.settings["dropped"] is None


def test_events_lie_in_the_video(engine: Engine) -> None:
    for question in ("what happens at 0:00", "what happens at 0:12", "what happens?"):
        (report,) = asked(engine, [question])
        assert report.video is not None
        for event in report.events:
            assert event.span.end_ms <= report.video.duration_ms


def test_every_moment_of_a_list_is_answered(engine: Engine) -> None:
    (both,) = asked(engine, ["what happens at 0:09 and at 0:02"])
    alone = asked(engine, ["what happens at 0:02", "what happens at 0:09"])
    assert both.answer == " ".join(one.answer for one in alone)
    assert both.looked == tuple(span for one in alone for span in one.looked)
    assert set(both.events) == {event for one in alone for event in one.events}


def test_words_without_a_time_come_after_the_span_that_was_looked_at(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter(("A dog.", "Nothing happens.", "<time>8.0</time> - <time>9.0</time> a cat runs"))
    true_ask = Look.ask

    def ask(look: Look, question: str, max_new_tokens: int = 1) -> Reply:
        return replace(true_ask(look, question, 1), text=next(said), finish_reason="stop")

    monkeypatch.setattr(Look, "ask", ask)
    (report,) = asked(engine, ["is there an animal?"], replace(DEMO, granularity_ms=1000))
    assert len(report.looked) == 3
    assert report.answer == (
        "<time>00:00:07.5</time> - <time>00:00:09.5</time> a cat runs; "
        "<time>00:00:00.0</time> - <time>00:00:06.0</time> A dog."
    )

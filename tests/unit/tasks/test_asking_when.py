"""Questions for times, and for how many, of planted events in hours of video."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from qvtime.model.reply import Occurrences
from qvtime.settings import Settings
from qvtime.timeline import Span
from tests.unit.tasks.painted import HOUR_MS, QUESTION, Ask, SeeingEngine, SeeingLook, say_when


def test_when_is_a_matter_of_probability(ask: Ask) -> None:
    """As in `locate`: what is less likely than not is no event, and edges are looked at finer."""
    truth, rumour = Span(100_230, 104_170), Span(300_000, 303_000)

    @dataclass
    class Doubting(SeeingEngine):
        def look(self, frames: Any, centres_ms: Sequence[int], said: Sequence[str]) -> SeeingLook:
            look = super().look(frames, centres_ms, said)
            true_spans = look.spans

            def spans(question: str) -> Occurrences:
                if centres_ms[-1] < 300_000 - 20_000:
                    return true_spans(question)
                return Occurrences(
                    0.4, tuple(replace(one, score=0.4) for one in true_spans(question).spans)
                )

            look.spans = spans  # type: ignore[method-assign]
            return look

    engine = Doubting()
    chosen = Settings(granularity_ms=100)
    (report,) = ask(600_000, [truth, rumour], [QUESTION], engine, chosen)
    (event,) = report.events
    assert abs(event.span.start_ms - truth.start_ms) <= 100
    assert abs(event.span.end_ms - truth.end_ms) <= 100
    assert event.score == pytest.approx(0.9)
    assert report.granularity_ms == 100
    assert {look[1] - look[0] for look in engine.looks} == {500, 100}
    (report,) = ask(600_000, [rumour], [QUESTION], Doubting())
    assert report.events == ()
    assert report.answer.startswith("Not found. The likeliest span scores 0.40: <time>00:05:00.3")


COUNT, COUNT_CHINESE = "how many times does it turn white?", "它变白了几次？"


@pytest.mark.parametrize(
    ("question", "asked", "said"),
    [(COUNT, "when does it turn white?", "3 times: "), (COUNT_CHINESE, "它变白", "3 次：")],
)
def test_a_count_is_of_all_that_is_there(question: str, asked: str, said: str, ask: Ask) -> None:
    """Of an hour all is read, also what a skim, one moment every two seconds, would not see."""
    heard: set[str] = set()

    def remember(words: str, runs: list[list[int]]) -> str:
        heard.add(words)
        return say_when(words, runs)

    truths = [Span(1_001_000, 1_003_000), Span(1_006_100, 1_008_600), Span(3_000_500, 3_003_000)]
    (report,) = ask(HOUR_MS, truths, [question], SeeingEngine(remember, apart_ms=500))
    both = zip(report.events, truths, strict=True)
    assert [event.span.iou(truth) > 0.5 for event, truth in both] == [True] * 3
    assert report.answer.startswith(f"{said}<time>00:16:4")
    assert report.answer.count("<time>") == 6
    assert report.question == question
    assert heard == {asked}
    assert report.skimmed == ()
    assert (report.looked[0].start_ms, report.looked[-1].end_ms) == (0, HOUR_MS)


@pytest.mark.parametrize(
    ("question", "said", "unsure"),
    [
        (COUNT, "Never.", "Never. The likeliest span scores 0.40: <time>00:00:30.3"),
        (COUNT_CHINESE, "一次也没有。", "一次也没有。最有可能的一段得分为 0.40：<time>00:00:30.3"),
    ],
)
def test_what_does_not_happen_is_counted_as_never(
    question: str, said: str, unsure: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    (report,) = ask(60_000, [], [question], SeeingEngine())
    assert (report.events, report.answer) == ((), said)
    sure = SeeingLook.spans

    def doubt(look: SeeingLook, words: str) -> Occurrences:
        return Occurrences(0.4, tuple(replace(one, score=0.4) for one in sure(look, words).spans))

    monkeypatch.setattr(SeeingLook, "spans", doubt)
    (report,) = ask(60_000, [Span(30_250, 32_000)], [question], SeeingEngine())
    assert report.events == ()
    assert report.answer.startswith(unsure)


def test_a_count_within_a_span_is_of_that_span(ask: Ask) -> None:
    truths = [Span(3000, 5000), Span(12_000, 14_000), Span(40_000, 42_000)]
    question = "how many times does it turn white between 0:10 and 0:30?"
    (report,) = ask(60_000, truths, [question], SeeingEngine())
    assert report.answer.startswith("1 time: <time>00:00:1")
    assert {one.start_ms >= 10_000 and one.end_ms <= 30_000 for one in report.looked} == {True}


def test_the_times_of_a_question_are_named_in_closer_looks_too(ask: Ask) -> None:
    asked: list[str] = []

    def remember(question: str, runs: list[list[int]]) -> str:
        asked.append(question)
        return say_when(question, runs)

    engine = SeeingEngine(remember)
    question = "when does it turn white between 0:10 and 0:20?"
    chosen = Settings(granularity_ms=100)
    (report,) = ask(60_000, [Span(14_010, 15_490)], [question], engine, chosen)
    assert [event.span.iou(Span(14_010, 15_490)) > 0.9 for event in report.events] == [True]
    assert all("<" in words for words in asked)
    assert {look.start_ms >= 10_000 and look.end_ms <= 20_000 for look in report.looked} == {True}

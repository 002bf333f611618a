"""Coarse to fine: planted events are found in hours of video with a bounded number of looks.

The reader's pictures are black but for a planted event, whose pictures are white. The engine knows
nothing but these pictures: it says from which to which of its patches it sees white.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from qvtime import formats
from qvtime.answer import parse_answer
from qvtime.frames import FrameBatch, VideoInfo
from qvtime.model.habits import Habits
from qvtime.model.reply import Occurrences, ScoredSpan
from qvtime.report import Report
from qvtime.settings import PATCH_BUDGET, Settings
from qvtime.tasks import ask as asking
from qvtime.tasks.captions import Pointed
from qvtime.timeline import Event, Span
from qvtime.timestamps import format_seconds
from qvtime.video.reader import SizeRule, VideoReader

HOUR_MS = 3_600_000
QUESTION = "when does it turn white?"
PATCHES = 16


class PaintedReader(VideoReader):
    """Two hours, say, in which only the planted spans are white."""

    def __init__(self, duration_ms: int, planted: Sequence[Span]) -> None:
        self._info = VideoInfo("film.mp4", "pyav", "mp4", "h264", 320, 240, duration_ms, 0, 0)
        self._planted = planted

    @property
    def info(self) -> VideoInfo:
        return self._info

    @property
    def damage(self) -> tuple[str, ...]:
        return ()

    def frames_at(self, times_ms: Sequence[int], size_px: SizeRule = None) -> FrameBatch:
        pixels = np.zeros((len(times_ms), 32, 32, 3), np.uint8)
        for place, time_ms in enumerate(times_ms):
            on = any(span.start_ms <= time_ms < span.end_ms for span in self._planted)
            pixels[place] = 255 * on
        times = np.array(times_ms, np.int64)
        return FrameBatch(pixels, times, times)

    def embedded_subtitles(self, within: Span | None = None) -> Any:
        raise AssertionError("nothing asked for subtitles")

    def close(self) -> None:
        pass


@dataclass
class SeeingLook:
    """A window of black and white patches."""

    white: list[bool]
    centres_ms: tuple[int, ...]
    speak: Callable[[str, list[list[int]]], str]
    vision_ms: float = 0.0
    prefill_ms: float = 0.0

    def ask(self, question: str, max_new_tokens: int = 0) -> Any:
        text = self.speak(question, self.runs())
        return SimpleNamespace(text=text, probability=0.9, finish_reason="stop", token_ids=())

    def spans(self, question: str) -> Occurrences:
        window = Span(self.centres_ms[0], self.centres_ms[-1] + 1)
        events = parse_answer(self.speak(question, self.runs()), window, 1).events
        said = [(event.span.start_ms, event.span.end_ms) for event in events]
        spans = (ScoredSpan(a, a if b == a + 1 else b, 0.9) for a, b in said)
        return Occurrences(0.9 if events else 0.0, tuple(spans))

    def runs(self) -> list[list[int]]:
        runs: list[list[int]] = []
        for place, white in enumerate(self.white):
            if white and place and self.white[place - 1]:
                runs[-1].append(self.centres_ms[place])
            elif white:
                runs.append([self.centres_ms[place]])
        return runs

    def __enter__(self) -> "SeeingLook":
        return self

    def __exit__(self, *error: object) -> None:
        pass


def say_when(question: str, runs: list[list[int]]) -> str:
    said = [
        f"<time>{format_seconds(run[0])}</time> - <time>{format_seconds(run[-1])}</time>"
        for run in runs
    ]
    return "; ".join(said) or "It does not happen."


@dataclass
class SeeingEngine:
    """Says when its pictures are white; remembers where it looked."""

    speak: Callable[[str, list[list[int]]], str] = say_when
    looks: list[tuple[int, ...]] = field(default_factory=list)
    name: str = "seeing"
    habits: Habits = field(
        default_factory=lambda: Habits(window_patches=PATCHES, answer_form="", when_form="{event}")
    )
    at_once: int = 1
    apart_ms: int = 250

    def settings(self) -> dict[str, Any]:
        return {}

    def look(
        self, frames: FrameBatch, centres_ms: Sequence[int], said: Sequence[str]
    ) -> SeeingLook:
        assert not any(said)
        self.looks.append(tuple(centres_ms))
        patches = frames.times_ms.reshape(-1, 2)
        # The pictures of a patch are close together however far apart patches are.
        assert (patches[1:, 1] - patches[1:, 0] <= self.apart_ms).all()
        white = frames.pixels.reshape(len(centres_ms), 2, -1).min(axis=(1, 2)) == 255
        return SeeingLook(white.tolist(), tuple(centres_ms), self.speak)

    def __enter__(self) -> "SeeingEngine":
        return self

    def __exit__(self, *error: object) -> None:
        pass


Ask = Callable[..., list[Report]]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """`ask(duration_ms, planted, questions, engine, settings)`."""

    def asked(
        duration_ms: int,
        planted: Sequence[Span],
        questions: Sequence[str],
        engine: Any,
        settings: Settings | None = None,
    ) -> list[Report]:
        reader = PaintedReader(duration_ms, planted)
        monkeypatch.setattr(asking, "open_subtitled", lambda *_: reader)
        chosen = settings or Settings()
        return list(asking.ask_video("film.mp4", questions, chosen, lambda: engine))

    return asked


@pytest.mark.parametrize("start_ms", [0, 777, 1_234_567, 3_599_000, 5_000_123, 7_193_000])
def test_an_event_in_two_hours_is_found_to_the_granularity(start_ms: int, ask: Ask) -> None:
    truth = Span(start_ms, start_ms + 6000)
    engine = SeeingEngine()
    (report,) = ask(2 * HOUR_MS, [truth], [QUESTION], engine)
    (event,) = report.events
    assert abs(event.span.start_ms - truth.start_ms) <= 300
    assert abs(event.span.end_ms - truth.end_ms) <= 300
    skimmed, closer = engine.looks[: len(report.skimmed)], engine.looks[len(report.skimmed) :]
    assert sum(map(len, skimmed)) <= PATCH_BUDGET
    *closer, between = closer
    assert len(closer) <= 3
    assert not set(between) & {centre for look in closer for centre in look}
    assert report.skimmed_every_ms == 4000
    assert report.granularity_ms == 500
    assert (report.skimmed[0].start_ms, report.skimmed[-1].end_ms) == (0, 2 * HOUR_MS)
    assert len(report.looked) == len(closer) == report.settings["windows"]
    assert all(one.overlap_ms(event.span) for one in report.looked)
    assert report.settings["skim_windows"] == len(skimmed)
    assert report.settings["left_coarse"] == 0


def test_a_fine_granularity_is_kept_where_it_looks_closer(ask: Ask) -> None:
    truth = Span(1_000_030, 1_002_070)
    (report,) = ask(HOUR_MS // 2, [truth], [QUESTION], SeeingEngine(), Settings(granularity_ms=100))
    (event,) = report.events
    assert (report.granularity_ms, report.skimmed_every_ms) == (100, 1000)
    assert abs(event.span.start_ms - truth.start_ms) <= 100
    assert abs(event.span.end_ms - truth.end_ms) <= 100


def test_every_event_of_a_long_video_is_found(ask: Ask) -> None:
    truths = [Span(k * 600_000 + 1111, k * 600_000 + 8111) for k in range(12)]
    engine = SeeingEngine()
    (report,) = ask(2 * HOUR_MS, truths, [QUESTION], engine)
    assert len(report.events) == len(truths)
    for event, truth in zip(report.events, truths, strict=True):
        assert event.span.iou(truth) > 0.8
    assert sum(map(len, engine.looks)) <= 2 * PATCH_BUDGET


def test_a_long_event_is_looked_at_where_it_begins_and_ends(ask: Ask) -> None:
    truth = Span(1_000_111, 5_000_222)
    engine = SeeingEngine()
    (report,) = ask(2 * HOUR_MS, [truth], [QUESTION], engine)
    (event,) = report.events
    assert abs(event.span.start_ms - truth.start_ms) <= 500
    assert abs(event.span.end_ms - truth.end_ms) <= 500
    assert report.settings["left_coarse"] == 0
    assert len(report.looked) == 2


def test_a_long_event_with_a_hole_where_it_is_looked_at_is_two(ask: Ask) -> None:
    before, after = Span(1_000_111, 1_004_500), Span(1_006_500, 5_000_222)
    (report,) = ask(2 * HOUR_MS, [before, after], [QUESTION], SeeingEngine())
    assert [
        event.span.iou(true) > 0.75
        for event, true in zip(report.events, (before, after), strict=True)
    ] == [True, True]


def test_a_skim_that_points_at_nothing_says_how_coarse_it_was(ask: Ask) -> None:
    between = Span(1_001_000, 1_003_000)
    engine = SeeingEngine()
    (report,) = ask(2 * HOUR_MS, [between], [QUESTION], engine)
    assert report.events == ()
    assert report.answer == (
        "Not found. (Looked at one moment every 4 s; something shorter may have been missed.)"
    )
    assert (report.looked, report.granularity_ms) == ((), None)
    assert len(report.skimmed) == len(engine.looks) == report.settings["skim_windows"]
    assert report.settings["windows"] == 0


def test_what_a_closer_look_does_not_confirm_is_not_reported(ask: Ask) -> None:
    def doubt(question: str, runs: list[list[int]]) -> str:
        close = any(b - a == 500 for run in runs for a, b in pairwise(run))
        return "It does not happen." if close else say_when(question, runs)

    engine = SeeingEngine(doubt)
    (report,) = ask(2 * HOUR_MS, [Span(100_000, 106_000)], [QUESTION], engine)
    assert report.events == ()
    assert report.looked
    assert report.answer.startswith("Not found. (Looked at one moment every 4 s")


def test_what_cannot_all_be_looked_at_stays_coarse_and_is_counted(ask: Ask) -> None:
    truths = [Span(k * 60_000 + 1000, k * 60_000 + 6000) for k in range(20)]
    tight = replace(Settings(), patch_budget=400)
    engine = SeeingEngine()
    (report,) = ask(HOUR_MS, truths, [QUESTION], engine, tight)
    left = report.settings["left_coarse"]
    assert isinstance(left, int)
    assert 0 < left < len(report.events)
    assert report.skimmed_every_ms == 16_000
    coarse = [event for event in report.events if event.span.duration_ms == 16_000]
    assert len(coarse) == left
    assert sum(map(len, engine.looks)) <= 2 * 400


def test_questions_share_a_skim_and_go_their_own_ways_from_there(ask: Ask) -> None:
    def by_half(question: str, runs: list[list[int]]) -> str:
        mine = [run for run in runs if (run[0] < HOUR_MS) == ("first" in question)]
        return say_when(question, mine)

    truths = [Span(500_000, 506_000), Span(6_000_000, 6_006_000)]
    engine = SeeingEngine(by_half)
    questions = ["the first time?", "what happens at 0:10", "the second time?"]
    reports = ask(2 * HOUR_MS, truths, questions, engine)
    assert [report.question for report in reports] == questions
    assert [event.span.iou(truths[0]) > 0.8 for event in reports[0].events] == [True]
    assert [event.span.iou(truths[1]) > 0.8 for event in reports[2].events] == [True]
    assert reports[1].skimmed == ()
    assert reports[0].skimmed == reports[2].skimmed
    looked = sum(len(report.looked) for report in reports)
    assert len(engine.looks) == len(reports[0].skimmed) + looked


def test_words_without_a_time_stay_with_the_span_that_was_skimmed(ask: Ask) -> None:
    def describe(question: str, runs: list[list[int]]) -> str:
        return "It is white." if runs else "Nothing happens."

    (report,) = ask(2 * HOUR_MS, [Span(100_000, 106_000)], ["what is it?"], SeeingEngine(describe))
    assert report.events == ()
    window = next(one for one in report.skimmed if one.start_ms <= 100_000 < one.end_ms)
    assert window.start_ms % 4000 == 0
    assert report.answer.startswith(
        "<time>00:01:04.0</time> - <time>00:02:08.0</time> It is white."
    )


def test_a_short_video_is_not_skimmed(ask: Ask) -> None:
    engine = SeeingEngine()
    (report,) = ask(600_000, [Span(100_200, 104_100)], [QUESTION], engine)
    assert report.skimmed == ()
    assert report.skimmed_every_ms is None
    assert not report.settings.keys() & {"skim_windows", "left_coarse"}
    *looks, between = engine.looks
    assert {centre for look in looks for centre in look} == set(range(0, 600_000, 500))
    (event,) = report.events
    assert event.span.iou(Span(100_200, 104_100)) > 0.85
    assert Span(between[0], between[-1]).overlap_ms(event.span) == event.span.duration_ms


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


@pytest.mark.parametrize("question", [QUESTION, "what turns white?"])
def test_captions_take_the_place_of_a_skim(
    question: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too short for the skim to see; the index has it, and a rumour."""
    truth = Span(1_001_000, 1_003_000)
    rumour = Event(Span(5_000_000, 5_001_000), "it turns white", 0.5)
    captions = (Event(Span(1_000_750, 1_002_750), "it turns white", 1.0), rumour)
    monkeypatch.setattr(asking, "point", lambda *_: Pointed(captions))
    engine = SeeingEngine()
    (report,) = ask(2 * HOUR_MS, [truth], [question], engine)
    assert [event.span.iou(truth) > 0.7 for event in report.events] == [True]
    assert report.settings["captions_used"] == 2
    looked_ms = sum(one.duration_ms for one in report.looked)
    assert report.settings["skipped_ms"] == 2 * HOUR_MS - looked_ms
    assert report.skimmed == ()
    assert len(engine.looks) - (question == QUESTION) == len(report.looked) == 2  # and its edges
    assert all(one.overlap_ms(truth) or one.overlap_ms(rumour.span) for one in report.looked)


@pytest.mark.parametrize(
    ("question", "for_times"), [(QUESTION, True), ("what turns white?", False)]
)
def test_of_what_looks_alike_only_times_are_asked(
    question: str, for_times: bool, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = Span(1_001_000, 1_003_000)
    alike = Event(Span(1_001_000, 1_002_000), question, 0.9)

    def point(_path: str, _question: str, _note: object, likely: bool) -> Pointed:
        assert likely == for_times
        return Pointed((), (alike,) if likely else ())

    monkeypatch.setattr(asking, "point", point)
    (report,) = ask(2 * HOUR_MS, [truth], [question], SeeingEngine())
    assert (report.skimmed == ()) == for_times
    assert report.settings.get("likely_used") == (1 if for_times else None)
    assert [event.span.iou(truth) > 0.7 for event in report.events] == [True] * for_times


def test_captions_that_lead_nowhere_leave_the_skim(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth, rumour = Span(1_000_000, 1_006_000), Span(5_000_000, 5_001_000)
    captions = (Event(rumour, "it turns white", 1.0),)
    (plain,) = ask(2 * HOUR_MS, [truth], [QUESTION], SeeingEngine())
    monkeypatch.setattr(asking, "point", lambda *_: Pointed(captions))
    (report,) = ask(2 * HOUR_MS, [truth], [QUESTION], SeeingEngine())
    assert replace(report, timings_ms={}) == replace(plain, timings_ms={})
    monkeypatch.setattr(asking, "point", no_captions)
    question = f"{QUESTION} between 0:10 and 0:20"
    (short,) = ask(2 * HOUR_MS, [Span(12_000, 14_000)], [question], SeeingEngine())
    assert short.skimmed == ()
    assert len(short.events) == 1


def no_captions(*_: object) -> Pointed:
    raise AssertionError("what can be read whole needs none")


def test_both_passes_are_told_apart_in_what_is_written(ask: Ask) -> None:
    truth = Span(1_001_000, 1_006_000)
    (found,) = ask(2 * HOUR_MS, [truth], [QUESTION], SeeingEngine())
    assert formats.write(found, "text").splitlines()[-1] == (
        "(skimmed 00:00:00.0 - 02:00:00.0 every 4 s, "
        "looked at 00:16:40.0 - 00:16:48.0, granularity 0.5 s, model seeing)"
    )
    document = json.loads(formats.write(found, "json"))
    assert document["skimmed_every_ms"] == 4000
    assert document["skimmed"][-1]["end"] == "02:00:00.000"
    assert {one["start_ms"] for one in document["looked"]} == {s.start_ms for s in found.looked}
    (missed,) = ask(2 * HOUR_MS, [], [QUESTION], SeeingEngine())
    assert formats.write(missed, "text").splitlines()[-1] == (
        "(skimmed 00:00:00.0 - 02:00:00.0 every 4 s, model seeing)"
    )
    (short,) = ask(60_000, [], [QUESTION], SeeingEngine())
    assert not {key for key in json.loads(formats.write(short, "json")) if "skim" in key}

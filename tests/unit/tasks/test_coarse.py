"""Coarse to fine: planted events are found in hours of video with a bounded number of looks."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from qvtime import formats
from qvtime.settings import PATCH_BUDGET, Settings
from qvtime.timeline import Span
from tests.unit.tasks.painted import HOUR_MS, QUESTION, Ask, SeeingEngine, say_when


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

"""Where an index has captions of a long video, they say where to look in place of a skim."""

from dataclasses import replace

import pytest

from qvtime.tasks import ask as asking
from qvtime.tasks.captions import Pointed
from qvtime.timeline import Event, Span
from tests.unit.tasks.painted import HOUR_MS, QUESTION, Ask, SeeingEngine


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

"""What is found in an index by words, and where a closer look at it goes."""

from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.errors import (
    NotAVideo,
)
from qvtime.report import Report
from qvtime.store.fingerprint import take_fingerprint
from qvtime.store.index import open_index
from qvtime.store.place import place_of
from qvtime.store.search import Hit, search_events
from qvtime.tasks.search import (
    Candidate,
    find_candidates,
    locate_candidates,
    search_reports,
)
from qvtime.timeline import Event, Span
from tests.unit.tasks.planted import ALL_DONE, Opened, run


def test_a_search_is_of_one_moment(
    folder: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run saves a failure just when the hits are known."""
    run(folder)
    path = folder / "a.mp4"

    def save() -> None:
        with open_index(place_of(str(folder)), writing=True) as other:
            other.save_failure(str(path), take_fingerprint(str(path)), "{}", NotAVideo("is none"))

    writer = Thread(target=save)

    def search(*asked: Any) -> list[Hit]:
        hits = search_events(*asked)
        writer.start()
        writer.join(0.5)
        return hits

    monkeypatch.setattr("qvtime.tasks.search.search_events", search)
    reports = search_reports(str(folder), "dog", 10)
    writer.join()
    assert {Path(report.path).name: report.model for report in reports} == dict.fromkeys(
        ALL_DONE, "scripted"
    )
    monkeypatch.undo()
    assert len(search_reports(str(folder), "dog", 10)) == 2


def test_reports_of_a_search(folder: Path, opened: Opened) -> None:
    run(folder)
    (first, *rest) = search_reports(str(folder), "dog running", 10)
    assert len(rest) == 2
    assert (first.question, first.model) == ("dog running", "scripted")
    assert [event.caption for event in first.events] == ["a dog runs"]
    assert first.settings["index"] == str(folder / ".qvtime/index.db")
    assert search_reports(str(folder), "zebra", 10) == []


def test_a_closer_look_reports_no_more_of_a_video_than_asked_for() -> None:
    def locate(path: str, span: Span) -> Report:
        events = (Event(span, "x", span.start_ms / 100_000), Event(span, "x", 0.001))
        return Report(path, "x", "", events, "")

    candidates = [Candidate("a", Span(at, at + 500), 1) for at in (1000, 9000, 5000)]
    for top_k, starts_ms in ((1, [9000]), (2, [9000, 5000]), (9, [9000, 5000, 1000])):
        ((path, look),) = locate_candidates(candidates, locate, top_k)
        report = look()
        assert path == "a"
        assert [one.span.start_ms for one in report.events][:3] == starts_ms
        assert report.answer.startswith("<time>00:00:09.0</time> - <time>00:00:09.5</time>")
        assert report.answer.count(" - ") == len(report.events) == min(top_k, 6)


def hit(path: str, start_ms: int, rank: int) -> Hit:
    return Hit(path, Event(Span(start_ms, start_ms + 1000), "x"), rank, True)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 100_000)), max_size=20))
def test_candidates_hold_every_hit_and_do_not_overlap(found: list[tuple[str, int]]) -> None:
    hits = [hit(path, start_ms, rank) for rank, (path, start_ms) in enumerate(found, 1)]
    candidates = find_candidates(hits, 5000)
    assert [one.rank for one in candidates] == sorted(one.rank for one in candidates)
    for one in hits:
        (holding,) = [
            c for c in candidates if c.path == one.path and c.span.overlap_ms(one.event.span)
        ]
        assert holding.span.overlap_ms(one.event.span) == 1000
        assert holding.rank <= one.rank

"""Words find their events: every form of them, in both languages, the best first."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qvtime.store.index import Index
from qvtime.store.search import COUNTED, search_events
from qvtime.store.words import parts_of, phrase, spaced, terms_of
from qvtime.timeline import Event, Span
from tests.unit.store.conftest import report_of, stamp

CAPTIONS = (
    "the red circle jumps",
    "the blue star jumped to the left",
    "a Café opens its door",
    "打开冰箱门",
    "红色的圆形跳跃",
    "他在加油站输入PIN码",
    "the goalkeeper stops the ball",
)


@pytest.fixture
def filled(index: Index, folder: Path) -> Index:
    path = str(folder / "a.mp4")
    goal = Event(Span(500, 900), "What a goal! The striker scored.", None, "subtitle")
    index.save_timeline(path, stamp(), "{}", report_of(path, *CAPTIONS), (goal,))
    return index


def found(index: Index, words: str, whole: bool = True) -> list[str]:
    hits = search_events(index, words, 20)
    return [hit.event.caption for hit in hits if hit.whole == whole]


@pytest.mark.parametrize(
    ("words", "captions"),
    [
        ("red circle jumps", CAPTIONS[:1]),
        ("Jumping", CAPTIONS[:2]),
        ("the left star", CAPTIONS[1:2]),
        ("cafe", CAPTIONS[2:3]),
        ("CAFÉ doors", CAPTIONS[2:3]),
        ("冰箱", CAPTIONS[3:4]),
        ("门", CAPTIONS[3:4]),
        ("打开冰箱", CAPTIONS[3:4]),
        ("跳跃", CAPTIONS[4:5]),
        ("加油站 PIN", CAPTIONS[5:6]),
        ("箱冰", ()),
        ("zebra", ()),
        ("", ()),
        (" .,;!", ()),
        ('"', ()),
        ("goal scored", ("What a goal! The striker scored.",)),
        ("red NOT circle", ()),
        ("NEAR(red circle)", ()),
        ("ca*", ()),
        ("spaced:red", ()),
    ],
)
def test_words_find(filled: Index, words: str, captions: tuple[str, ...]) -> None:
    assert sorted(found(filled, words)) == sorted(captions)


def test_some_of_the_words_come_after_all_of_them(filled: Index) -> None:
    hits = search_events(filled, "the red star jumps", 20)
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert [hit.whole for hit in hits] == sorted((hit.whole for hit in hits), reverse=True)
    assert {hit.event.caption for hit in hits} == set(CAPTIONS[:2])
    assert "红色的圆形跳跃" in found(filled, "红色圆形跳跃", whole=False)


def test_what_was_said_is_told_from_what_was_seen(filled: Index) -> None:
    (hit,) = search_events(filled, "striker", 5)
    assert (hit.event.source, hit.event.score) == ("subtitle", None)
    (seen,) = search_events(filled, "goalkeeper", 5)
    assert (seen.event.source, seen.event.score) == ("seen", 0.5)


def test_no_more_than_asked_for(filled: Index) -> None:
    assert len(search_events(filled, "jump", 1)) == 1
    assert search_events(filled, "jump", 0) == []


def test_what_scores_too_little_takes_no_place(index: Index, folder: Path) -> None:
    path = str(folder / "a.mp4")
    sure = Event(Span(5000, 6000), "the blue star jumps", 0.9)
    report = report_of(path, *CAPTIONS)
    index.save_timeline(path, stamp(), "{}", replace(report, events=(*report.events, sure)))
    (hit,) = search_events(index, "jumps", 1, 0.6)
    assert (hit.event, hit.rank) == (sure, 1)
    assert len(search_events(index, "jumps", 5, 0.5)) == 3
    assert search_events(index, "jumps", 5, 1.0) == []


def test_a_rare_word_is_found_among_common_ones(index: Index, folder: Path) -> None:
    """More matches than are weighed, and the one that matters comes last."""
    many = [f"a man walks past number {k}" for k in range(COUNTED + 500)]
    path = str(folder / "a.mp4")
    index.save_timeline(path, stamp(), "{}", report_of(path, *many, "a zebra walks past"))
    hits = search_events(index, "man zebra walks", 3)
    assert hits[0].event.caption == "a zebra walks past"


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(max_size=40) | st.text('冰箱门abc"*():^-+ NOTandOR', max_size=40))
def test_no_words_are_an_error(filled: Index, words: str) -> None:
    search_events(filled, words, 5)


@given(text=st.text())
def test_segmenting_changes_nothing_but_blanks(text: str) -> None:
    assert spaced(text).replace(" ", "") == text.replace(" ", "")
    for term in terms_of(text):
        assert phrase(term).count('"') == 2
        assert list(parts_of(term))


def test_terms() -> None:
    assert terms_of("The red CAR, the car 打开冰箱 door") == ["red", "car", "打开冰箱", "door"]
    assert terms_of("to be or what") == ["to", "be", "or", "what"]
    assert list(parts_of("打开冰箱")) == ["打开", "开冰", "冰箱"]
    assert list(parts_of("打开")) == ["打开"]
    assert list(parts_of("car")) == ["car"]


def test_missing_videos_take_no_place(index: Index, folder: Path) -> None:
    """More of them than are weighed, and all of them first."""
    gone = folder / "gone.mp4"
    index.save_timeline(
        str(gone), stamp(), "{}", report_of(str(gone), *["the red circle jumps"] * (COUNTED + 1))
    )
    here = str(folder / "here.mp4")
    index.save_timeline(
        here, stamp(), "{}", report_of(here, "the red circle jumps high", "the circle is red")
    )
    index.set_missing([record for record in index.records() if record.path == str(gone)])
    hits = search_events(index, "red circle jumps", 5)
    assert [(hit.path, hit.event.caption, hit.whole) for hit in hits] == [
        (here, "the red circle jumps high", True),
        (here, "the circle is red", False),
    ]

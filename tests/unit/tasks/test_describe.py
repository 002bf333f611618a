"""One video's timeline, told window by window."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.errors import UsageError
from qvtime.tasks.describe import describe_video
from qvtime.tasks.looking import Session
from qvtime.timeline import Event, Span
from tests.scripted import Script, say, seeing
from tests.unit.tasks.planted import EVENTS, SETTINGS, Planted

HOUR_MS = 3_600_000


def told(script: Script, duration_ms: int = 60_000) -> tuple[Event, ...]:
    with script.load() as engine:
        return describe_video("v", Session(Planted("v", duration_ms), engine), SETTINGS).events


@given(
    starts=st.lists(st.integers(0, 110), min_size=1, max_size=8),
    lengths=st.lists(st.integers(1, 12), min_size=8, max_size=8),
)
def test_windows_tell_each_event_once(starts: list[int], lengths: list[int]) -> None:
    """Events on the grid, each with words of its own, however the windows cut them."""
    truth = [
        Event(Span(500 * start, min(500 * (start + length), 60_000)), f"number{place} happens")
        for place, (start, length) in enumerate(zip(starts, lengths, strict=False))
    ]
    said = {event.caption: event.span for event in told(seeing(truth))}
    assert said.keys() == {event.caption for event in truth}
    for event in truth:
        assert abs(said[event.caption].start_ms - event.span.start_ms) <= 250
        assert abs(said[event.caption].end_ms - event.span.end_ms) <= 250


@pytest.mark.parametrize("place", [0, -1])
def test_what_one_window_tells_of_its_outermost_patch_alone_is_its_neighbours_to_tell(
    place: int,
) -> None:
    """A neighbour sees the patch too, and more around it; the video's own ends have none."""
    told_of: list[int] = []

    def words(centres_ms: Sequence[int]) -> str:
        centre_ms = centres_ms[place]
        told_of.append(centre_ms)
        seen = Event(Span(max(0, centre_ms - 250), centre_ms + 250), f"seen at {centre_ms} alone")
        return say([seen], centres_ms)

    kept = [event.caption for event in told(Script(words))]
    assert len(told_of) > 1
    assert kept == [f"seen at {told_of[place]} alone"]


def test_other_words_for_the_same_event_are_not_another_event() -> None:
    truth = Event(Span(8000, 9500), "")
    forms = ("a man walks through the room", "a man is walking through a room")

    def words(centres_ms: Sequence[int]) -> str:
        caption = forms[centres_ms[0] > 0]
        return say(
            [replace(truth, caption=caption), Event(Span(8000, 9500), "a dog barks")], centres_ms
        )

    assert [event.caption for event in told(Script(words))] == ["a dog barks", forms[0]]


def test_what_was_not_understood_is_said() -> None:
    with Script(lambda _: "<time>1.0</time> - <time>99999.0</time> x").load() as engine:
        report = describe_video("v", Session(Planted("v"), engine), SETTINGS)
    assert report.events == ()
    assert "outside" in str(report.settings["dropped"])


def test_a_window_longer_than_the_model_reads() -> None:
    with seeing(EVENTS).load() as engine, pytest.raises(UsageError, match="--window"):
        describe_video("v", Session(Planted("v"), engine), replace(SETTINGS, window_ms=HOUR_MS))


def test_two_hours_are_read_window_by_window() -> None:
    script = seeing([Event(Span(HOUR_MS, HOUR_MS + 2000), "late")], window_patches=128)
    reader = Planted("v", 2 * HOUR_MS)
    with script.load() as engine:
        report = describe_video("v", Session(reader, engine), SETTINGS)
    assert [event.span for event in report.events] == [Span(HOUR_MS - 250, HOUR_MS + 1750)]
    assert reader.most_frames <= 256
    assert script.windows[-1][-1] == 2 * HOUR_MS - 500

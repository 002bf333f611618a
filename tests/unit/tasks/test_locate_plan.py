"""How `locate` searches a video: what its plan says, and what an index lets it skip."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qvtime.frames import VideoInfo
from qvtime.model.engine import Engine, Look
from qvtime.model.habits import Habits
from qvtime.model.outline import Outline
from qvtime.tasks.captions import Pointed
from qvtime.tasks.locate import Wanted, locate_video, plan_video
from qvtime.tasks.locate_plan import plan_locate
from qvtime.tasks.looking import Clock, Progress, Session, look_at
from qvtime.tasks.plan import Window
from qvtime.tasks.preview import open_machine
from qvtime.tasks.seams import NOT_FOUND
from qvtime.timeline import Event, Span
from qvtime.video.sampling import patch_centres
from qvtime.video.worker import open_video
from tests.unit.tasks.eyes import DEMO, PLANTED, RALLY, SHORT, Locate


def test_the_plan_is_what_is_done(locate: Locate) -> None:
    settings = replace(DEMO, granularity_ms=100, window_ms=2000)
    wanted = Wanted(within="10s-60s")
    machine = open_machine(DEMO)
    plan = plan_video(RALLY, "the ball bounces", settings, lambda: machine, wanted)
    report = locate(settings=settings, within="10s-60s")
    assert report.looked == tuple(window.span for window in plan.plan.windows)
    planned, done = plan.settings(), report.settings
    known = planned.keys() & done.keys()
    assert {"windows", "window_ms", "overlap_ms", "tokens_per_window", "granularity_ms"} <= known
    assert {key: planned[key] for key in known} == {key: done[key] for key in known}


def test_the_plan_counts_the_tokens_that_the_model_reads(engine: Engine) -> None:
    """Nothing is stubbed here: a real window of a real clip."""
    shown: list[Progress] = []
    report = locate_video(
        SHORT, "the ball bounces", DEMO, lambda: engine, Wanted(within="0-2s"), shown.append
    )
    assert shown[0].total == 1
    window = Window(report.looked[0], tuple(patch_centres(report.looked[0], 500)))
    with (
        open_video(SHORT, DEMO.decoder, DEMO.limits) as reader,
        look_at(Session(reader, engine), window, 500, Clock()) as look,
    ):
        assert isinstance(look, Look)
        assert look.video_tokens == report.settings["tokens_per_window"]
    assert report.timings_ms.keys() == {"decode", "vision", "prefill", "answer"}


def info(duration_ms: int) -> VideoInfo:
    return VideoInfo("x.mp4", "pyav", "mp4", "h264", 1920, 1080, duration_ms, 0, 0)


TIGHT = replace(DEMO, patch_budget=80)
"""The rally takes more than five times as much."""


def pointing(monkeypatch: pytest.MonkeyPatch, captions: list[Span], likely: list[Span]) -> None:
    """An index that points there, the likeliest first."""
    said = [Event(span, "it bounces", 1.0) for span in captions]
    alike = [Event(span, "it bounces", 0.9 - k / 1000) for k, span in enumerate(likely)]
    pointed = Pointed(tuple(said), tuple(alike))
    monkeypatch.setattr("qvtime.tasks.locate.point", lambda *_: pointed)


def test_of_a_long_video_what_an_index_finds_likely_is_looked_at(
    locate: Locate, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, longest, last = sorted(PLANTED)
    cells = [Span(start_ms, start_ms + 500) for start_ms in range(100_000, 112_000, 500)]
    rumours = [Span(start_ms, start_ms + 500) for start_ms in range(150_000, 222_000, 6_000)]
    pointing(monkeypatch, [first], cells + rumours)
    report = locate(settings=TIGHT)
    assert sorted(event.span.iou(longest) > 0.9 for event in report.events) == [False, True]
    assert max(event.span.iou(first) for event in report.events) > 0.7
    assert not any(span.overlap_ms(last) for span in report.looked)
    looked_ms = sum(any(s.start_ms <= t < s.end_ms for s in report.looked) for t in range(222_000))
    assert report.settings["skipped_ms"] == 222_000 - looked_ms
    assert (report.settings["captions_used"], report.settings["likely_used"]) == (1, 36)
    assert report.settings["coarse_ms"] == 500
    assert TIGHT.patch_budget / 2 < looked_ms / 500 <= TIGHT.patch_budget
    plan = plan_video(RALLY, "the ball bounces", TIGHT, lambda: open_machine(TIGHT), Wanted())
    assert plan.skipped_ms == plan.settings()["skipped_ms"] == report.settings["skipped_ms"]
    everything = locate(settings=TIGHT, everywhere=True)
    assert len(everything.events) == 3
    assert "skipped_ms" not in everything.settings


def test_what_was_skipped_is_said_where_nothing_is_found(
    locate: Locate, monkeypatch: pytest.MonkeyPatch
) -> None:
    pointing(monkeypatch, [], [Span(50_000, 50_500)])
    report = locate(settings=TIGHT)
    assert report.events == ()
    assert report.answer == (
        f"{NOT_FOUND} (Not looked at: 00:03:39.0 of 00:03:42.0, where the index says it is"
        " unlikely.)"
    )


@pytest.mark.parametrize("captions", [[], [Span(12_300, 14_100)]])
def test_without_likely_places_all_of_it_is_looked_at(
    locate: Locate, monkeypatch: pytest.MonkeyPatch, captions: list[Span]
) -> None:
    pointing(monkeypatch, captions, [])
    assert len(locate(settings=TIGHT).events) == 3
    monkeypatch.delattr("qvtime.tasks.locate.point")  # what can be read whole needs none
    assert len(locate().events) == 3


@settings(max_examples=40)
@given(
    duration_ms=st.integers(1, 2 * 3600 * 1000),
    granularity_ms=st.sampled_from([100, 500, 1000]),
    patches=st.integers(2, 256),
    window_ms=st.none() | st.integers(1000, 100_000),
)
def test_any_video_is_covered_by_windows_that_the_model_can_read(
    tokenizer: Any, duration_ms: int, granularity_ms: int, patches: int, window_ms: int | None
) -> None:
    if window_ms is not None:
        window_ms = min(window_ms, patches * max(500, granularity_ms))
    chosen = replace(DEMO, granularity_ms=granularity_ms, window_ms=window_ms)
    outline = Outline("x", Habits(window_patches=patches), tokenizer)
    plan = plan_locate(info(duration_ms), Span(0, duration_ms), chosen, outline)
    assert plan.windows[0].span.start_ms == 0
    assert plan.windows[-1].span.end_ms == duration_ms
    assert max(len(window.centres_ms) for window in plan.windows) <= patches
    for earlier, later in pairwise(plan.windows):
        assert later.span.start_ms < earlier.span.end_ms
    total = sum(len(window.centres_ms) for window in plan.windows)
    assert total <= chosen.patch_budget or plan.coarse_ms == 1000
    assert plan.coarse_ms >= max(500, granularity_ms)
    assert [*plan.finer_ms] == sorted(plan.finer_ms, reverse=True)
    assert (plan.finer_ms or (plan.coarse_ms,))[-1] == granularity_ms


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return open_machine(DEMO).outline.tokenizer

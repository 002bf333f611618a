"""Where to look: every window can be read at once, and holds the times that the question names."""

import itertools
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.errors import UsageError
from qvtime.settings import GRANULARITIES_MS, GRANULARITY_MS, Settings
from qvtime.tasks.plan import Window, check_window, plan_question
from qvtime.timeline import Span
from qvtime.timestamps import format_seconds

HOUR_MS = 3_600_000
durations = st.integers(1, 2 * HOUR_MS)
granularities = st.sampled_from(GRANULARITIES_MS)
patch_counts = st.integers(2, 128)


def settings(granularity_ms: int = GRANULARITY_MS, window_ms: int | None = None) -> Settings:
    return Settings(granularity_ms=granularity_ms, window_ms=window_ms)


def labels(window: Window) -> set[str]:
    """The times in front of the patches, as the prompt spells them."""
    return {f"<{format_seconds(centre)} seconds>" for centre in window.centres_ms}


@given(st.data(), durations, granularities, patch_counts)
def test_a_moment_is_the_centre_of_a_patch(
    data: st.DataObject, duration_ms: int, granularity_ms: int, patches: int
) -> None:
    time_ms = data.draw(st.integers(0, duration_ms))
    question = f"what happens at {time_ms / 1000:.3f}s?"
    plan = plan_question(question, duration_ms, settings(granularity_ms), patches)
    (window,) = plan.windows
    centres = window.centres_ms
    assert window.moment_ms == min(time_ms, duration_ms - 1)
    assert window.moment_ms in centres
    assert 1 <= len(centres) <= patches
    assert {b - a for a, b in itertools.pairwise(centres)} <= {granularity_ms}
    assert 0 <= window.span.start_ms <= centres[0] <= centres[-1] < window.span.end_ms
    assert window.span.end_ms <= duration_ms
    (words,) = plan.model_questions
    assert words == f"what happens at <{format_seconds(window.moment_ms)} seconds>?"
    assert len(labels(window)) == len(centres), "no two patches are called the same"


def test_a_moment_is_shown_twice_to_a_model_that_looks_closer() -> None:
    around = Window(Span(0, 3000), (500, 1000, 1500, 2000), 1500)
    assert around.shown_ms(closer=False) == around.centres_ms
    assert around.shown_ms(closer=True) == (500, 1000, 1500, 1500, 2000)
    over = Window(Span(0, 3000), (500, 1000))
    assert over.shown_ms(closer=True) == over.centres_ms


@given(st.data(), st.integers(1, HOUR_MS // 6), granularities, patch_counts)
def test_a_span_is_covered_and_its_ends_are_named(
    data: st.DataObject, duration_ms: int, granularity_ms: int, patches: int
) -> None:
    start_ms = data.draw(st.integers(0, duration_ms - 1))
    end_ms = data.draw(st.integers(start_ms + 1, duration_ms))
    question = f"what happens between {start_ms / 1000:.3f}s and {end_ms / 1000:.3f}s?"
    plan = plan_question(question, duration_ms, settings(granularity_ms), patches)
    assert plan.windows[0].span.start_ms == start_ms
    assert plan.windows[-1].span.end_ms == end_ms
    for earlier, later in itertools.pairwise(plan.windows):
        assert earlier.span.start_ms < later.span.start_ms <= earlier.span.end_ms
    for window, words in zip(plan.windows, plan.model_questions, strict=True):
        assert window.moment_ms is None
        assert 1 <= len(window.centres_ms) <= patches
        assert all(centre % plan.step_ms == 0 for centre in window.centres_ms)
        named = re.findall(r"<[0-9.]+ seconds>", words)
        assert len(named) == 2
        assert set(named) <= labels(window), "of its own patches"


@given(durations, granularities, patch_counts)
def test_without_a_time_it_looks_at_everything(
    duration_ms: int, granularity_ms: int, patches: int
) -> None:
    question = "which 2 people in version 3.0 meet?"
    unbounded = replace(settings(granularity_ms), patch_budget=10**9)
    plan = plan_question(question, duration_ms, unbounded, patches)
    assert set(plan.model_questions) == {question}
    assert not plan.skims
    seen = {centre for window in plan.windows for centre in window.centres_ms}
    assert seen == set(range(0, duration_ms, granularity_ms))


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (
            "what is it at 3:00, 0:10 and at 1:00?",
            [f"what is it at <{time} seconds>?" for time in ("10.0", "60.0", "180.0")],
        ),
        (
            "0:10、1:00和3:00发生了什么",
            [f"<{t} seconds>发生了什么" for t in ("10.0", "60.0", "180.0")],
        ),
        (
            "what is it at 0:10 and halfway?",
            [f"what is it at <{t} seconds>?" for t in ("10.0", "3600.0")],
        ),
        ("at 0:10 and 10s", ["at <10.0 seconds>"]),
    ],
)
def test_moments_in_a_list_are_looked_at_one_by_one(question: str, words: list[str]) -> None:
    plan = plan_question(question, 2 * HOUR_MS, settings(), 16)
    assert list(plan.model_questions) == words
    for window, said in zip(plan.windows, words, strict=True):
        assert window.moment_ms in window.centres_ms
        assert f"<{format_seconds(window.moment_ms)} seconds>" in said
        assert window.span.duration_ms == 8000


def test_other_times_are_one_span() -> None:
    question = "is it at 0:10 what it is at 0:50?"
    plan = plan_question(question, 60_000, settings(), 128)
    (window,) = plan.windows
    assert (window.span.start_ms, window.span.end_ms) == (10_000, 50_001)
    assert plan.model_questions == ("is it at <10.0 seconds> what it is at <50.0 seconds>?",)
    far = plan_question(question, 60_000, settings(), 16)
    assert len(far.windows) > 1
    assert set(far.model_questions) == set(plan.model_questions)


def test_a_shorter_window_may_be_asked_for() -> None:
    asked = settings(500, 2000)
    (window,) = plan_question("at 0:10", 60_000, asked, 128).windows
    assert (window.span.start_ms, window.span.end_ms) == (9000, 11_000)
    whole = plan_question("what happens?", 60_000, asked, 128).windows
    assert {window.span.duration_ms for window in whole} == {2000}


@pytest.mark.parametrize(("window_ms", "fits"), [(None, True), (8000, True), (8001, False)])
def test_a_window_is_at_most_what_the_model_reads(window_ms: int | None, fits: bool) -> None:
    asked = settings(500, window_ms)
    if fits:
        check_window(asked, 16, "tiny")
    else:
        with pytest.raises(UsageError, match=r"--window is 8\.001 s; tiny reads 8 s at once"):
            check_window(asked, 16, "tiny")

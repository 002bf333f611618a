"""Where to look in a long video: within the budget, everywhere once, and never past an event."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.settings import GRANULARITIES_MS, PATCH_BUDGET, Settings
from qvtime.tasks.plan import Plan, plan_closer, plan_question
from qvtime.tasks.skim import Reach, look_closer, skim_step_ms, unrefined
from qvtime.timeline import Event, Span
from qvtime.video.sampling import patch_centres, windows

DAY_MS = 24 * 3_600_000
QUESTION = "when does the cat jump?"

lengths = st.integers(1, DAY_MS)
budgets = st.integers(1, 4096)
reaches = st.builds(
    lambda granularity_ms, patches, more_ms: Reach(
        patches * granularity_ms + more_ms, granularity_ms
    ),
    st.sampled_from(GRANULARITIES_MS),
    st.integers(10, 128),
    st.integers(0, 99),
)


def cost(plan: Plan) -> int:
    return sum(len(window.centres_ms) for window in plan.windows)


@given(st.integers(1, DAY_MS // 24), reaches)
def test_the_cost_of_a_pass_is_what_its_windows_hold(length_ms: int, reach: Reach) -> None:
    parts = windows(Span(0, length_ms), reach.window_ms, reach.overlap_ms)
    held = sum(len(patch_centres(part, reach.granularity_ms)) for part in parts)
    expected = reach.patches(length_ms, reach.granularity_ms)
    assert expected - len(parts) <= held <= expected


@given(lengths, reaches, budgets)
def test_a_skim_is_the_finest_doubling_within_the_budget(
    length_ms: int, reach: Reach, budget: int
) -> None:
    step_ms = skim_step_ms(length_ms, reach, budget)
    assert reach.patches(length_ms, step_ms) <= budget
    assert (step_ms // reach.granularity_ms).bit_count() == 1
    if step_ms > reach.granularity_ms:
        assert reach.patches(length_ms, step_ms // 2) > budget


@given(lengths, st.sampled_from(GRANULARITIES_MS), st.integers(10, 128), st.integers(200, 4096))
def test_a_skim_covers_the_video_within_the_budget(
    duration_ms: int, granularity_ms: int, patches: int, budget: int
) -> None:
    chosen = Settings(granularity_ms=granularity_ms, patch_budget=budget)
    plan = plan_question(QUESTION, duration_ms, chosen, patches)
    assert cost(plan) <= budget
    centres = {centre for window in plan.windows for centre in window.centres_ms}
    assert centres == set(range(0, duration_ms, plan.step_ms))
    assert max(len(window.centres_ms) for window in plan.windows) <= patches
    for earlier, later in itertools.pairwise(plan.windows):
        assert later.span.start_ms <= earlier.span.end_ms


@pytest.mark.parametrize(
    ("minutes", "step_ms"), [(1, 500), (10, 500), (12, 1000), (30, 1000), (60, 2000), (120, 4000)]
)
@pytest.mark.parametrize("patches", [6, 16, 128])
def test_how_coarsely_a_long_video_is_skimmed(minutes: int, step_ms: int, patches: int) -> None:
    plan = plan_question(QUESTION, minutes * 60_000, Settings(), patches)
    assert plan.step_ms == step_ms
    assert plan.skims == (step_ms > 500)
    assert cost(plan) <= PATCH_BUDGET


def test_a_moment_is_never_skimmed() -> None:
    plan = plan_question("what happens at 20:00:00 and at 1:00", DAY_MS, Settings(), 16)
    assert not plan.skims
    assert len(plan.windows) == 2


def test_a_long_span_of_a_question_is_skimmed_and_named_in_its_own_labels() -> None:
    question = "what happens between 1:00:00 and 5:00:00?"
    plan = plan_question(question, DAY_MS, Settings(), 16)
    assert plan.skims
    assert plan.span == Span(3_600_000, 18_000_000)
    window = plan.windows[0]
    assert window.centres_ms[0] == 3_600_000
    assert f"<{window.centres_ms[-1] / 1000:.1f} seconds>" in plan.model_questions[0]


@given(st.data(), reaches, st.integers(1, 5), st.integers(0, 4096))
def test_closer_looks_hold_the_events_and_keep_the_budget(
    data: st.DataObject, reach: Reach, doublings: int, budget: int
) -> None:
    step_ms = reach.granularity_ms << doublings
    length_ms = data.draw(st.integers(step_ms, DAY_MS))
    within = Span(1000, 1000 + length_ms)
    marks = st.integers(within.start_ms, within.end_ms - 1)
    pairs = data.draw(st.lists(st.tuples(marks, marks), max_size=6))
    events = [
        Event(Span(min(pair), max(pair) + 1), "it", score)
        for pair, score in zip(pairs, itertools.cycle((0.5, None, 0.9)), strict=False)
    ]
    stretches = look_closer(events, step_ms, within, reach, budget)
    assert sum(reach.patches(one.duration_ms, reach.granularity_ms) for one in stretches) <= budget
    for earlier, later in itertools.pairwise(stretches):
        assert earlier.end_ms < later.start_ms
    for stretch in stretches:
        assert stretch.clamp(within) == stretch
        assert stretch.duration_ms >= min(reach.window_ms, within.duration_ms)
        assert any(stretch.overlap_ms(event.span) for event in events)
    everything = look_closer(events, step_ms, within, reach, 10**9)
    for event in events:
        start_ms, end_ms = event.span.start_ms, event.span.end_ms
        for first_ms, last_ms in (
            (start_ms - step_ms // 2, min(end_ms, start_ms + step_ms)),
            (max(start_ms, end_ms - step_ms), end_ms + step_ms // 2),
        ):
            edge = Span(first_ms, last_ms) if first_ms >= 0 else Span(0, last_ms)
            inside = edge.clamp(within)
            assert inside is not None
            assert any(inside.clamp(stretch) == inside for stretch in everything)
        cost = min(6, len(set(pairs))) * reach.patches(
            2 * max(reach.window_ms, 2 * step_ms), reach.granularity_ms
        )
        spent = sum(reach.patches(one.duration_ms, reach.granularity_ms) for one in everything)
        assert spent <= 2 * cost + 6, "however long the events are"


@given(
    st.data(),
    st.sampled_from((1000, 4000)),
    st.lists(st.tuples(st.integers(0, 99_999), st.integers(1, 30_000)), max_size=4),
)
def test_what_is_left_of_an_event_is_where_nobody_looked(
    data: st.DataObject, step_ms: int, looked: list[tuple[int, int]]
) -> None:
    start_ms = data.draw(st.integers(0, 99_999))
    event = Event(Span(start_ms, data.draw(st.integers(start_ms + 1, 100_000))), "it", 0.5)
    stretches = [Span(begin, begin + length) for begin, length in looked]
    pieces = unrefined(event, step_ms, stretches)
    assert all(piece.span.clamp(event.span) == piece.span for piece in pieces)
    for place in range(0, 130_000, 250):
        told = [piece for piece in pieces if piece.span.start_ms <= place < piece.span.end_ms]
        seen = any(one.start_ms <= place < one.end_ms for one in stretches)
        inside = event.span.start_ms <= place < event.span.end_ms
        assert len(told) <= (inside and not seen)
        if inside and not seen and place % step_ms == 0:
            assert told, "the skim saw it here"


def test_the_likeliest_are_looked_at_when_not_all_can_be() -> None:
    reach = Reach(8000, 500)
    events = [Event(Span(m * 60_000, m * 60_000 + 4000), "it", m / 100) for m in range(60)]
    one, other = look_closer(events, 4000, Span(0, 3_600_000), reach, 40)
    assert one.overlap_ms(events[58].span) == other.overlap_ms(events[59].span) == 4000
    whole = Event(Span(600_000, 3_000_000), "it", 1.0)
    edges = look_closer([whole, *events], 4000, Span(0, 3_600_000), reach, 40)
    assert edges == (Span(598_000, 606_000), Span(2_994_000, 3_002_000))
    assert look_closer([whole, *events], 4000, Span(0, 3_600_000), reach, 31) == (other,)


def test_closer_looks_stay_inside_the_span_that_was_asked_about() -> None:
    skim = plan_question("what happens between 1:00:00 and 5:00:00?", DAY_MS, Settings(), 16)
    edges = [Event(Span(3_600_000, 3_601_000), "it"), Event(Span(17_999_000, 18_000_000), "it")]
    closer = plan_closer(skim, edges, DAY_MS, Settings(), 16)
    assert closer is not None
    assert closer.step_ms == closer.granularity_ms == 500
    assert closer.span == skim.span
    assert plan_closer(skim, [], DAY_MS, Settings(), 16) is None
    nothing = replace(Settings(), patch_budget=10)
    assert plan_closer(skim, edges, DAY_MS, nothing, 16) is None

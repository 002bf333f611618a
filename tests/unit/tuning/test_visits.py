"""What each step is taught with depends on the step alone."""

from collections import Counter
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qvtime.model.prompt import LABEL_MS
from qvtime.tuning.labels import LabelledVideo
from qvtime.tuning.recipe import Recipe
from qvtime.tuning.visits import Timetable, draw_window
from qvtime.tuning.vocabulary import known_words, only_new
from tests.unit.tuning.conftest import video

TAUGHT = [video((5000, 7000, "x"), name=f"t{number}") for number in range(5)]
KNOWN = [video((5000, 7000, "x"), name=f"k{number}") for number in range(3)]


def names(table: Timetable, steps: int) -> list[str]:
    return [visit.video.name for step in range(steps) for visit in table.step(step)]


def test_a_step_is_the_same_whenever_it_is_asked_for() -> None:
    recipe = Recipe(steps=9, batch_windows=12, rehearse_share=0.3)
    first = [Timetable(TAUGHT, KNOWN, recipe, 6).step(step) for step in range(9)]
    table = Timetable(TAUGHT, KNOWN, recipe, 6)
    assert [table.step(step) for step in reversed(range(9))] == first[::-1]
    other = Timetable(TAUGHT, KNOWN, replace(recipe, seed=1), 6)
    assert other.step(0) != first[0]


def test_every_video_comes_once_before_any_comes_again() -> None:
    table = Timetable(TAUGHT, [], Recipe(steps=5, batch_windows=4), 6)
    assert Counter(names(table, 5)) == dict.fromkeys((one.name for one in TAUGHT), 1)
    assert Counter(names(table, 10)) == dict.fromkeys((one.name for one in TAUGHT), 2)


def test_the_share_to_rehearse_is_kept() -> None:
    table = Timetable(TAUGHT, KNOWN, Recipe(steps=1, batch_windows=4, rehearse_share=0.3), 6)
    seen = names(table, 100)
    assert sum(name.startswith("k") for name in seen) == 30
    assert {name for name in seen if name.startswith("t")} == {one.name for one in TAUGHT}


@given(
    seed=st.integers(0, 1000),
    duration_ms=st.integers(40, 20_000),
    granularity_ms=st.sampled_from((100, 500, 1000)),
    start_ms=st.integers(0, 19_000),
)
def test_windows_lie_in_the_video(
    seed: int, duration_ms: int, granularity_ms: int, start_ms: int
) -> None:
    labels = video((start_ms, start_ms + 900, "x")).labels
    one = LabelledVideo("a", "a.mp4", duration_ms, labels, True)
    window = draw_window(one, granularity_ms, 6, np.random.default_rng(seed))
    centres = window.centres_ms
    assert 0 <= centres[0] <= centres[-1] < max(duration_ms, 1)
    assert len(centres) == min(6, max(1, duration_ms // granularity_ms))
    assert all(centre % LABEL_MS == 0 for centre in (*centres, window.shift_ms))
    assert set(np.diff(centres)) <= {granularity_ms}


def test_most_windows_show_something_of_an_event() -> None:
    one = video((30_000, 31_000, "x"))
    generator = np.random.default_rng(0)
    windows = [draw_window(one, 500, 6, generator).centres_ms for _ in range(200)]
    near = sum(centres[0] <= 31_000 and centres[-1] >= 29_000 for centres in windows)
    assert near > 140


def test_half_of_the_windows_look_for_what_is_new() -> None:
    """One event of ten has a word that is not rehearsed: chance would seldom show it."""
    labels = [(10_000 * k, 10_000 * k + 1000, "a dog runs") for k in range(10)]
    taught = [video(*labels, (100_000, 101_000, "a dog sleeps"))]
    taught = [replace(taught[0], duration_ms=110_000)]
    recipe = Recipe(steps=1, batch_windows=4, rehearse_share=0.25, granularity_ms=500)

    def near(rehearsed: list[LabelledVideo]) -> float:
        table = Timetable(taught, rehearsed, recipe, 6)
        visits = [visit for step in range(200) for visit in table.step(step)]
        windows = [w.centres_ms for v in visits if v.video.name == "a" for w in v.windows]
        return sum(one[0] <= 101_000 and one[-1] >= 99_000 for one in windows) / len(windows)

    sought = near([video((0, 1000, "a dog runs"), name="k")])
    assert 0.35 < sought < 0.6
    assert near([]) < 0.2
    assert near([video((0, 1000, "the dog sleeps, a cat runs"), name="k")]) < 0.2
    assert only_new(taught[0], known_words([])) == taught[0]


def test_what_is_rehearsed_is_visited_as_it_was() -> None:
    known = [video((0, 1000, "a dog runs"), (3000, 4000, "a cat"), name="k")]
    assert only_new(known[0], known_words(known)) == known[0]

"""The made world keeps its own rules, and its truth is in its pixels."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from qvtime.training.render import SIGN_BAND, render, sign_edges
from qvtime.training.scene import COLOURS, SHAPES, SIGN_WORDS, VERBS, Happening, Scene, Sign
from qvtime.training.script import EVENT_MS, SIGN_MIDDLE, SIGN_MS, TOGETHER, make_scene

SEEDS = range(40)


def scene_of(seed: int, duration_ms: int = 40_000) -> Scene:
    return make_scene(np.random.default_rng(seed), duration_ms)


def test_it_is_as_varied_as_promised() -> None:
    assert len(COLOURS) >= 6
    assert len(SHAPES) >= 5
    assert len(VERBS) >= 9
    happenings = [one for seed in SEEDS for one in scene_of(seed).happenings]
    assert {one.verb for one in happenings} == set(VERBS)
    assert {len(scene_of(seed).things) for seed in SEEDS} == {1, 2, 3, 4}


def test_the_same_seed_gives_the_same_scene() -> None:
    assert scene_of(3) == scene_of(3)
    assert scene_of(3) != scene_of(4)


@pytest.mark.parametrize("seed", SEEDS)
def test_events_lie_in_the_clip_and_never_more_than_two_together(seed: int) -> None:
    happenings = scene_of(seed).happenings
    for one in happenings:
        assert 0 <= one.start_ms < one.end_ms <= 40_000
        assert EVENT_MS[0] <= one.end_ms - one.start_ms <= EVENT_MS[1]
        together = sum(o.start_ms <= one.start_ms < o.end_ms for o in happenings)
        assert together <= TOGETHER


@pytest.mark.parametrize("seed", SEEDS)
def test_a_thing_does_one_thing_at_a_time(seed: int) -> None:
    for thing in scene_of(seed).things:
        ordered = sorted(thing.happenings, key=lambda one: one.start_ms)
        for earlier, later in pairwise(ordered):
            assert earlier.end_ms < later.start_ms


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_things_look_alike(seed: int) -> None:
    scene = scene_of(seed)
    for time_ms in range(0, scene.duration_ms, 700):
        looks = [(state.colour, state.shape) for state in scene.states(time_ms)]
        assert len(looks) == len(set(looks))


def test_events_start_off_every_grid() -> None:
    starts = [one.start_ms for seed in SEEDS for one in scene_of(seed).happenings]
    assert len({start % 100 for start in starts}) > 80


def change(scene: Scene, first_ms: float, second_ms: float) -> float:
    before, after = render(scene, [first_ms, second_ms], 96).astype(float)
    return float(np.abs(before - after).max(axis=-1).sum())


def lone_happenings(verb: str) -> list[tuple[Scene, Happening]]:
    """Events of this kind in scenes with one thing, which then does nothing before and after."""
    found = []
    for seed in range(400):
        scene = scene_of(seed, 12_000)
        if len(scene.things) == 1:
            found += [(scene, one) for one in scene.happenings if one.verb == verb]
    return found


@pytest.mark.parametrize("verb", VERBS)
def test_pixels_change_while_it_happens_more_than_before_and_after(verb: str) -> None:
    cases = lone_happenings(verb)
    assert len(cases) >= 3
    for scene, one in cases:
        moments = np.linspace(one.start_ms + 10, one.end_ms - 10, 9)
        during = max(change(scene, a, b) for a, b in pairwise(moments))
        before = change(scene, one.start_ms - 200, one.start_ms - 10)
        after = change(scene, one.end_ms + 10, one.end_ms + 200)
        assert during > before
        assert during > after


def test_a_vanished_thing_leaves_the_backdrop() -> None:
    for scene, one in lone_happenings("vanishes")[:5]:
        empty = render(Scene(1, (), (), scene.backdrop, scene.stripes, 0.0), [0], 96)
        assert (render(scene, [one.end_ms + 1], 96) == empty).all()
        assert not (render(scene, [one.end_ms - 1], 96) == empty).all()


def test_there_are_fifty_words_which_fit_into_the_picture() -> None:
    assert len(set(SIGN_WORDS)) == 50
    for word in SIGN_WORDS:
        for middle in SIGN_MIDDLE:
            left_px, right_px = sign_edges(Sign(0, 1, word, middle), 96)
            assert 0 <= left_px < right_px <= 96


@pytest.mark.parametrize("seed", SEEDS)
def test_signs_come_one_at_a_time_and_change_nothing_else(seed: int) -> None:
    generator = np.random.default_rng(seed)
    scene = make_scene(generator, 40_000, signs=True)
    assert scene.signs
    for earlier, later in pairwise(scene.signs):
        assert earlier.end_ms < later.start_ms
    for one in scene.signs:
        assert 0 <= one.start_ms < one.end_ms <= 40_000
        assert SIGN_MS[0] <= one.end_ms - one.start_ms <= SIGN_MS[1]
        assert scene.sign(one.start_ms) == scene.sign(one.end_ms - 1) == one
    without = np.random.default_rng(seed)
    assert replace(scene, signs=()) == make_scene(without, 40_000)
    assert generator.integers(1 << 30) == without.integers(1 << 30)


def test_a_sign_is_seen_as_long_as_it_is_there_and_only_above() -> None:
    scene = replace(scene_of(5), signs=(Sign(2000, 3500, "GOAL"),), noise=0.0)
    without = replace(scene, signs=())
    times_ms = [1999, 2000, 3499, 3500]
    changed = render(scene, times_ms, 96) != render(without, times_ms, 96)
    assert changed.any((1, 2, 3)).tolist() == [False, True, True, False]
    assert not changed[:, round(SIGN_BAND * 96) :].any()
    other = replace(scene, signs=(Sign(2000, 3500, "FOUL"),))
    assert (render(other, [2500], 96) != render(scene, [2500], 96)).any()

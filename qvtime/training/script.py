"""What happens in a new scene: chance, within the rules of the world."""

import math
from dataclasses import replace

import numpy as np

from qvtime.training.scene import (
    COLOURS,
    NOVEL_COLOURS,
    NOVEL_VERBS,
    SHAPES,
    SIGN_WORDS,
    VERBS,
    Happening,
    Rest,
    Scene,
    Sign,
    Thing,
    ThingState,
)

EVENT_MS = (1200, 2500)
"""Shortest and longest event."""
PAUSE_MS = (1200, 7000)
"""Shortest and longest rest of one object between two events."""
TOGETHER = 2
"""How many events may go on at the same moment."""
APART = 0.36
"""Least distance between two objects at rest, in widths of the picture."""
MARGIN = 0.18
"""Least distance of an object from the picture's edge, in widths."""
SMALL, BIG = (0.13, 0.15), 1.5
"""Radius of a small object, in widths; how much larger a grown one is."""
NOVEL_SHARE = 0.3
"""How many objects have a novel colour, and how many events are novel, where there are any."""


SIGN_MS, SIGN_PAUSE_MS = (1200, 4000), (600, 5000)
"""Shortest and longest time that a word is written, and that none is."""
SIGN_MIDDLE = (0.42, 0.58)


def make_scene(
    generator: np.random.Generator, duration_ms: int, novel: bool = False, signs: bool = False
) -> Scene:
    """A new scene; the same generator state gives the same scene.

    novel: with a colour and an event that the demo model was never taught; signs: with words
    across the top of the picture, everything else as it would be without.
    """
    count = int(generator.choice([1, 2, 3, 4], p=[0.15, 0.35, 0.35, 0.15]))
    places = _places(generator, count)
    looks: set[tuple[str, str]] = set()
    states: list[ThingState] = []
    for x, y in places:
        colour, shape = _new_look(generator, looks, novel)
        radius = float(generator.uniform(*SMALL)) * (BIG if generator.random() < 0.4 else 1.0)
        lean = float(generator.uniform(-0.25, 0.25))
        there = generator.random() < 0.8
        states.append(ThingState(colour, shape, x, y, radius, lean, float(there)))
    rests: list[list[Rest]] = [[Rest(0, state)] for state in states]
    happenings: list[list[Happening]] = [[] for _ in states]
    free_ms = [int(generator.integers(300, 5000)) for _ in states]
    while True:
        thing = int(np.argmin(free_ms))
        start_ms = free_ms[thing]
        end_ms = start_ms + int(generator.integers(*EVENT_MS))
        if end_ms > duration_ms - 100:
            free_ms[thing] = duration_ms + 1
            if min(free_ms) > duration_ms:
                break
            continue
        going_on = sum(
            one.start_ms < end_ms and start_ms < one.end_ms for many in happenings for one in many
        )
        if going_on >= TOGETHER:
            free_ms[thing] += int(generator.integers(300, 1500))
            continue
        happening, after = _happen(generator, states, thing, start_ms, end_ms, novel)
        happenings[thing].append(happening)
        if happening.verb == "appears":  # the fading in shows the object that was not there
            rests[thing].append(Rest(start_ms, after))
        rests[thing].append(Rest(end_ms, after))
        states[thing] = after
        free_ms[thing] = end_ms + int(generator.integers(*PAUSE_MS))
    things = tuple(
        Thing(
            tuple(rest), tuple(events), tuple(generator.uniform((0.2, 0.2, 0, 0), (0.8, 0.8, 6, 6)))
        )
        for rest, events in zip(rests, happenings, strict=True)
    )
    low, high = generator.integers(0, 95, 3), generator.integers(0, 95, 3)
    return Scene(
        duration_ms=duration_ms,
        things=things,
        happenings=tuple(
            sorted((e for thing in things for e in thing.happenings), key=lambda e: e.start_ms)
        ),
        backdrop=(tuple(low.tolist()), tuple(high.tolist()), float(generator.uniform(0, 6.28))),
        stripes=float(generator.uniform(4, 14)) if generator.random() < 0.3 else 0.0,
        noise=float(generator.uniform(0, 6)),
        signs=_signs(generator.spawn(1)[0], duration_ms) if signs else (),
    )


def _signs(generator: np.random.Generator, duration_ms: int) -> tuple[Sign, ...]:
    """Words, one after the other, with pauses."""
    signs: list[Sign] = []
    start_ms = int(generator.integers(*SIGN_PAUSE_MS)) - SIGN_PAUSE_MS[0]
    while (end_ms := start_ms + int(generator.integers(*SIGN_MS))) <= duration_ms - 100:
        word = str(generator.choice(SIGN_WORDS))
        signs.append(Sign(start_ms, end_ms, word, float(generator.uniform(*SIGN_MIDDLE))))
        start_ms = end_ms + int(generator.integers(*SIGN_PAUSE_MS))
    return tuple(signs)


def _places(generator: np.random.Generator, count: int) -> list[tuple[float, float]]:
    """Random places that keep objects apart from each other."""
    while True:
        points = generator.uniform((MARGIN, 0.3), (1 - MARGIN, 0.83), (count, 2))
        gaps = [math.dist(points[i], points[j]) for i in range(count) for j in range(i)]
        if not gaps or min(gaps) >= APART:
            return [(float(x), float(y)) for x, y in points]


def _new_look(
    generator: np.random.Generator, looks: set[tuple[str, str]], novel: bool
) -> tuple[str, str]:
    """A colour and a shape that no other object of the scene has; remembered in `looks`."""
    while True:
        colours = NOVEL_COLOURS if novel and generator.random() < NOVEL_SHARE else COLOURS
        look = (str(generator.choice(list(colours))), str(generator.choice(SHAPES)))
        if look not in looks:
            looks.add(look)
            return look


def _happen(
    generator: np.random.Generator,
    states: list[ThingState],
    thing: int,
    start_ms: int,
    end_ms: int,
    novel: bool,
) -> tuple[Happening, ThingState]:
    """Something that this object can do now, and how it looks afterwards."""
    state = states[thing]
    after = state
    turned: str | None = None
    if state.opacity == 0:
        verb = "appears"
        after = replace(state, opacity=1.0)
    elif novel and generator.random() < NOVEL_SHARE:
        verb = str(generator.choice(NOVEL_VERBS))
    else:
        verb = str(generator.choice(VERBS[1:]))
        moved = _move(generator, states, thing) if verb.startswith("moves") else None
        if moved:
            verb, after = moved
        elif verb.startswith("moves"):  # no room
            verb = str(generator.choice(["jumps", "spins", "shakes", "blinks"]))
        elif verb in ("grows", "shrinks"):
            verb = "grows" if state.radius < SMALL[1] + 0.001 else "shrinks"
            factor = BIG if verb == "grows" else 1 / BIG
            after = replace(state, radius=state.radius * factor)
        elif verb == "vanishes":
            after = replace(state, opacity=0.0)
        elif verb == "turns":
            others = {(s.colour, s.shape) for s in states}
            free = [c for c in COLOURS if (c, state.shape) not in others]
            turned = str(generator.choice(free))
            after = replace(state, colour=turned)
    return Happening(start_ms, end_ms, thing, state.colour, state.shape, verb, turned), after


def _move(
    generator: np.random.Generator, states: list[ThingState], thing: int
) -> tuple[str, ThingState] | None:
    """A move that ends inside the picture and apart from the others, if there is room for one."""
    state = states[thing]
    first = 1 if generator.random() < 0.5 else -1
    for way in (first, -first):
        x = state.x + way * float(generator.uniform(0.24, 0.38))
        clear = all(
            math.dist((x, state.y), (other.x, other.y)) >= APART * 0.8
            for place, other in enumerate(states)
            if place != thing
        )
        if MARGIN <= x <= 1 - MARGIN and clear:
            return f"moves to the {'left' if way < 0 else 'right'}", replace(state, x=x)
    return None

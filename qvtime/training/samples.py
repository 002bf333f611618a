"""The clips of samples/: `python -m qvtime.training.samples --out samples`."""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from qvtime.training.scene import Happening, Rest, Scene
from qvtime.training.script import make_scene
from qvtime.training.world import even_times, write_clip

SIZE_PX = 192
COMPRESSION = 30
RALLY_MS, RALLY_MOMENT_MS = 222_000, 168_000
SIGNS_MS, SIGNS_MOMENT_MS = 20_000, 12_000


def _quiet(scene: Scene) -> Scene:
    """Without grain, which fills a file and says nothing."""
    return replace(scene, noise=0.0)


def _recast(scene: Scene, one: Happening) -> Scene:
    """The same scene with colours and shapes exchanged so that `one` happens to a red circle."""
    colours, shapes = {one.colour: "red", "red": one.colour}, {one.shape: "circle"}
    shapes["circle"] = one.shape

    def of_happening(happening: Happening) -> Happening:
        turned = happening.turned and colours.get(happening.turned, happening.turned)
        return replace(
            happening,
            colour=colours.get(happening.colour, happening.colour),
            shape=shapes.get(happening.shape, happening.shape),
            turned=turned,
        )

    def of_rest(rest: Rest) -> Rest:
        state = rest.state
        colour = colours.get(state.colour, state.colour)
        shape = shapes.get(state.shape, state.shape)
        return replace(rest, state=replace(state, colour=colour, shape=shape))

    things = tuple(
        replace(
            thing,
            rests=tuple(map(of_rest, thing.rests)),
            happenings=tuple(map(of_happening, thing.happenings)),
        )
        for thing in scene.things
    )
    return replace(scene, things=things, happenings=tuple(map(of_happening, scene.happenings)))


def rally(first_seed: int = 3400) -> tuple[Scene, np.random.Generator]:
    """A clip of 3 min 42 s in which the red circle jumps at 2:48, and nothing else happens then."""
    for seed in range(first_seed, first_seed + 1000):
        generator = np.random.default_rng(seed)
        scene = make_scene(generator, RALLY_MS)
        near = [
            one
            for one in scene.happenings
            if one.start_ms < RALLY_MOMENT_MS + 1500 and one.end_ms > RALLY_MOMENT_MS - 1500
        ]
        if len(near) == 1 and len(scene.things) >= 3:
            one = near[0]
            inside = min(RALLY_MOMENT_MS - one.start_ms, one.end_ms - RALLY_MOMENT_MS)
            if inside >= 600 and one.verb == "jumps":
                return _quiet(_recast(scene, one)), generator
    raise ValueError("no seed gives such a clip")


def signs(first_seed: int = 73) -> tuple[Scene, np.random.Generator]:
    """A clip of 20 s with words across the top, one of them at 0:12 and a second around it."""
    for seed in range(first_seed, first_seed + 1000):
        generator = np.random.default_rng(seed)
        scene = make_scene(generator, SIGNS_MS, signs=True)
        word = scene.sign(SIGNS_MOMENT_MS)
        if word and word.start_ms + 1000 <= SIGNS_MOMENT_MS <= word.end_ms - 1000:
            return _quiet(scene), generator
    raise ValueError("no seed gives such a clip")


def uneven_times(duration_ms: int, generator: np.random.Generator) -> list[int]:
    """Moments of a variable frame rate: 20 to 160 ms between pictures."""
    times_ms = [0]
    while times_ms[-1] < duration_ms - 200:
        times_ms.append(times_ms[-1] + int(generator.integers(20, 160)))
    return times_ms


def main() -> None:
    """Write rally, short, signs and vfr with their truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    scene, generator = rally()
    times_ms = even_times(RALLY_MS, 15)
    write_clip(scene, times_ms, folder, "rally", SIZE_PX, COMPRESSION, generator)
    generator = np.random.default_rng(71)
    scene = _quiet(make_scene(generator, 12_000))
    write_clip(scene, even_times(12_000, 25), folder, "short", SIZE_PX, COMPRESSION, generator)
    scene, generator = signs()
    write_clip(scene, even_times(SIGNS_MS, 25), folder, "signs", SIZE_PX, COMPRESSION, generator)
    generator = np.random.default_rng(72)
    scene = _quiet(make_scene(generator, 30_000))
    times_ms = uneven_times(30_000, generator)
    write_clip(scene, times_ms, folder, "vfr", SIZE_PX, COMPRESSION, generator)


if __name__ == "__main__":
    main()

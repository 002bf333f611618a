"""What is found that only looks alike: `python -m qvtime.evaluation.lookalikes --count 40`.

Makes clips that no model has seen, takes one of their events, and asks `qvtime locate` for it with
one thing changed, such that it never happens: what does it, in colour or shape, what it does, and,
where something turns a colour, which. Prints, for each, how often something was reported; several
models (`--model demo --model DIR`) get the same questions.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from qvtime.evaluation.clips import examination_of_several, film_by_chance, locate
from qvtime.training.scene import COLOURS, SHAPES, VERBS, Happening, Scene
from qvtime.training.script import make_scene

SEED = 87_000_000
CHANGES = ("nothing", "colour", "shape", "verb", "new colour")


def main() -> None:
    """Make clips, look, print the table."""
    options = examination_of_several(__doc__, 40, 20, SEED).parse_args()
    reported: dict[tuple[str, str], list[bool]] = {
        (model, change): [] for model in options.model for change in CHANGES
    }
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        for number in range(options.count):
            generator = np.random.default_rng([options.seed, number])
            scene = make_scene(generator, round(1000 * options.seconds))
            asked = list(lookalikes(scene, generator))
            film_by_chance(scene, clip, generator)
            for change, one in asked:
                for model in options.model:
                    found = locate(clip, one.caption, model)["events"]
                    reported[model, change].append(bool(found))
    sys.stdout.write(table(reported, options.model))


def lookalikes(scene: Scene, generator: np.random.Generator) -> Iterator[tuple[str, Happening]]:
    """An event of the scene, a turn if there is one, and what differs from it in one thing alone
    and never happens there, each with what was changed."""
    if not scene.happenings:
        return
    turns = [one for one in scene.happenings if one.turned is not None]
    some = turns or scene.happenings
    one = some[int(generator.integers(len(some)))]
    yield "nothing", one
    there = {happening.caption for happening in scene.happenings}
    for change in CHANGES[1:]:
        others = [other for other in _changed(one, change) if other.caption not in there]
        if others:
            yield change, others[int(generator.integers(len(others)))]


def _changed(one: Happening, change: str) -> list[Happening]:
    match change:
        case "colour":
            return [replace(one, colour=c) for c in COLOURS if c not in (one.colour, one.turned)]
        case "shape":
            return [replace(one, shape=s) for s in SHAPES if s != one.shape]
        case "verb":
            verbs = [v for v in VERBS if v not in (one.verb, "turns")]
            return [replace(one, verb=v, turned=None) for v in verbs]
        case _:
            free = [c for c in COLOURS if c not in (one.colour, one.turned)]
            return [replace(one, turned=c) for c in free] if one.turned else []


def table(reported: dict[tuple[str, str], list[bool]], models: Sequence[str]) -> str:
    """One line for each model and change: how often something was reported."""
    lines = []
    for model in models:
        for change in CHANGES:
            some = reported[model, change]
            if some:
                share = sum(some) / len(some)
                lines.append(f"{model}  {change} changed: reported {share:.1%} of {len(some)}\n")
    return "".join(lines)


if __name__ == "__main__":
    main()

"""What looks alike differs in one thing, and never happens."""

import numpy as np
import pytest

from qvtime.evaluation.lookalikes import CHANGES, lookalikes, table
from qvtime.training.script import make_scene


@pytest.mark.parametrize("seed", range(30))
def test_each_differs_in_one_thing_and_never_happens(seed: int) -> None:
    generator = np.random.default_rng(seed)
    scene = make_scene(generator, 20_000)
    found = dict(lookalikes(scene, generator))
    there = {one.caption for one in scene.happenings}
    true = found.pop("nothing")
    assert true.caption in there
    turning = any(one.turned for one in scene.happenings)
    assert set(found) == set(CHANGES[1:] if turning else CHANGES[1:-1])
    for change, other in found.items():
        assert other.caption not in there
        same = {
            "colour": other.colour == true.colour,
            "shape": other.shape == true.shape,
            "verb": other.verb == true.verb,
            "new colour": other.turned == true.turned,
        }
        changed = {name for name, is_same in same.items() if not is_same}
        assert changed - {"new colour"} == ({change} - {"new colour"})
        assert ("new colour" in changed) == (
            change == "new colour" or (change == "verb" and true.turned is not None)
        )


def test_the_table_says_how_often_something_was_reported() -> None:
    reported: dict[tuple[str, str], list[bool]] = {("demo", change): [] for change in CHANGES}
    reported["demo", "verb"] = [True, False]
    assert table(reported, ["demo"]) == "demo  verb changed: reported 50.0% of 2\n"

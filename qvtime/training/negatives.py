"""What does not happen in a window, and is asked for all the same: mostly what nearly does."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qvtime.training.scene import COLOURS, SHAPES, VERBS, Happening
from qvtime.training.wording import Labelled

OTHER_TURN_SHARE = 0.7
"""Where something of a window turns a colour, how many questions for what does not happen there
are for its turning another one. Nothing else teaches that the colour asked for matters: in ten
minutes, most of what was found in a wrong place was such a turn."""


def other_event(generator: np.random.Generator, labelled: Sequence[Labelled]) -> Happening:
    """An event like those of the window, with something changed; usually not among them."""
    colour, shape = str(generator.choice(list(COLOURS))), str(generator.choice(SHAPES))
    verb = str(generator.choice(VERBS))
    turns = [one.happening for one in labelled if one.happening.turned is not None]
    if turns and generator.random() < OTHER_TURN_SHARE:
        near = turns[int(generator.integers(len(turns)))]
        others = [c for c in COLOURS if c not in (near.colour, near.turned)]
        return replace(near, turned=str(generator.choice(others)))
    if labelled:
        near = labelled[int(generator.integers(len(labelled)))].happening
        change = generator.random()
        if change < 0.5:
            colour, shape = near.colour, near.shape
        elif change < 0.7:
            colour, verb = near.colour, near.verb
        elif change < 0.9:
            shape, verb = near.shape, near.verb
    turned = None
    if verb == "turns":
        turned = str(generator.choice([c for c in COLOURS if c != colour]))
    return Happening(0, 1, 0, colour, shape, verb, turned)

"""What a model was taught and what it forgot: `python -m qvtime.evaluation.taught --model DIR`.

Makes clips that no model has seen, `--count` of the novel world (with a colour and an event that
the demo model does not know) and as many of the old one, and looks in each for events that happen
once, through the real command line. Prints how many of the spans that `qvtime locate` reports first
meet the truth; several models (`--model demo --model DIR`) get the same questions.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from qvtime.evaluation.clips import examination_of_several, film_by_chance, likeliest, locate
from qvtime.evaluation.metrics import Grounding, mean_iou, recall_at
from qvtime.timeline import Span
from qvtime.training.scene import NOVEL_COLOURS, NOVEL_VERBS, Happening, Scene
from qvtime.training.script import make_scene

SEED = 79_000_000
KINDS = ("new event", "new colour", "old")


def main() -> None:
    """Make clips, look, print the table."""
    options = examination_of_several(__doc__, 60, 20, SEED).parse_args()
    found: dict[tuple[str, str], list[Grounding]] = {
        (model, kind): [] for model in options.model for kind in KINDS
    }
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        for number in range(2 * options.count):
            generator = np.random.default_rng([options.seed, number])
            novel = number % 2 == 0
            scene = make_scene(generator, round(1000 * options.seconds), novel)
            film_by_chance(scene, clip, generator)
            for kind, one in questions(scene, novel, generator):
                for model in options.model:
                    truth = Span(one.start_ms, one.end_ms)
                    best = likeliest(locate(clip, one.caption, model))
                    found[model, kind].append(Grounding(truth, best))
            if (number + 1) % 20 == 0:
                sys.stderr.write(f"{number + 1} clips\n{table(found, options.model)}")
    sys.stdout.write(table(found, options.model))


def questions(
    scene: Scene, novel: bool, generator: np.random.Generator
) -> Iterator[tuple[str, Happening]]:
    """One event of each kind that this world asks for, among those that happen once."""
    captions = [one.caption for one in scene.happenings]
    once = [one for one in scene.happenings if captions.count(one.caption) == 1]
    for kind in ("new event", "new colour") if novel else ("old",):
        some = [one for one in once if kind_of(one) == kind]
        if some:
            yield kind, some[int(generator.integers(len(some)))]


def kind_of(one: Happening) -> str:
    """What is new about an event; a novel event is that, whatever the colour."""
    if one.verb in NOVEL_VERBS:
        return "new event"
    return "new colour" if one.colour in NOVEL_COLOURS else "old"


def table(found: dict[tuple[str, str], list[Grounding]], models: Sequence[str]) -> str:
    """One line for each model and kind: R@1 at IoU 0.5 and 0.7, the mean IoU, how many."""
    lines = []
    for model in models:
        for kind in KINDS:
            some = found[model, kind]
            if some:
                at_half, at_more = recall_at(some, 0.5), recall_at(some, 0.7)
                lines.append(
                    f"{model}  {kind}: R@1 at 0.5 {at_half:.1%}, at 0.7 {at_more:.1%},"
                    f" mIoU {mean_iou(some):.2f} of {len(some)}\n"
                )
    return "".join(lines)


if __name__ == "__main__":
    main()

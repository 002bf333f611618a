"""How well events are located: `python -m qvtime.evaluation.locate --count 200 --seconds 30`.

Makes clips that the demo model was never taught on, as encoded files, and looks in each, through
the real command line, for an event that happens in it never, once, twice or three times; an event
that never happens is like those that do. Prints how often the number of spans is right, how well
the span fits where there is one, and how far scores can be trusted; `--out FILE` keeps every event
with its truth and its spans, one JSON object a line.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from qvtime.evaluation import clips
from qvtime.evaluation.calibration import (
    RIGHT_IOU,
    Judged,
    judge,
    reliability,
    reliability_lines,
)
from qvtime.evaluation.metrics import Grounding, mean_iou, median_boundary_error_ms
from qvtime.settings import MIN_SCORE
from qvtime.timeline import Span
from qvtime.training.scene import COLOURS, SHAPES, VERBS, Happening, Scene
from qvtime.training.script import make_scene
from qvtime.training.wording import ask_how_often, say

SEED = 78_000_000
OCCURRENCES = (0, 1, 2, 3)
LEAST_SCORE = 0.05
"""Scores below the one that is reported by default are examined too, down to this one."""
SCENES = 1000
"""How many scenes are tried for one that has an event so often."""


@dataclass(frozen=True, slots=True)
class Case:
    """An event as it is asked for, when it happens, and how it is asked how often that is."""

    event: str
    truth: tuple[Span, ...]
    question: str = ""


@dataclass(frozen=True, slots=True)
class Located:
    """A case and the spans that were found, each with its score."""

    case: Case
    found: tuple[tuple[Span, float], ...]

    def reported(self, min_score: float) -> list[Span]:
        """The spans that score at least so much, best first."""
        best = sorted(self.found, key=lambda one: (-one[1], one[0]))
        return [span for span, score in best if score >= min_score]


def main() -> None:
    """Make clips, look, print the table."""
    parser = clips.examination_of_one(__doc__, 200, 30, SEED)
    parser.add_argument("--granularity", default="0.5")
    parser.add_argument("--min-score", type=float, default=MIN_SCORE)
    options = parser.parse_args()
    located: list[Located] = []
    for clip, case in filmed_cases(options.seed, options.count, options.seconds):
        located.append(Located(case, locate(clip, case.event, options)))
        if len(located) % 20 == 0:
            sys.stderr.write(f"{len(located)} clips\n{table(located, options.min_score)}")
    sys.stdout.write(table(located, options.min_score))
    if options.out:
        options.out.write_text("".join(f"{_line(one)}\n" for one in located), "utf-8")


def locate(clip: Path, event: str, options: argparse.Namespace) -> tuple[tuple[Span, float], ...]:
    """The spans that `qvtime locate` prints for this event."""
    finely = ("--granularity", options.granularity, "--min-score", str(LEAST_SCORE))
    events = clips.locate(clip, event, options.model, *finely)["events"]
    return tuple((Span(one["start_ms"], one["end_ms"]), one["score"]) for one in events)


def filmed_cases(seed: int, count: int, seconds: float) -> Iterator[tuple[Path, Case]]:
    """So many encoded clips and what is asked of each; a clip is gone when the next one comes."""
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        for number in range(count):
            generator = np.random.default_rng([seed, number])
            occurrences = OCCURRENCES[number % len(OCCURRENCES)]
            scene, case = make_case(generator, round(1000 * seconds), occurrences)
            clips.film_by_chance(scene, clip, generator)
            yield clip, case


def make_case(
    generator: np.random.Generator, duration_ms: int, occurrences: int
) -> tuple[Scene, Case]:
    """A scene and an event that happens in it so often. ValueError when chance gives none."""
    for _ in range(SCENES):
        scene = make_scene(generator, duration_ms)
        counts = Counter(map(_key, scene.happenings))
        if occurrences:
            fitting = [one for one in scene.happenings if counts[_key(one)] == occurrences]
        else:
            fitting = [_like(one, generator) for one in scene.happenings]
            fitting = [one for one in fitting if _key(one) not in counts]
        if fitting:
            asked = fitting[int(generator.integers(len(fitting)))]
            chinese = bool(generator.random() < clips.CHINESE_SHARE)
            same = (one for one in scene.happenings if _key(one) == _key(asked))
            truth = tuple(Span(one.start_ms, one.end_ms) for one in same)
            return scene, Case(say(asked, chinese), truth, ask_how_often(asked, chinese))
    raise ValueError(f"no scene of {duration_ms} ms has an event {occurrences} times")


def _key(happening: Happening) -> tuple[str, str]:
    return happening.subject, happening.phrase


def _like(near: Happening, generator: np.random.Generator) -> Happening:
    """An event with something changed: what is done, mostly, or what does it."""
    change = generator.random()
    if change < 1 / 2:
        verb = str(generator.choice(VERBS))
        others = [colour for colour in COLOURS if colour != near.colour]
        turned = str(generator.choice(others)) if verb == "turns" else None
        return replace(near, verb=verb, turned=turned)
    if change < 3 / 4:
        free = [colour for colour in COLOURS if colour != near.turned]
        return replace(near, colour=str(generator.choice(free)))
    return replace(near, shape=str(generator.choice(SHAPES)))


def table(located: Sequence[Located], min_score: float) -> str:
    """The figures: by how often the event happens, over all clips, and of the scores."""
    lines = []
    for occurrences in OCCURRENCES:
        some = [one for one in located if len(one.case.truth) == occurrences]
        if some:
            lines.append(f"{occurrences} times: {_figures(some, occurrences, min_score)}")
    right = [_count_is_right(one, min_score) for one in located]
    lines.append(f"the right number of spans: {sum(right) / len(right):.1%} of {len(right)} clips")
    text = "".join(f"{line}\n" for line in lines)
    return text + reliability_lines(reliability(judged(located)))


def judged(located: Sequence[Located]) -> list[Judged]:
    """Every span that was found, right or wrong."""
    return [verdict for one in located for verdict in judge(one.found, one.case.truth, RIGHT_IOU)]


def _count_is_right(one: Located, min_score: float) -> bool:
    return len(one.reported(min_score)) == len(one.case.truth)


def _figures(some: Sequence[Located], occurrences: int, min_score: float) -> str:
    right = sum(_count_is_right(one, min_score) for one in some) / len(some)
    if not occurrences:
        return f"none reported in {right:.1%} of {len(some)} clips"
    figures = f"the right number in {right:.1%} of {len(some)} clips"
    if occurrences == 1:
        best = [(one.case.truth[0], one.reported(min_score)[:1]) for one in some]
        given = [Grounding(truth, found[0] if found else None) for truth, found in best]
        return (
            f"{figures}, mIoU {mean_iou(given):.3f},"
            f" median boundary error {median_boundary_error_ms(given) / 1000:.3f} s"
        )
    pairs = [
        verdict.right
        for one in some
        for verdict in judge(
            [(span, score) for span, score in one.found if score >= min_score],
            one.case.truth,
            RIGHT_IOU,
        )
    ]
    happened = occurrences * len(some)
    return f"{figures}, {sum(pairs)} of {happened} found at IoU {RIGHT_IOU}"


def _line(one: Located) -> str:
    return json.dumps(
        {
            "event": one.case.event,
            "truth": [[span.start_ms, span.end_ms] for span in one.case.truth],
            "found": [[span.start_ms, span.end_ms, score] for span, score in one.found],
        },
        ensure_ascii=False,
    )


if __name__ == "__main__":
    main()

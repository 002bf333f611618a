"""How well words on the screen are read: `python -m qvtime.evaluation.signs --count 40`.

Makes clips with words across the top, others than any that a model was taught with, and asks about
them through the real command line: what it says at a moment at which a word is written, at one at
which none is, and when it says a word that the clip holds once. Prints a table; `--out FILE` keeps
every question with its truth and its answer, one JSON object a line.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qvtime.evaluation.clips import (
    CHINESE_SHARE,
    ask,
    examination_of_one,
    film_by_chance,
    likeliest,
)
from qvtime.evaluation.metrics import Grounding, mean_iou, recall_at
from qvtime.timeline import Span
from qvtime.timestamps import format_time
from qvtime.training.scene import Scene
from qvtime.training.script import make_scene

SEED = 83_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """word: what is written at the moment that is asked about, None where nothing is; truth: when
    the word is written that is asked for."""

    text: str
    word: str | None = None
    truth: Span | None = None


def main() -> None:
    """Make clips, ask, print the table."""
    parser = examination_of_one(__doc__, 40, 30, SEED)
    parser.add_argument("--granularity", default="0.5")
    options = parser.parse_args()
    asked: list[tuple[Question, dict[str, Any]]] = []
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        for number in range(options.count):
            generator = np.random.default_rng([options.seed, number])
            scene = make_scene(generator, round(1000 * options.seconds), signs=True)
            film_by_chance(scene, clip, generator)
            questions = list(make_questions(scene, generator))
            words = [question.text for question in questions]
            finely = ("--granularity", options.granularity)
            asked += zip(questions, ask(clip, words, options.model, *finely), strict=True)
            if (number + 1) % 20 == 0:
                sys.stderr.write(f"{number + 1} clips\n{table(asked)}")
    sys.stdout.write(table(asked))
    if options.out:
        options.out.write_text("".join(map(_line, asked)), "utf-8")


def make_questions(scene: Scene, generator: np.random.Generator) -> Iterator[Question]:
    """One question of each kind, where the scene has something to ask about."""
    if scene.signs:
        one = scene.signs[int(generator.integers(len(scene.signs)))]
        yield _at(scene, generator, int(generator.integers(one.start_ms, one.end_ms)))
    bare = [t for t in range(0, scene.duration_ms, 37) if scene.sign(t) is None]
    if bare:
        yield _at(scene, generator, int(generator.choice(bare)))
    words = [sign.word for sign in scene.signs]
    single = [sign for sign in scene.signs if words.count(sign.word) == 1]
    if single:
        one = single[int(generator.integers(len(single)))]
        chinese = bool(generator.random() < CHINESE_SHARE)
        text = f"什么时候写着{one.word}？" if chinese else f"when does it say {one.word}?"
        yield Question(text, truth=Span(one.start_ms, one.end_ms))


def _at(scene: Scene, generator: np.random.Generator, time_ms: int) -> Question:
    chinese = bool(generator.random() < CHINESE_SHARE)
    moment = format_time(time_ms, 3)
    sign = scene.sign(time_ms)
    text = f"{moment}写着什么？" if chinese else f"what does it say at {moment}"
    return Question(text, sign.word if sign else None)


def is_right(question: Question, report: dict[str, Any]) -> bool:
    """A moment is right when the word that is written is said, or that there is none."""
    said = [event["caption"] for event in report["events"]]
    if question.word is None:
        return not said
    return said in ([f"It says {question.word}"], [f"写着{question.word}"])


def table(asked: list[tuple[Question, dict[str, Any]]]) -> str:
    """The figures, in English and Chinese together."""
    lines = []
    moments = [(q, report) for q, report in asked if q.truth is None]
    for label, there in (("what it says at T", True), ("nothing is written at T", False)):
        right = [is_right(q, report) for q, report in moments if (q.word is not None) == there]
        if right:
            lines.append(f"{label}: {sum(right) / len(right):.1%} right of {len(right)}")
    found = [
        Grounding(question.truth, likeliest(report)) for question, report in asked if question.truth
    ]
    if found:
        lines.append(
            f"when it says X: R@1 {recall_at(found, 0.5):.1%} at IoU 0.5,"
            f" {recall_at(found, 0.7):.1%} at 0.7, mIoU {mean_iou(found):.3f}, of {len(found)}"
        )
    return "".join(f"{line}\n" for line in lines)


def _line(one: tuple[Question, dict[str, Any]]) -> str:
    question, report = one
    truth = [question.truth.start_ms, question.truth.end_ms] if question.truth else None
    kept = {"question": question.text, "word": question.word, "truth": truth}
    kept |= {"answer": report["answer"], "events": report["events"]}
    return json.dumps(kept, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()

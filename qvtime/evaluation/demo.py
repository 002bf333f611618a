"""How good the demo model is: `python -m qvtime.evaluation.demo --count 200 --seconds 30`.

Makes clips that it was never taught on, as encoded files, and asks about them through the real
command line, three kinds of question: what happens at a moment at which something happens, at
one at which nothing does, and when an event happens that the clip holds once. Prints a table;
`--out FILE` keeps every question with its truth and its answer, one JSON object a line.
"""

import json
import sys
import tempfile
from collections import Counter
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
from qvtime.evaluation.metrics import (
    Grounding,
    mean_iou,
    median_boundary_error_ms,
    recall_at,
)
from qvtime.timeline import Span
from qvtime.timestamps import format_time
from qvtime.training.scene import Happening, Scene
from qvtime.training.script import make_scene
from qvtime.training.wording import CHINESE_VERBS, INFINITIVES, chinese_subject, say

SEED = 77_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """kind: "at", "nothing" or "when"; captions: what is true at the moment, in alphabetical order,
    and spans: when each of it happens; edge_ms: how far the moment is from the nearest beginning or
    end of any event; truth: of a "when"."""

    kind: str
    text: str
    chinese: bool
    captions: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    edge_ms: int | None = None
    truth: Span | None = None


def main() -> None:
    """Make clips, ask, print the table."""
    parser = examination_of_one(__doc__, 200, 30, SEED)
    parser.add_argument("--each", type=int, default=1, help="questions of each kind a clip")
    parser.add_argument("--granularity", default="0.5")
    options = parser.parse_args()
    asked: list[tuple[Question, dict[str, Any]]] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.count):
            generator = np.random.default_rng([options.seed, number])
            scene = make_scene(generator, round(1000 * options.seconds))
            clip = Path(folder) / "clip.mp4"
            film_by_chance(scene, clip, generator)
            questions = list(make_questions(scene, generator, options.each))
            words = [question.text for question in questions]
            finely = ("--granularity", options.granularity)
            asked += zip(questions, ask(clip, words, options.model, *finely), strict=True)
            if (number + 1) % 20 == 0:
                sys.stderr.write(f"{number + 1} clips\n{table(asked)}")
    sys.stdout.write(table(asked))
    if options.out:
        lines = (
            json.dumps(
                {
                    "kind": question.kind,
                    "question": question.text,
                    "captions": question.captions,
                    "edge_ms": question.edge_ms,
                    "truth": [question.truth.start_ms, question.truth.end_ms]
                    if question.truth
                    else None,
                    "answer": report["answer"],
                    "events": report["events"],
                },
                ensure_ascii=False,
            )
            for question, report in asked
        )
        options.out.write_text("\n".join(lines) + "\n", "utf-8")


def make_questions(scene: Scene, generator: np.random.Generator, each: int) -> Iterator[Question]:
    """Up to `each` questions of every kind, a third of them in Chinese."""
    for _ in range(each):
        if scene.happenings:
            one = scene.happenings[int(generator.integers(len(scene.happenings)))]
            yield _at(scene, generator, int(generator.integers(one.start_ms, one.end_ms)))
        still = [t for t in range(0, scene.duration_ms, 37) if not _events_at(scene, t)]
        if still:
            yield _at(scene, generator, int(generator.choice(still)))
        keys = [(h.subject, h.phrase) for h in scene.happenings]
        single = [h for h in scene.happenings if keys.count((h.subject, h.phrase)) == 1]
        if single:
            yield _when(single[int(generator.integers(len(single)))], generator)


def _events_at(scene: Scene, time_ms: int) -> list[Happening]:
    return [one for one in scene.happenings if one.start_ms <= time_ms < one.end_ms]


def _at(scene: Scene, generator: np.random.Generator, time_ms: int) -> Question:
    chinese = bool(generator.random() < CHINESE_SHARE)
    moment = format_time(time_ms, 3)
    text = f"{moment}发生了什么？" if chinese else f"what happens at {moment}"
    going_on = sorted(_events_at(scene, time_ms), key=lambda one: say(one, chinese))
    captions = tuple(say(one, chinese) for one in going_on)
    spans = tuple(Span(one.start_ms, one.end_ms) for one in going_on)
    edges_ms = [t for one in scene.happenings for t in (one.start_ms, one.end_ms)]
    edge_ms = min((abs(time_ms - edge) for edge in edges_ms), default=None)
    return Question("at" if going_on else "nothing", text, chinese, captions, spans, edge_ms)


def _when(one: Happening, generator: np.random.Generator) -> Question:
    chinese = bool(generator.random() < CHINESE_SHARE)
    turned = f" {one.turned}" if one.turned else ""
    if chinese:
        verb = CHINESE_VERBS[one.verb]
        said = say(one, True).removeprefix(chinese_subject(one)).removeprefix(verb)
        text = f"{chinese_subject(one)}什么时候{verb}{said}？"
    else:
        text = f"when does the {one.subject} {INFINITIVES[one.verb]}{turned}?"
    return Question("when", text, chinese, truth=Span(one.start_ms, one.end_ms))


def is_right(question: Question, report: dict[str, Any]) -> bool:
    """A moment is right when exactly what goes on is said, all of it and nothing else."""
    return _said(report) == _true(question)


def _said(report: dict[str, Any]) -> Counter[str]:
    return Counter(event["caption"].removesuffix(".").lower() for event in report["events"])


def _true(question: Question) -> Counter[str]:
    return Counter(caption.lower() for caption in question.captions)


def grounding(question: Question, report: dict[str, Any]) -> Grounding:
    """The truth, and the event with the highest score."""
    if question.truth is None:
        raise ValueError("only questions for a time have a true one")
    return Grounding(question.truth, likeliest(report))


def moments_grounded(asked: list[tuple[Question, dict[str, Any]]]) -> list[Grounding]:
    """What was rightly said to happen at a moment: when it does, and when it was said to."""
    given: list[Grounding] = []
    for question, report in asked:
        if question.kind == "at" and is_right(question, report):
            events = sorted(report["events"], key=lambda event: event["caption"].lower())
            said = [Span(event["start_ms"], event["end_ms"]) for event in events]
            given += map(Grounding, question.spans, said)
    return given


def table(asked: list[tuple[Question, dict[str, Any]]]) -> str:
    """The figures, in English and Chinese together."""
    lines = []
    for kind, label in (("at", "what happens at T"), ("nothing", "nothing happens at T")):
        right = [is_right(q, report) for q, report in asked if q.kind == kind]
        if right:
            lines.append(f"{label}: {sum(right) / len(right):.1%} right of {len(right)}")
    moments = [(_true(q), _said(report)) for q, report in asked if q.kind != "when"]
    right_claims = sum((true & said).total() for true, said in moments)
    if right_claims:
        events, claims = (sum(some.total() for some in side) for side in zip(*moments, strict=True))
        lines.append(
            f"all moments: {right_claims / events:.1%} said of {events} events,"
            f" {right_claims / claims:.1%} right of {claims} claims"
        )
    given = moments_grounded(asked)
    if given:
        lines.append(f"what is right of these: mIoU {mean_iou(given):.3f} of {len(given)} events")
    found = [grounding(q, report) for q, report in asked if q.kind == "when"]
    if found:
        lines.append(
            f"when does X happen: R@1 {recall_at(found, 0.5):.1%} at IoU 0.5, "
            f"{recall_at(found, 0.7):.1%} at 0.7, mIoU {mean_iou(found):.3f}, "
            f"median boundary error {median_boundary_error_ms(found) / 1000:.3f} s, "
            f"of {len(found)}"
        )
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    main()

"""How well events are counted: `python -m qvtime.evaluation.counting --count 20 --seconds 30`.

Makes the clips of `qvtime.evaluation.locate`, others of them, and asks `qvtime ask` how many times
an event happens that happens never, once, twice or three times. With `--clip FILE` it asks about
a made clip whose truth lies beside it, for all that its objects could do. Prints how often the
answer says the right number, and how often each of its times is right too; `--out FILE` keeps every
question with its truth and its answer, one JSON object a line.
"""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qvtime.evaluation import clips
from qvtime.evaluation.calibration import RIGHT_IOU, judge
from qvtime.evaluation.locate import Case, filmed_cases
from qvtime.timeline import Span
from qvtime.timestamps import parse_time
from qvtime.training.scene import VERBS, Happening
from qvtime.training.wording import ask_how_often

SEED = 79_000_000

_COUNT = re.compile(r"(?P<count>[0-9]+) (?:time: |times: |次：)|(?:Never|一次也没有)[.。]")


@dataclass(frozen=True, slots=True)
class Counted:
    """A case, what was answered, and the spans that came with it."""

    case: Case
    answer: str
    spans: tuple[Span, ...]

    @property
    def number(self) -> int | None:
        """The number that the answer says; None where it says none."""
        said = _COUNT.match(self.answer)
        return None if said is None else int(said["count"] or 0)

    @property
    def is_right(self) -> bool:
        """Whether the number is the true one."""
        return self.number == len(self.case.truth)

    @property
    def times_are_right(self) -> bool:
        """Whether there is a span for each time that it happens, and no other."""
        verdicts = judge([(span, 1.0) for span in self.spans], self.case.truth, RIGHT_IOU)
        return self.is_right and sum(one.right for one in verdicts) == len(self.case.truth)


def main() -> None:
    """Make clips, ask, print the table."""
    parser = clips.examination_of_one(__doc__, 20, 30, SEED)
    parser.add_argument("--clip", type=Path, help="a clip with its NAME.truth.json beside it")
    options = parser.parse_args()
    counted: list[Counted] = []
    if options.clip:
        counted += ask(options.clip, told_cases(options.clip), options.model)
    else:
        for clip, case in filmed_cases(options.seed, options.count, options.seconds):
            counted += ask(clip, [case], options.model)
            sys.stderr.write(f"{len(counted)}: {case.question} {counted[-1].answer}\n")
    sys.stdout.write(table(counted))
    if options.out:
        options.out.write_text("".join(f"{_line(one)}\n" for one in counted), "utf-8")


def told_cases(clip: Path) -> list[Case]:
    """Each kind of event that one of a clip's objects could have a part in."""
    told = json.loads(clip.with_suffix(".truth.json").read_text("utf-8"))["segments"]
    times: dict[tuple[str, str], list[Span]] = {
        (subject, verb): []
        for subject in sorted({one["subject"] for one in told})
        for verb in VERBS
        if verb != "turns"  # into one of several colours
    }
    for one in told:
        span = Span(parse_time(one["start_time"]), parse_time(one["end_time"]))
        times.setdefault((one["subject"], one["verb"]), []).append(span)
    cases: list[Case] = []
    for (subject, phrase), spans in times.items():
        colour, shape = subject.split()
        turned = phrase.removeprefix("turns ") if phrase.startswith("turns ") else None
        verb = phrase if turned is None else "turns"
        kind = Happening(0, 1, 0, colour, shape, verb, turned)
        cases.append(Case(kind.caption, tuple(spans), ask_how_often(kind, chinese=False)))
    return cases


def ask(clip: Path, cases: Sequence[Case], model: str) -> list[Counted]:
    """What `qvtime ask` answers, all questions on one look at the clip."""
    counted: list[Counted] = []
    reports = clips.ask(clip, [case.question for case in cases], model)
    for case, report in zip(cases, reports, strict=True):
        spans = tuple(Span(one["start_ms"], one["end_ms"]) for one in report["events"])
        counted.append(Counted(case, report["answer"], spans))
    return counted


def table(counted: Sequence[Counted]) -> str:
    """The figures, by how often the event happens, and over all clips."""
    lines = []
    for occurrences in sorted({len(one.case.truth) for one in counted}):
        some = [one for one in counted if len(one.case.truth) == occurrences]
        lines.append(f"{occurrences} times: {_figures(some)}\n")
    return "".join((*lines, f"in all: {_figures(counted)}\n"))


def _figures(some: Sequence[Counted]) -> str:
    right = sum(one.is_right for one in some)
    times = sum(one.times_are_right for one in some)
    return f"the right count in {right} of {len(some)}, with each of its times in {times}"


def _line(one: Counted) -> str:
    return json.dumps(
        {
            "question": one.case.question,
            "truth": [[span.start_ms, span.end_ms] for span in one.case.truth],
            "answer": one.answer,
            "found": [[span.start_ms, span.end_ms] for span in one.spans],
        },
        ensure_ascii=False,
    )


if __name__ == "__main__":
    main()

"""Ask a video: look where the question points, and tie every claim of the answer to a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qvtime.errors import UsageError
from qvtime.report import Report, as_unicode
from qvtime.settings import MIN_SCORE, Settings
from qvtime.tasks.answering import report_of
from qvtime.tasks.captions import Pointed, point
from qvtime.tasks.edges import sharpen
from qvtime.tasks.features import open_features
from qvtime.tasks.looking import Clock, Progress, Session
from qvtime.tasks.passes import Pass, pass_of
from qvtime.tasks.plan import (
    Plan,
    Window,
    check_question,
    check_window,
    plan_closer,
    plan_question,
    times_of,
    words_about,
)
from qvtime.tasks.preview import Machine, Preview, preview
from qvtime.tasks.reading import Seen, find_spans, read_windows
from qvtime.tasks.seams import Occurrence
from qvtime.tasks.skim import joined_ms
from qvtime.tasks.subtitled import check_subtitles, open_subtitled
from qvtime.timeline import Event, Span
from qvtime.video.worker import open_video

if TYPE_CHECKING:  # torch is loaded only once a video is known to be readable
    from qvtime.model.backend import Backend
    from qvtime.model.reply import ScoredSpan


def ask_video(
    path: str,
    questions: Sequence[str],
    settings: Settings,
    load: Callable[[], "Backend"],
    progress: Callable[[Progress], None] = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
) -> Iterator[Report]:
    """One report a question, in order. Questions about the same windows share one look at them.

    `load` gives the model, once the video is known to be readable and the questions to make
    sense. `note` is told what did not go well and changes no answer. Raises UsageError,
    VideoError, ModelError.
    """
    questions = [as_unicode(question) for question in questions]  # what tokenizers take
    for question in questions:
        check_question(question, settings)
    with open_subtitled(path, settings) as reader:
        duration_ms = reader.info.duration_ms
        for question in questions:  # wrong times are found before the model is loaded
            _check_times(question, path, duration_ms)
        features = open_features(path, settings, note)
        with load() as engine:
            patches = engine.habits.window_patches
            check_window(settings, patches, engine.name)
            run = _Run(path, Session(reader, engine, features), settings, progress, note)
            plans = [plan_question(q, duration_ms, settings, patches) for q in questions]
            reports: dict[int, Report] = {}
            for place, plan in enumerate(plans):
                if place not in reports and (known := run.from_captions(plan)):
                    reports[place] = known
                if place not in reports:
                    together = [k for k, other in enumerate(plans) if other.windows == plan.windows]
                    reports |= zip(together, run.answer([plans[k] for k in together]), strict=True)
                yield reports.pop(place)


def plan_ask(
    path: str, questions: Sequence[str], settings: Settings, machine: Callable[[], Machine]
) -> list[Preview]:
    """Where `ask_video` would look first for each question. Raises as it does."""
    check_subtitles(path, settings)
    with open_video(path, settings.decoder, settings.limits) as reader:
        info = reader.info
        for question in questions:
            check_question(question, settings)
            _check_times(question, path, info.duration_ms)
        outline = machine().outline
        patches = outline.habits.window_patches
        check_window(settings, patches, outline.name)
        plans = [plan_question(one, info.duration_ms, settings, patches) for one in questions]
        previews = []
        for plan in plans:
            led = _from_index(path, plan, info.duration_ms, settings, patches)
            skipped_ms = 0 if led is None else led.skipped_ms
            previews.append(preview(info, led.plan if led else plan, machine(), skipped_ms))
        return previews


def _check_times(question: str, path: str, duration_ms: int) -> None:
    """UsageError that names the video when it does not have a time of the question."""
    try:
        times_of(question, duration_ms)
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", error.hint) from None


@dataclass(frozen=True, slots=True)
class _Led:
    """Where an index points, and the plan to look there."""

    pointed: Pointed
    plan: Plan
    skipped_ms: int


def _from_index(
    path: str,
    plan: Plan,
    duration_ms: int,
    settings: Settings,
    window_patches: int,
    note: Callable[[str], None] = lambda _: None,
) -> _Led | None:
    """Where an index leads a plan that would skim; None where it points nowhere, or need not."""
    if not plan.skims:
        return None
    # What looks alike is for when: of each such place the words of any other would be asked.
    pointed = point(path, plan.question, note, plan.asks_when).within(plan.span)
    closer = plan_closer(plan, pointed.places, duration_ms, settings, window_patches)
    if closer is None:
        return None
    looked_ms = joined_ms(window.span for window in closer.windows)
    return _Led(pointed, closer, plan.span.duration_ms - looked_ms)


@dataclass(frozen=True, slots=True)
class _Run:
    """Questions about one video before one model."""

    path: str
    session: Session
    settings: Settings
    progress: Callable[[Progress], None]
    note: Callable[[str], None]

    @property
    def _duration_ms(self) -> int:
        return self.session.reader.info.duration_ms

    @property
    def _window_patches(self) -> int:
        """How many are read at once now: fewer once memory ran out."""
        return self.session.engine.habits.window_patches

    def answer(self, plans: Sequence[Plan]) -> list[Report]:
        """Reports for questions that look at the same windows: a skim, then closer where it
        pointed."""
        clocks = [Clock() for _ in plans]
        first = self._read(plans, clocks)
        return [
            self._report(self._passes(plan, seen, clock), clock)
            for plan, seen, clock in zip(plans, first, clocks, strict=True)
        ]

    def from_captions(self, plan: Plan) -> Report | None:
        """The answer to a question that would be skimmed for, from where an index points.

        None when there is no index, it points nowhere, or nothing is found there.
        """
        patches, duration_ms = self._window_patches, self._duration_ms
        led = _from_index(self.path, plan, duration_ms, self.settings, patches, self.note)
        if led is None:
            return None
        clock = Clock()
        (seen,) = self._read([led.plan], [clock])
        done = self._sharpened(pass_of(led.plan, seen, plan.span), plan.span, clock)
        if not done.events:
            return None
        report = self._report([done], clock)
        used = {"captions_used": len(led.pointed.captions), "skipped_ms": led.skipped_ms}
        if led.pointed.likely:
            used["likely_used"] = len(led.pointed.likely)
        return replace(report, settings={**report.settings, **used})

    def _passes(self, plan: Plan, seen: Sequence[Seen], clock: Clock) -> list[Pass]:
        passes = [pass_of(plan, seen, plan.span)]
        if plan.skims and (closer := self._closer(plan, passes[0].pointed)) is not None:
            (again,) = self._read([closer], [clock])
            passes.append(pass_of(closer, again, plan.span))
        if not passes[-1].plan.skims:
            passes[-1] = self._sharpened(passes[-1], plan.span, clock)
        return passes

    def _closer(self, plan: Plan, pointed: Sequence[Event]) -> Plan | None:
        patches, duration_ms = self._window_patches, self._duration_ms
        return plan_closer(plan, pointed, duration_ms, self.settings, patches)

    def _read(self, plans: Sequence[Plan], clocks: Sequence[Clock]) -> list[list[Seen]]:
        return read_windows(
            self.session, plans, self.settings, clocks, self.progress, note=self.note
        )

    def _sharpened(self, done: Pass, searched: Span, clock: Clock) -> Pass:
        """What was found with its edges as fine as they are asked for."""
        plan = done.plan

        def find(window: Window, granularity_ms: int) -> "tuple[ScoredSpan, ...]":
            words = words_about(plan.words, self._duration_ms, window)
            return find_spans(self.session, window, granularity_ms, words, clock)

        def sharp(one: Occurrence) -> Occurrence:
            if one.score < MIN_SCORE:
                return one
            return sharpen(
                one,
                plan.finer_ms,
                plan.granularity_ms,
                lambda: self._window_patches,
                self.settings.window_ms,
                searched,
                find,
            ).occurrence

        return replace(done, occurrences=tuple(map(sharp, done.occurrences)))

    def _report(self, passes: Sequence[Pass], clock: Clock) -> Report:
        return report_of(self.path, self.session, passes, clock)

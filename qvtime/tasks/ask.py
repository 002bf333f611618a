"""Ask a video: look where the question points, and tie every claim of the answer to a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qvtime.errors import UsageError
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.tasks.answering import report_of
from qvtime.tasks.edges import sharpen
from qvtime.tasks.features import KeptFeatures, open_features
from qvtime.tasks.looking import Clock, Progress
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
from qvtime.tasks.reading import find_spans, read_windows
from qvtime.tasks.seams import MIN_SCORE, Occurrence
from qvtime.tasks.subtitled import open_subtitled
from qvtime.timeline import Span

if TYPE_CHECKING:  # torch is loaded only once a video is known to be readable
    from qvtime.model.engine import Engine
    from qvtime.model.spans import ScoredSpan
    from qvtime.video.reader import VideoReader


def ask_video(
    path: str,
    questions: Sequence[str],
    settings: Settings,
    load: Callable[[], "Engine"],
    progress: Callable[[Progress], None] = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
) -> Iterator[Report]:
    """One report a question, in order. Questions about the same windows share one look at them.

    `load` gives the model, once the video is known to be readable and the questions to make
    sense. `note` is told what did not go well and changes no answer. Raises UsageError,
    VideoError, ModelError.
    """
    for question in questions:
        check_question(question, settings)
    with open_subtitled(path, settings) as reader:
        duration_ms = reader.info.duration_ms
        for question in questions:  # wrong times are found before the model is loaded
            _check_times(question, path, duration_ms)
        features = open_features(path, settings, note)
        with load() as engine:
            patches = engine.loaded.habits.window_patches
            check_window(settings, patches, engine.loaded.name)
            plans = [plan_question(q, duration_ms, settings, patches) for q in questions]
            reports: dict[int, Report] = {}
            for place, plan in enumerate(plans):
                if place not in reports:
                    together = [k for k, other in enumerate(plans) if other.windows == plan.windows]
                    asked = [plans[k] for k in together]
                    answers = _answer(path, reader, engine, asked, settings, progress, features)
                    reports.update(zip(together, answers, strict=True))
                yield reports.pop(place)


def _check_times(question: str, path: str, duration_ms: int) -> None:
    """UsageError that names the video when it does not have a time of the question."""
    try:
        times_of(question, duration_ms)
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", error.hint) from None


def _answer(
    path: str,
    reader: "VideoReader",
    engine: "Engine",
    plans: Sequence[Plan],
    settings: Settings,
    progress: Callable[[Progress], None],
    features: KeptFeatures | None,
) -> list[Report]:
    """Reports for questions that look at the same windows: a skim, then closer where it pointed."""
    clocks = [Clock() for _ in plans]
    first = read_windows(reader, engine, plans, settings, clocks, progress, features)
    reports: list[Report] = []
    patches = engine.loaded.habits.window_patches
    for plan, seen, clock in zip(plans, first, clocks, strict=True):
        passes = [pass_of(plan, seen, plan.span)]
        if plan.skims:
            pointed, duration_ms = passes[0].pointed, reader.info.duration_ms
            closer = plan_closer(plan, pointed, duration_ms, settings, patches)
            if closer is not None:
                (again,) = read_windows(
                    reader, engine, [closer], settings, [clock], progress, features
                )
                passes.append(pass_of(closer, again, plan.span))
        if not passes[-1].plan.skims:
            passes[-1] = _sharpened(
                passes[-1], plan.span, reader, engine, settings, clock, features
            )
        reports.append(report_of(path, reader, engine, passes, clock, features is not None))
    return reports


def _sharpened(
    done: Pass,
    searched: Span,
    reader: "VideoReader",
    engine: "Engine",
    settings: Settings,
    clock: Clock,
    features: KeptFeatures | None,
) -> Pass:
    """What was found with its edges as fine as they are asked for."""
    plan, duration_ms = done.plan, reader.info.duration_ms

    def find(window: Window, granularity_ms: int) -> "tuple[ScoredSpan, ...]":
        words = words_about(plan.question, duration_ms, window)
        return find_spans(reader, engine, window, granularity_ms, words, clock, features)

    def sharp(one: Occurrence) -> Occurrence:
        if one.score < MIN_SCORE:
            return one
        patches = engine.loaded.habits.window_patches
        return sharpen(
            one, plan.finer_ms, plan.granularity_ms, patches, settings.window_ms, searched, find
        ).occurrence

    return replace(done, occurrences=tuple(map(sharp, done.occurrences)))

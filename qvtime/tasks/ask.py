"""Ask a video: look where the question points, and tie every claim of the answer to a time."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from qvtime.errors import UsageError
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.tasks.answering import Pass, report_of
from qvtime.tasks.features import KeptFeatures, open_features
from qvtime.tasks.looking import Clock, Progress
from qvtime.tasks.plan import (
    Plan,
    check_question,
    check_window,
    plan_closer,
    plan_question,
    times_of,
)
from qvtime.tasks.reading import read_windows
from qvtime.tasks.subtitled import open_subtitled

if TYPE_CHECKING:  # torch is loaded only once a video is known to be readable
    from qvtime.model.engine import Engine
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
    passes = [[Pass(plan, seen)] for plan, seen in zip(plans, first, strict=True)]
    patches = engine.loaded.habits.window_patches
    for done, clock in zip(passes, clocks, strict=True):
        skim = done[0]
        if not skim.plan.skims:
            continue
        closer = plan_closer(skim.plan, skim.events, reader.info.duration_ms, settings, patches)
        if closer is not None:
            (seen,) = read_windows(reader, engine, [closer], settings, [clock], progress, features)
            done.append(Pass(closer, seen))
    return [
        report_of(path, reader, engine, done, clock, features is not None)
        for done, clock in zip(passes, clocks, strict=True)
    ]

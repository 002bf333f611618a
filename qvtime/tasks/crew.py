"""Who looks at videos for an index: this process, one after the other, or others side by side.

The index itself has one writer, whoever looks.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from qvtime.closing import Closing
from qvtime.errors import VideoError
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.store.fingerprint import Fingerprint, changed_meanwhile, still_as
from qvtime.store.overviews import Overview, OverviewMaker
from qvtime.subtitles import Spoken
from qvtime.tasks.describe import describe_video, watch_video
from qvtime.tasks.features import open_features
from qvtime.tasks.looking import Progress, Session
from qvtime.tasks.subtitled import subtitle_settings
from qvtime.timeline import Event, Span
from qvtime.video.subtitles import read_subtitles
from qvtime.video.worker import open_video

if TYPE_CHECKING:  # torch is loaded only once a video is known to be readable
    from qvtime.model.backend import Backend


@dataclass(frozen=True, slots=True)
class Job:
    """A video to look at. made_with: the index's key for what it is looked at with, where that
    comes to a timeline and where it fails. overview_only: its timeline holds."""

    path: str
    fingerprint: Fingerprint
    settings: Settings
    made_with: tuple[str, str]
    overview_only: bool = False


@dataclass(frozen=True, slots=True)
class Described:
    """What is seen in a video, what its subtitles say, and how it looks, where that is known."""

    report: Report
    cues: Sequence[Event]
    overview: Overview | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """How a video looks, where that is known."""

    overview: Overview | None


@dataclass(frozen=True, slots=True)
class Finished:
    """A job, and what it came to: `Watched` for an overview only."""

    job: Job
    outcome: Described | Watched | VideoError


class Crew(AbstractContextManager["Crew", None], Protocol):
    """Those who look. A context. Other errors than a VideoError end the run."""

    @property
    def full(self) -> bool:
        """Whether a job has to be finished before the next one is given."""
        ...

    @property
    def waiting(self) -> bool:
        """Whether any job is not finished."""
        ...

    def submit(self, job: Job) -> None: ...

    def finish(self) -> Finished:
        """The next job that is done with; waits for it. Not to be called when none is waiting."""
        ...


class Alone(Closing):
    """This process, one video at a time; the model is loaded once a video needs it. A crew."""

    def __init__(
        self,
        load: Callable[[], "Backend"],
        progress: Callable[[str, Progress], None],
        note: Callable[[str], None],
    ) -> None:
        self._load, self._progress, self._note = load, progress, note
        self._held = ExitStack()
        self._engine: Backend | None = None
        self._job: Job | None = None

    @property
    def full(self) -> bool:
        return self._job is not None

    waiting = full

    def submit(self, job: Job) -> None:
        self._job = job

    def finish(self) -> Finished:
        if self._job is None:
            raise ValueError("there is no job")
        job, self._job = self._job, None
        try:
            seen = describe_job(job, self._open, partial(self._progress, job.path), self._note)
            return Finished(job, seen)
        except VideoError as error:
            return Finished(job, error)

    def _open(self) -> "Backend":
        if self._engine is None:
            self._engine = self._held.enter_context(self._load())
        return self._engine

    def close(self) -> None:
        """Close the model."""
        self._held.close()


def describe_job(
    job: Job,
    engine: Callable[[], "Backend"],
    progress: Callable[[Progress], None],
    note: Callable[[str], None],
) -> Described | Watched:
    """What is seen in the video, and what its subtitles say; or, for an overview only, how it
    looks. Raises VideoError, ModelError.

    Trouble with a file that has changed meanwhile, or is gone, says nothing of what was to be
    looked at: it is raised as that.
    """
    try:
        seen = _describe(job, engine, progress, note)
    except VideoError:
        if still_as(job.path, job.fingerprint):
            raise
    else:
        if still_as(job.path, job.fingerprint):
            return seen
    raise changed_meanwhile(job.path)


def _describe(
    job: Job,
    engine: Callable[[], "Backend"],
    progress: Callable[[Progress], None],
    note: Callable[[str], None],
) -> Described | Watched:
    path, settings = job.path, job.settings
    with open_video(path, settings.decoder, settings.limits) as reader:
        # A night over a folder is not to push out what people ask about: it takes only free room.
        features = open_features(path, settings, note, job.fingerprint, displace=False)
        maker = OverviewMaker(settings.granularity_ms, reader.info.duration_ms)
        if job.overview_only:
            session = Session(reader, engine(), features)
            watch_video(session, settings, maker, progress, note)
            return Watched(None if reader.damage else maker.overview())
        subtitles = read_subtitles(path, settings.subtitles, settings.limits, reader)
        reader.spoken = Spoken(subtitles, limits=settings.limits)
        session = Session(reader, engine(), features)
        report = describe_video(path, session, settings, progress, note, maker)
        video = Span(0, reader.info.duration_ms)
    spans = ((cue.span.clamp(video), cue.text) for cue in subtitles)
    report = replace(report, settings={**report.settings, **subtitle_settings(reader.spoken)})
    cues = tuple(Event(span, text, source="subtitle") for span, text in spans if span)
    # A damaged video's pictures are not those of its times.
    return Described(report, cues, None if report.damage else maker.overview())

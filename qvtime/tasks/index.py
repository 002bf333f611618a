"""Index videos: a timeline for each, and only what is new or has changed costs anything."""

import json
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from qvtime import __version__
from qvtime.errors import (
    DamagedVideo,
    NotAVideo,
    OutputError,
    UnsupportedVideo,
    VideoError,
    VideoOverLimits,
)
from qvtime.model.checkpoint import identity
from qvtime.settings import Settings
from qvtime.store.fingerprint import (
    Fingerprint,
    holds_still,
    looks_unchanged,
    take_fingerprint,
)
from qvtime.store.index import Index
from qvtime.store.overviews import Overview, OverviewStore
from qvtime.store.record import Record
from qvtime.tasks.crew import Alone, Crew, Finished, Job, Watched
from qvtime.tasks.looking import Progress
from qvtime.tasks.overviews import overview_key, spoiled
from qvtime.tasks.sidecars import Sidecars, Stamp
from qvtime.video.subtitles import NONE

if TYPE_CHECKING:  # torch is loaded only once a video is known to be readable
    from qvtime.model.backend import Backend

METHOD = 3
"""Counts the ways in which timelines have been made: those of an older one are made again."""

_LASTING = (NotAVideo, DamagedVideo, UnsupportedVideo, VideoOverLimits)
"""Trouble that lies in the file's content; any other may be gone tomorrow and is not kept."""


class Outcome(Enum):
    """What became of a video."""

    DONE = "done"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    FAILED_BEFORE = "failed before"
    MISSING = "missing"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class Indexed:
    """A video and what became of it.

    error: why it failed, now or before. worked_on: whether it was decoded for that, or tried to be.
    """

    path: str
    outcome: Outcome
    error: VideoError | None = None
    damage: tuple[str, ...] = ()
    worked_on: bool = False


def index_videos(
    index: Index,
    paths: Iterable[str],
    settings: Settings,
    load: Callable[[], "Backend"],
    retry_failed: bool = False,
    progress: Callable[[str, Progress], None] = lambda _path, _progress: None,
    note: Callable[[str], None] = lambda _: None,
    crew: Crew | None = None,
) -> Generator[Indexed, None, None]:
    """What becomes of each video; it is in the index by then.

    They are looked at here, in order, or by `crew`, in the order in which it is done with them.
    `load` gives the model, once a video needs it. A video is left alone when its content and the
    settings are those it was indexed with; one that has moved or was touched keeps its timeline.
    One that failed is tried again when it has changed, qvtime has, or `retry_failed`. An overview
    that cannot be believed is made again beside its timeline, and `note` hears of it. VideoErrors
    are outcomes; StoreError, ModelError and UsageError end the run. `note` is told what did not go
    well and changes no timeline.
    """
    with ExitStack() as held:
        if crew is None:
            crew = held.enter_context(Alone(load, progress, note))
        beside = Sidecars(settings.subtitles, settings.limits.subtitle_bytes)
        model = identity(settings)
        for path in paths:
            try:
                record, fingerprint = _recognise(index, path)
            except VideoError as error:
                yield Indexed(path, Outcome.FAILED, error)
                continue
            made_with = _MadeWith(settings, model, beside.stamp(path))
            known = _known(record, made_with, retry_failed)
            job = Job(path, fingerprint, settings, made_with.keys, overview_only=known is not None)
            if known is not None and not _is_to_watch(index, job, known, note):
                yield known
                continue
            crew.submit(job)
            while crew.full:
                yield _keep(index, crew.finish(), note)
        while crew.waiting:
            yield _keep(index, crew.finish(), note)


def find_changed(
    index: Index, paths: Iterable[str], settings: Settings, retry_failed: bool = False
) -> Iterator[str]:
    """The videos that `index_videos` would look at, but for those that have moved. Nothing is
    kept, so an index that is only read will do."""
    beside = Sidecars(settings.subtitles, settings.limits.subtitle_bytes)
    model = identity(settings)
    for path in paths:
        record = index.find(path)
        made_with = _MadeWith(settings, model, beside.stamp(path))
        if not _is_same(record, path) or _known(record, made_with, retry_failed) is None:
            yield path


def _is_same(record: Record | None, path: str) -> bool:
    """Whether what is known is of what the file holds now; False where it cannot be read."""
    if record is None:
        return False
    try:
        return holds_still(path, record.fingerprint)
    except VideoError:
        return False


def find_missing(index: Index, paths: Iterable[str]) -> list[Record]:
    """The videos of these paths, or in these folders, whose files are gone; marked as missing."""
    below = {record.number: record for path in paths for record in index.below(path)}
    gone = [record for record in below.values() if not _is_there(record.path)]
    unmarked = [record for record in gone if not record.missing]
    if unmarked:
        index.set_missing(unmarked)
    return gone


def unmounted(path: str) -> str | None:
    """The folder that a missing video's disk was mounted on, if that is why it is missing.

    A disk that is not mounted leaves an empty folder: the nearest above the video that is there.
    """
    with suppress(OSError):  # one that may not be listed is not empty
        for folder in Path(path).parents:
            if folder.is_dir():
                return None if any(folder.iterdir()) else str(folder)
    return None


def failure_of(record: Record) -> VideoError:
    """Why a video has no timeline, as it was said then."""
    return VideoError(f"{record.path}: {record.error}", record.hint)


def _recognise(index: Index, path: str) -> tuple[Record | None, Fingerprint]:
    """What the index knows of the file's content, wherever it was; and what it looks like now."""
    record = index.find(path)
    if record is not None and looks_unchanged(path, record.fingerprint):
        if record.missing:
            index.set_missing([record], missing=False)
        return replace(record, path=path), record.fingerprint
    fingerprint = take_fingerprint(path)
    if record is None or not record.fingerprint.same_content(fingerprint):
        moved = (one for one in index.same_content(fingerprint) if not _is_there(one.path))
        record = next(moved, None)
    if record is not None:
        index.set_fingerprint(record, path, fingerprint)
        record = replace(record, path=path)  # as it is called now, and as the user spells it
    return record, fingerprint


@dataclass(frozen=True, slots=True)
class _MadeWith:
    """What shapes a timeline besides the video: the settings, the model as it is told from others,
    and the subtitles beside the video."""

    settings: Settings
    model: str
    subtitles: Stamp

    @property
    def keys(self) -> tuple[str, str]:
        """Of a timeline, and of a failure."""
        return self.key(failed=False), self.key(failed=True)

    def key(self, failed: bool) -> str:
        """As the index keeps it. A failure may come out otherwise in another version of qvtime."""
        choices: dict[str, object] = {
            "method": METHOD,
            "model": self.model,
            "granularity_ms": self.settings.granularity_ms,
            "window_ms": self.settings.window_ms,
            "decoder": self.settings.decoder,
            "subtitles": "none" if self.settings.subtitles == NONE else self.subtitles,
        }
        if self.settings.frame_pixels is not None:
            choices["frame_pixels"] = self.settings.frame_pixels
        if self.settings.window_tokens is not None:
            choices["window_tokens"] = self.settings.window_tokens
        if self.settings.yarn:
            choices["yarn"] = True
        if self.settings.quantize is not None:
            choices["quantize"] = self.settings.quantize
        if self.settings.dtype != "auto":
            choices["dtype"] = self.settings.dtype
        if failed:
            choices["version"] = __version__
        return json.dumps(choices, sort_keys=True)


def _known(record: Record | None, made_with: _MadeWith, retry_failed: bool) -> Indexed | None:
    """What there is of this content, if it is what is asked for."""
    if record is None or record.made_with != made_with.key(record.error is not None):
        return None
    if record.error is None:
        return Indexed(record.path, Outcome.UNCHANGED)
    return None if retry_failed else Indexed(record.path, Outcome.FAILED_BEFORE, failure_of(record))


def _keep(index: Index, finished: Finished, note: Callable[[str], None]) -> Indexed:
    """Keep what a video came to."""
    job, outcome = finished.job, finished.outcome
    done, failed = job.made_with
    if job.overview_only and isinstance(outcome, VideoError):  # the timeline is none the worse
        return Indexed(job.path, Outcome.FAILED, outcome, worked_on=True)
    if isinstance(outcome, Watched):
        _keep_overview(index, job, outcome.overview, note)
        return Indexed(job.path, Outcome.UNCHANGED, worked_on=True)
    if isinstance(outcome, VideoError):
        if isinstance(outcome, _LASTING):
            bare = _without_path(outcome, job.path)
            index.save_failure(job.path, job.fingerprint, failed, bare)
        return Indexed(job.path, Outcome.FAILED, outcome, worked_on=True)
    index.save_timeline(job.path, job.fingerprint, done, outcome.report, outcome.cues)
    _keep_overview(index, job, outcome.overview, note)
    return Indexed(job.path, Outcome.DONE, damage=outcome.report.damage, worked_on=True)


def _is_to_watch(index: Index, job: Job, known: Indexed, note: Callable[[str], None]) -> bool:
    """Whether a video whose timeline holds is to be seen again, for an overview to believe."""
    if known.outcome is not Outcome.UNCHANGED:
        return False
    why = spoiled(index, job.fingerprint)
    if why is None:
        return False
    if job.settings.server is None:
        note(f"{job.path}: its overview {why}; making it again")
        return True
    note(f"{job.path}: its overview {why}; going on without one, as the model is elsewhere")
    _keep_overview(index, job, None, note)
    return False


def _keep_overview(
    index: Index, job: Job, overview: Overview | None, note: Callable[[str], None]
) -> None:
    """Keep how a video looks beside its timeline; without that, nothing that is not believed."""
    store = OverviewStore(index.place.folder)
    try:
        if overview is not None:
            store.keep(overview_key(job.fingerprint, job.made_with[0]), overview)
        elif spoiled(index, job.fingerprint) is not None:
            store.forget({job.fingerprint.content})
    except OutputError as error:
        note(f"{error.message}; going on without an overview")


def _without_path(error: VideoError, path: str) -> VideoError:
    return VideoError(error.message.removeprefix(f"{path}: "), error.hint)


def _is_there(path: str) -> bool:
    try:
        Path(path).lstat()
    except FileNotFoundError:
        return False
    except OSError:  # out of reach is not gone
        return True
    return True

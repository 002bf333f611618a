"""Index whole folders: which videos, in which index, and what becomes of each."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from qvtime.errors import OutputError, VideoError
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.store.index import Index, open_index
from qvtime.store.place import Place, absolute, place_at, place_of
from qvtime.store.record import Record
from qvtime.store.run import RunNote, RunState
from qvtime.tasks.cluster import Cluster
from qvtime.tasks.crew import Crew
from qvtime.tasks.features import forget_videos
from qvtime.tasks.index import Indexed, Outcome, find_changed, find_missing, index_videos, unmounted
from qvtime.tasks.looking import Progress
from qvtime.tasks.timelines import TimelineFiles
from qvtime.video.walk import walk

if TYPE_CHECKING:  # torch is loaded only once a video is known to be readable
    from qvtime.model.backend import Backend


@dataclass(frozen=True, slots=True)
class Choices:
    """Which videos, and what is done with them.

    index_folder: where the index is, None for the folders' own. limit: how many videos are worked
    on at most. prune: forget the videos whose files are gone. timelines: give the report of each
    video. output_folder, output_format: write each timeline as a file there; force: also over
    files that are not qvtime's.
    """

    index_folder: str | None = None
    recursive: bool = True
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    retry_failed: bool = False
    limit: int | None = None
    prune: bool = False
    timelines: bool = False
    output_folder: Path | None = None
    output_format: str = "srt"
    force: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a video. report: its timeline, where that was asked for; written: the file
    it is in; not_written: why it is in none."""

    indexed: Indexed
    report: Report | None = None
    written: Path | None = None
    not_written: OutputError | None = None


def index_paths(
    paths: Sequence[str],
    choices: Choices,
    settings: Settings,
    load: Callable[[], "Backend"],
    progress: Callable[[str, Progress], None] = lambda _path, _progress: None,
    note: Callable[[str], None] = lambda _: None,
) -> Iterator[Done]:
    """What becomes of every video that `paths` name; it is in its index by then.

    All indexes are locked before the first video: IndexLocked comes at once. Otherwise as
    `index_videos`, with one model for all. Paths and folders that cannot be read come as failed.
    """
    # Unlike Path's, this says no about what it may not look at.
    existing = [path for path in paths if os.path.exists(path)]  # noqa: PTH110
    missing_paths = [path for path in paths if path not in existing]
    load_once = cache(load)
    crew: Crew | None = None
    files = _timeline_files(paths, choices)
    worked = 0
    with ExitStack() as held:
        opened = [
            (held.enter_context(open_index(place, True)), given)
            for place, given in _by_index(existing, choices)
        ]
        if settings.cluster is not None:
            crew = held.enter_context(Cluster(settings.cluster, settings, note))
        for index, given in opened:
            shown = held.enter_context(RunNote(index.place.folder))
            failures: list[VideoError] = []
            videos = videos_of(given, choices, failures.append)
            retry = choices.retry_failed
            told = _Told(index, shown, progress)
            run = index_videos(index, videos, settings, load_once, retry, told.progress, note, crew)
            # A limit that is reached in one folder is reached in all.
            for indexed in () if worked == choices.limit else run:
                told.count_one()
                yield _deliver(index, indexed, choices, files)
                worked += indexed.worked_on
                if worked == choices.limit:
                    run.close()
                    break
            yield from (_unreadable(error) for error in failures)
            yield from _sweep(index, given, choices, note)
    failures = []
    list(walk(missing_paths, failed=failures.append))
    yield from (_unreadable(error) for error in failures)


def videos_of(
    paths: Sequence[str], choices: Choices, failed: Callable[[VideoError], None]
) -> Iterator[str]:
    """The videos of these paths, of folders those chosen; `failed` hears what is not read."""
    return walk(paths, choices.recursive, choices.include, choices.exclude, failed)


def plan_paths(
    paths: Sequence[str],
    choices: Choices,
    settings: Settings,
    failed: Callable[[VideoError], None],
) -> Iterator[str]:
    """The videos that `index_paths` would look at; no index is changed or made."""
    return islice(_changed(paths, choices, settings, failed), choices.limit)


def _changed(
    paths: Sequence[str],
    choices: Choices,
    settings: Settings,
    failed: Callable[[VideoError], None],
) -> Iterator[str]:
    for place, given in _by_index(paths, choices):
        videos = videos_of(given, choices, failed)
        if not place.file.exists():
            yield from videos
            continue
        with open_index(place) as index:
            yield from find_changed(index, videos, settings, choices.retry_failed)


def _by_index(paths: Sequence[str], choices: Choices) -> list[tuple[Place, list[str]]]:
    """The indexes of these paths, and which of them belong to each.

    One folder may be spelled in several ways, and locks only once.
    """
    places: dict[str, tuple[Place, list[str]]] = {}
    for path in paths:
        place = place_of(path) if choices.index_folder is None else place_at(choices.index_folder)
        place.key(path)  # is it one that the index can name?
        places.setdefault(absolute(place.folder), (place, []))[1].append(path)
    return list(places.values())


class _Told:
    """Says how far a run is to the one who started it, and to those who look on."""

    def __init__(
        self, index: Index, shown: RunNote, progress: Callable[[str, Progress], None]
    ) -> None:
        self._index, self._shown, self._progress = index, shown, progress
        self._done = 0

    def progress(self, path: str, at: Progress) -> None:
        """A window of a video comes next."""
        key = os.fsdecode(self._index.place.key(path))
        self._shown.say(RunState(self._done, key, at.done, at.total))
        self._progress(path, at)

    def count_one(self) -> None:
        """A video is done with."""
        self._done += 1
        self._shown.say(RunState(self._done))


def _timeline_files(paths: Sequence[str], choices: Choices) -> TimelineFiles | None:
    folder = choices.output_folder
    if folder is None:
        return None
    return TimelineFiles(folder, choices.output_format, paths, choices.force)


def _deliver(index: Index, indexed: Indexed, choices: Choices, files: TimelineFiles | None) -> Done:
    """The video with its timeline, written where that was asked for."""
    done = Done(indexed)
    wanted = choices.timelines or files is not None
    if not wanted or indexed.outcome not in (Outcome.DONE, Outcome.UNCHANGED):
        return done
    record = index.find(indexed.path)
    if record is None:  # it cannot be gone: the lock is ours
        return done
    report = replace(index.report(record), path=indexed.path)
    if choices.timelines:
        done = replace(done, report=report)
    if files is not None:
        try:
            done = replace(done, written=files.write(index, report))
        except OutputError as error:
            done = replace(done, not_written=error)
    return done


def _unreadable(error: VideoError) -> Done:
    return Done(Indexed("", Outcome.FAILED, error))


def _sweep(
    index: Index, given: Sequence[str], choices: Choices, note: Callable[[str], None]
) -> Iterator[Done]:
    """What became of the videos whose files are gone."""
    gone = find_missing(index, given)
    forgotten: list[Record] = []
    if choices.prune:
        empty = {record.number: unmounted(record.path) for record in gone}
        for folder in sorted({one for one in empty.values() if one is not None}):
            note(f"{folder}: is empty; if no disk belongs there, --forget it")
        forgotten = [record for record in gone if empty[record.number] is None]
        forget_videos(index, forgotten)
    for record in gone:
        outcome = Outcome.FORGOTTEN if record in forgotten else Outcome.MISSING
        yield Done(Indexed(record.path, outcome))

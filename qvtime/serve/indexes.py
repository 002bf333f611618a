"""What the indexes know of the videos that are served; read anew each time, never changed."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from qvtime.errors import IndexDamaged, QvtimeError, StoreError, VideoError
from qvtime.report import Report
from qvtime.serve.videos import Video, id_of
from qvtime.store.index import Index, open_index
from qvtime.store.place import Place, absolute
from qvtime.store.record import Record
from qvtime.store.run import read_run
from qvtime.store.search import Hit, search_events
from qvtime.tasks.index import failure_of


@dataclass(frozen=True, slots=True)
class Known:
    """What one index knows: its videos by absolute path, how many events each has.

    error: why it cannot be read, where there is one.
    """

    place: Place
    records: Mapping[str, Record]
    events: Mapping[int, int]
    error: StoreError | None = None

    def of(self, video: Video) -> Record | None:
        """What it knows of a video."""
        return self.records.get(absolute(video.path))


def read_index(place: Place) -> Known:
    """All that an index knows; nothing where there is none."""
    if not place.is_there:
        return Known(place, {}, {})
    try:
        with open_index(place) as index:
            records = {absolute(record.path): record for record in index.records()}
            return Known(place, records, index.event_counts())
    except StoreError as error:
        return Known(place, {}, {}, error)


def timeline_of(video: Video) -> Report | None:
    """A video's timeline with what its subtitles say, None when it has none.

    Raises VideoError when indexing it failed, StoreError when the index cannot be used.
    """
    if not video.place.is_there:
        return None
    with open_index(video.place) as index, index.database.snapshot():
        record = _find(index, video)
        if record is None:
            return None
        if record.error is not None:
            raise failure_of(replace(record, path=video.path))
        return replace(index.report(record, ("seen", "subtitle")), path=video.path)


def search(
    places: Iterable[Place], words: str, top_k: int
) -> tuple[list[Hit], tuple[StoreError, ...]]:
    """The events with these words in all the indexes, best first; and why some indexes have none
    to give."""
    hits: list[Hit] = []
    errors: list[StoreError] = []
    for place in places:
        if not place.is_there:
            continue
        try:
            with open_index(place) as index:
                hits += search_events(index, words, top_k)
        except StoreError as error:
            errors.append(error)
    best = sorted(hits, key=lambda hit: (not hit.whole, hit.rank))[:top_k]
    return best, tuple(errors)


def indexing(places: Iterable[Place], videos: Iterable[Video]) -> list[dict[str, object]]:
    """How far the runs of `qvtime index` are that work on these videos now."""
    served = list(videos)
    names = {video.id: video.name for video in served}
    runs = ((place, read_run(place.folder)) for place in places)
    return [
        {
            "videos_done": run.videos_done,
            "videos_total": sum(video.place == place for video in served),
            "video": None if run.video is None else _name(place, run.video, names),
            "windows_done": run.windows_done,
            "windows_total": run.windows_total,
        }
        for place, run in runs
        if run is not None
    ]


def _name(place: Place, key: str, names: Mapping[str, str]) -> str | None:
    """What people call the video of a key, if it is one of ours."""
    try:
        return names.get(id_of(place.path(os.fsencode(key))))
    except (IndexDamaged, UnicodeEncodeError):
        return None


def _find(index: Index, video: Video) -> Record | None:
    try:
        return index.find(video.path)
    except QvtimeError as error:
        if isinstance(error, (StoreError, VideoError)):
            raise
        return None  # outside of the folder that this index is about

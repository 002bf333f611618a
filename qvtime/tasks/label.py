"""Draft labels of a video: what the model says happens in it, for a person to correct."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qvtime.errors import UsageError
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.store.fingerprint import holds_still
from qvtime.store.index import open_index
from qvtime.store.place import place_at, place_of
from qvtime.tasks.describe import describe_video
from qvtime.tasks.features import open_features
from qvtime.tasks.looking import Progress, Session
from qvtime.tasks.subtitled import open_subtitled

if TYPE_CHECKING:  # torch is loaded only once a video has to be looked at
    from qvtime.model.backend import Backend


@dataclass(frozen=True, slots=True)
class Draft:
    """A video's events, as far as a model saw them.

    from_index: whether the index had them, of the file as it is now.
    """

    report: Report
    from_index: bool


def draft_labels(
    path: str,
    index_folder: str | None,
    settings: Settings,
    load: Callable[[], "Backend"],
    progress: Callable[[Progress], None] = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
) -> Draft:
    """The events of a video: its timeline in the index, or else what is seen by looking now.

    index_folder: where the index is; None for the nearest above the video, and without one the
    video is looked at. `load` gives the model when that is needed; what is seen is not put into
    an index. Raises VideoError, ModelError, UsageError, StoreError.
    """
    report = _indexed(path, index_folder)
    if report is not None:
        return Draft(report, from_index=True)
    with open_subtitled(path, settings) as reader:
        features = open_features(path, settings, note, displace=False)
        session = Session(reader, load(), features)
        report = describe_video(path, session, settings, progress, note)
    return Draft(report, from_index=False)


def _indexed(path: str, index_folder: str | None) -> Report | None:
    """The timeline that the index has of this file as it is now."""
    place = place_of(path) if index_folder is None else place_at(index_folder)
    if index_folder is None and not place.is_there:
        return None
    with open_index(place) as index:
        try:
            record = index.find(path)
        except UsageError:  # it is outside of what this index is about
            return None
        if record is None or record.error is not None:
            return None
        if not holds_still(path, record.fingerprint):
            return None
        return replace(index.report(record), path=path)

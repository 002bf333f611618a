"""The videos that are served: by an opaque id each, never by a path."""

import hashlib
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from qvtime.errors import VideoError, VideoNotFound
from qvtime.store.index import open_index
from qvtime.store.place import Place, absolute, place_at, place_of
from qvtime.tasks.videos import find_videos

FRESH_SECONDS = 2.0
"""How long a list of files is believed: a page asks for many things at once."""


@dataclass(frozen=True, slots=True)
class Video:
    """path: as it can be opened; name: what people see, below the folder that was named; place:
    where its index would be; real_path: the file that it was when it was found."""

    id: str
    path: str
    name: str
    place: Place
    real_path: str


class Videos:
    """What the named files and folders hold, looked up again as time goes by. For many threads.

    Without paths, those of the index in `index_folder`. StoreError when there is no such index.
    """

    def __init__(self, paths: Sequence[str], index_folder: str | None = None) -> None:
        self._index = None if index_folder is None else place_at(index_folder)
        self._paths = tuple(paths) or _indexed_paths(self._index)
        self._lock = threading.Lock()
        self._found: dict[str, Video] = {}
        self._problems: tuple[str, ...] = ()
        self._looked_at = float("-inf")

    def all(self) -> list[Video]:
        """Every video, in the order of the paths."""
        return [*self._fresh().values()]

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be read the last time, a sentence each."""
        return self._problems

    @property
    def roots(self) -> tuple[str, ...]:
        """The files and folders that are served, as they were named."""
        return self._paths

    def places(self) -> list[Place]:
        """Where the indexes of these videos are, or would be."""
        return [self._index] if self._index else [*dict.fromkeys(map(place_of, self._paths))]

    def find(self, video_id: str) -> Video:
        """The video of an id, as long as it is still the file that was found.

        VideoNotFound when it is none of ours, or something else is in its place.
        """
        video = self._found.get(video_id) or self._fresh().get(video_id)
        if video is None:
            raise VideoNotFound("there is no such video", "load the list again")
        # A link that was put in its place since could lead anywhere.
        if os.path.realpath(video.path) != video.real_path:
            raise VideoNotFound(f"{video.name}: is not the file that it was", "load the list again")
        return video

    def _fresh(self) -> dict[str, Video]:
        with self._lock:
            if time.monotonic() - self._looked_at > FRESH_SECONDS:
                failures: list[VideoError] = []
                videos: list[Video] = []
                for root in self._paths:
                    place = self._index or place_of(root)
                    for path in find_videos([root], None, False, failures.append):
                        videos.append(self._video(path, root, place))
                self._found = {video.id: video for video in videos}
                self._problems = tuple(error.message for error in failures)
                self._looked_at = time.monotonic()
            return self._found

    def _video(self, path: str, root: str, place: Place) -> Video:
        inside = path[len(root.rstrip("/")) + 1 :] or os.path.basename(path)  # noqa: PTH119
        several = len(self._paths) > 1 and path != root
        folder = os.path.basename(absolute(root))  # noqa: PTH119
        shown = os.fsencode(f"{folder}/{inside}" if several and folder else inside)
        return Video(
            id=id_of(path),
            path=path,
            name=shown.decode("utf-8", "backslashreplace"),
            place=place,
            real_path=os.path.realpath(path),
        )


def id_of(path: str) -> str:
    """The id of a path: the same in every run, and says nothing about the path."""
    return hashlib.blake2b(os.fsencode(absolute(path)), digest_size=9).hexdigest()


def _indexed_paths(place: Place | None) -> tuple[str, ...]:
    """What an index is about: its folder, or the videos that it has; "." without an index."""
    if place is None:
        return (".",)
    with open_index(place) as index:
        if place.root is not None:
            return (place.root,)
        return tuple(record.path for record in index.records() if not record.missing)

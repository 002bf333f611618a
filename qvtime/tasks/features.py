"""The vision features of one video, kept between runs: what was seen once need not be seen again.

They lie in the index's folder above the video, where there is one, or where the user says.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qvtime.errors import OutputError, UsageError, VideoError, cause_of
from qvtime.frames import FRAMES_PER_PATCH
from qvtime.settings import Settings
from qvtime.store.features import FeatureKey, FeatureStore
from qvtime.store.fingerprint import Fingerprint, still_as, take_fingerprint
from qvtime.store.index import Index
from qvtime.store.overviews import OverviewStore
from qvtime.store.place import place_of
from qvtime.store.record import Record

if TYPE_CHECKING:  # torch is loaded only once a video is known to be readable
    from qvtime.model.engine import Engine
    from qvtime.model.vision import VideoFeatures
    from qvtime.video.reader import VideoReader

FOLDER_NAME = "features"
AUTO, NONE = "auto", "none"
"""What `Settings.features` may be besides a folder."""


class KeptFeatures:
    """The features of one video. `found`: how many windows came from here so far.

    note: told, once, why features cannot be kept; the answers are the same without. displace:
    whether others, unused for longer, go for these where there is no room.
    """

    def __init__(
        self,
        store: FeatureStore,
        path: str,
        fingerprint: Fingerprint,
        note: Callable[[str], None] = lambda _: None,
        displace: bool = True,
    ) -> None:
        self.found = 0
        self._displace = displace
        self._store: FeatureStore | None = store
        self._path = path
        self._fingerprint = fingerprint
        self._note = note

    def find(self, engine: "Engine", key: FeatureKey) -> "VideoFeatures | None":
        """The features kept for this key; None when there are none that fit the model."""
        arrays = None if self._store is None else self._store.find(key)
        if arrays is None:
            return None
        from qvtime.model.feature_arrays import features_of
        from qvtime.model.pixels import PATCH_PX, Grid

        grid = Grid(
            len(key.times_ms) // FRAMES_PER_PATCH,
            key.height_px // PATCH_PX,
            key.width_px // PATCH_PX,
        )
        try:
            features = features_of(arrays, engine.loaded, grid)
        except ValueError:  # a stranger's file: its checksum is right and its content is not
            return None
        self.found += 1
        return features

    def keep(self, key: FeatureKey, features: "VideoFeatures", damage: Sequence[str]) -> None:
        """Keep features for the next run, unless the video is damaged or is being written to.

        damage: what was wrong with the pictures. It is found while they are decoded, and has to
        be said every time.
        """
        if self._store is None or damage or not self._is_still_there():
            return
        from qvtime.model.feature_arrays import arrays_of

        try:
            if not self._store.keep(key, arrays_of(features), self._displace):
                self._store = None if not self._displace else self._store  # it is full
        except OutputError as error:
            self._store = None  # the next window would not fit either
            why = error.message.replace(f"/{key.file_name}", "")  # the same for every window
            self._note(f"{why}; going on without keeping what was seen")

    def key(
        self,
        engine: "Engine",
        reader: "VideoReader",
        times_ms: Sequence[int],
        size_px: tuple[int, int],
    ) -> FeatureKey:
        """What the features of these pictures depend on."""
        loaded = engine.loaded
        width_px, height_px = size_px
        return FeatureKey(
            content=content_key(self._fingerprint),
            model=loaded.name,
            revision=loaded.revision,
            dtype=str(loaded.dtype).removeprefix("torch."),
            device=loaded.device.partition(":")[0],
            decoder=reader.info.decoder,
            times_ms=tuple(times_ms),
            width_px=width_px,
            height_px=height_px,
        )

    def _is_still_there(self) -> bool:
        try:
            return still_as(self._path, self._fingerprint)
        except VideoError:
            return False


def open_features(
    path: str,
    settings: Settings,
    note: Callable[[str], None] = lambda _: None,
    fingerprint: Fingerprint | None = None,
    displace: bool = True,
) -> KeptFeatures | None:
    """Where this video's features are kept; None when they are not, as with a model elsewhere.

    fingerprint: the video's, where it is known. displace: whether others go when there is no room.
    Raises VideoError when the video cannot be read, UsageError for a folder that is none.
    """
    if settings.features == NONE or settings.server is not None:
        return None
    folder = _beside_index(path) if settings.features == AUTO else _named(settings.features)
    if folder is None:
        return None
    fingerprint = fingerprint or take_fingerprint(path)
    if fingerprint.sampled and not fingerprint.settled:
        return None  # it may still change without showing it
    store = FeatureStore(folder, settings.features_cap_bytes)
    return KeptFeatures(store, path, fingerprint, note, displace)


def forget_videos(index: Index, records: Sequence[Record]) -> None:
    """Drop all that an index knows of these videos, and what is kept of them beside it.

    Features and overviews stay when another video of the index has the same content. Raises
    StoreError, and OutputError when they cannot be dropped.
    """
    index.forget(records)
    left = [record.fingerprint for record in index.records()]
    gone = [record.fingerprint for record in records]
    contents = {content_key(one) for one in gone} - {content_key(one) for one in left}
    FeatureStore(index.place.folder / FOLDER_NAME, 0).forget(contents)
    contents = {one.content for one in gone} - {one.content for one in left}
    OverviewStore(index.place.folder).forget(contents)


def _beside_index(path: str) -> Path | None:
    """The folder for features of the index that knows this video, if there is one we can read."""
    place = place_of(path)
    return place.folder / FOLDER_NAME if place.is_there else None


def _named(name: str) -> Path:
    """The folder that the user named; it may not be there yet."""
    folder = Path(name)
    try:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"--features {name} is a file", hint="name a folder")
    except OSError as error:
        raise UsageError(
            f"--features {name}: {cause_of(error)}", hint="name another folder"
        ) from error
    return folder


def content_key(fingerprint: Fingerprint) -> str:
    """The content of a video. Of a large one only samples are hashed: its time counts too."""
    content = fingerprint.content
    return f"{content}:{fingerprint.mtime_ns}" if fingerprint.sampled else content

"""A video's overview: how it looks from its first moment to its last, a few kB a second.

One file a video, beside its index; believed only where it was made with the very timeline that the
index has now, by its key and its checksum. It says what looks alike, never what happens.
"""

import json
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from qvtime.store.features import FeatureStore, name_of

FOLDER_NAME = "overviews"
LAYOUT = 1
"""Raised when the same numbers would mean something else."""
BYTES_AN_HOUR = 10_000_000
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class OverviewKey:
    """Which video it is of, and with what its timeline was made (`Record.made_with`)."""

    content: str
    made_with: str

    @property
    def text(self) -> str:
        """The key spelled out, with the layout."""
        fields = {"overview": LAYOUT, "content": self.content, "made_with": self.made_with}
        return json.dumps(fields, sort_keys=True)

    @property
    def file_name(self) -> str:
        """Which file it is kept in: of a video there is one."""
        return name_of(json.dumps({"overview": self.content}))


@dataclass(frozen=True, slots=True)
class Overview:
    """looks: uint8 [cells, numbers], a row for every `cell_ms` from 0 on.

    Each column has its own scale, from its least (0) to its most (255).
    """

    cell_ms: int
    looks: npt.NDArray[np.uint8]


class OverviewStore:
    """The overviews beside an index."""

    def __init__(self, folder: Path) -> None:
        self._store = FeatureStore(folder / FOLDER_NAME, sys.maxsize)

    def keep(self, key: OverviewKey, overview: Overview) -> None:
        """Keep it, in place of any other with this key. OutputError when it cannot be written."""
        cell = np.array([overview.cell_ms], np.int64)
        self._store.keep(key, {"cell_ms": cell, "looks": overview.looks})

    def find(self, key: OverviewKey) -> Overview | None:
        """The overview of this key; None when there is none that can be believed."""
        arrays = self._store.find(key)
        if arrays is None or arrays.keys() != {"cell_ms", "looks"}:
            return None
        cell, looks = arrays["cell_ms"], arrays["looks"]
        if cell.shape != (1,) or cell.dtype != np.int64 or cell[0] < 1:
            return None
        if looks.ndim != 2 or looks.dtype != np.uint8 or looks.size == 0:
            return None
        return Overview(int(cell[0]), looks)

    def trouble(self, content: str, timelines: Collection[str]) -> str | None:
        """Why what is kept for a video with this content cannot be believed: "is damaged".

        None when it can, or there is nothing. timelines: what those that the index has of this
        content were made with; one file serves all copies of a video, and was made with one.
        """
        keys = [OverviewKey(content, one) for one in timelines]
        if any(self.find(key) is not None for key in keys):
            return None
        own = OverviewKey(content, "")
        said = self._store.key_text(own)
        if said is None:
            return None
        try:
            kept = json.loads(said)
            layout, of, made_with = kept["overview"], kept["content"], kept["made_with"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return "is damaged"
        if layout != LAYOUT:
            return "was made by another version of qvtime"
        if of != content:
            return "is of another video"
        return "is damaged" if made_with in timelines else "was made with another timeline"

    def forget(self, contents: Collection[str]) -> int:
        """Drop those of videos with these contents, damaged ones too; how many.

        Raises OutputError.
        """
        return sum(self._store.drop(OverviewKey(content, "")) for content in contents)

    def size_bytes(self) -> int:
        """How much they take."""
        return self._store.size_bytes()


class OverviewMaker:
    """Takes in the looks of patches, in any order and any number of times, for an overview.

    A cell is as many patches as it takes to keep `BYTES_AN_HOUR`; a patch at time t counts to the
    cell that holds t, and a cell has the most that any of its patches has.
    """

    def __init__(self, granularity_ms: int, duration_ms: int) -> None:
        self._granularity_ms, self._duration_ms = granularity_ms, duration_ms
        self._cell_ms = 0
        self._most: npt.NDArray[np.float16] | None = None

    def add(self, centres_ms: Collection[int], looks: npt.NDArray[np.float32]) -> None:
        """Patches at these times look like this: float32 [patches, numbers]."""
        if self._most is None:
            numbers = looks.shape[1]
            patches = -(-numbers * HOUR_MS // (BYTES_AN_HOUR * self._granularity_ms))
            self._cell_ms = patches * self._granularity_ms
            cells = -(-max(1, self._duration_ms) // self._cell_ms)
            self._most = np.full((cells, numbers), -np.inf, np.float16)
        places = np.array([*centres_ms]) // self._cell_ms
        within = np.clip(places, 0, len(self._most) - 1)
        np.maximum.at(self._most, within, looks.astype(np.float16))

    def overview(self) -> Overview | None:
        """The overview; None when there are cells that nothing was said about."""
        if self._most is None or not np.isfinite(self._most).all():
            return None
        most = self._most.astype(np.float32)
        least = most.min(axis=0)
        range_ = np.maximum(most.max(axis=0) - least, 1e-6)
        return Overview(self._cell_ms, np.rint(255 * (most - least) / range_).astype(np.uint8))

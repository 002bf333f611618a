"""What does not happen in a window: captions of other places, the likelier confused the better."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from qvtime.tuning.labels import Inside, LabelledVideo
from qvtime.tuning.vocabulary import words_of

NEAR_SHARE = 0.5
"""How many are chosen for their likeness to what does happen, of `NEAR_OF` drawn."""
NEAR_OF = 24


class Negatives:
    """The captions of all videos, to draw from.

    Where labels are not all that happens, "it does not happen" is a guess: two people may have said
    the same in other words. The fewer words two captions share, the safer it is.
    """

    def __init__(self, videos: Iterable[LabelledVideo]) -> None:
        where: dict[str, set[str]] = defaultdict(set)
        self._whole: set[str] = set()
        for video in videos:
            if video.whole:
                self._whole.add(video.name)
            for label in video.labels:
                where[label.caption].add(video.name)
        self._captions = sorted(where)
        self._where = where
        self._words = [words_of(caption) for caption in self._captions]

    def draw(
        self, video: str, seen: Sequence[Inside], generator: np.random.Generator
    ) -> str | None:
        """A caption of which this window shows nothing; None when there is none.

        Where labels are all that happens, one of another part of the same video may be drawn.
        """
        there = {words_of(one.label.caption) for one in seen}
        whole = video in self._whole
        if not self._captions:
            return None
        absent = [
            int(place)
            for place in generator.integers(len(self._captions), size=NEAR_OF)
            if self._words[place] not in there
            and (whole or video not in self._where[self._captions[place]])
        ]
        if not absent:
            return None
        if there and generator.random() < NEAR_SHARE:
            absent.sort(key=lambda place: -max(_likeness(self._words[place], o) for o in there))
        return self._captions[absent[0]]


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of words that two captions have in common (Jaccard)."""
    return len(one & other) / max(1, len(one | other))

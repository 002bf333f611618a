"""The words of captions, and which of them are new beside those that are rehearsed."""

import re
from collections.abc import Iterable
from dataclasses import replace

from qvtime.tuning.labels import LabelledVideo


def words_of(caption: str) -> frozenset[str]:
    """The words of a caption, in small letters; every Chinese character is one."""
    return frozenset(re.findall(r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+", caption.casefold()))


def known_words(rehearsed: Iterable[LabelledVideo]) -> frozenset[str]:
    """The words of all that is rehearsed, in small letters; none where nothing is."""
    return frozenset().union(
        *(words_of(label.caption) for video in rehearsed for label in video.labels)
    )


def only_new(video: LabelledVideo, known: frozenset[str]) -> LabelledVideo:
    """The video with those labels that have a word which is not known; all where none has."""
    new = tuple(label for label in video.labels if not words_of(label.caption) <= known)
    return replace(video, labels=new) if new else video

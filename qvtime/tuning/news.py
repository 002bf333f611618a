"""What is new in labelled videos, beside what is rehearsed: often little of what they show."""

from collections.abc import Iterable
from dataclasses import replace

from qvtime.tuning.labels import LabelledVideo
from qvtime.tuning.negatives import words_of


def known_words(rehearsed: Iterable[LabelledVideo]) -> frozenset[str]:
    """The words of all that is rehearsed, in small letters; none where nothing is."""
    return frozenset().union(
        *(words_of(label.caption) for video in rehearsed for label in video.labels)
    )


def only_new(video: LabelledVideo, known: frozenset[str]) -> LabelledVideo:
    """The video with those labels that have a word which is not known; all where none has."""
    new = tuple(label for label in video.labels if not words_of(label.caption) <= known)
    return replace(video, labels=new) if new else video

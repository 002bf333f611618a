"""What a file of predictions or of truth says about one query, or about one video.

Times are seconds as floats, exactly as the file gives them: the evaluators of the field compare
these numbers, and rounding them to milliseconds would change their last digit.
"""

import unicodedata
from dataclasses import dataclass

from qvtime.report import as_unicode


@dataclass(frozen=True, slots=True)
class Interval:
    """`[start_s, end_s]`, seconds; unlike a Span it may be empty, reversed or past the end."""

    start_s: float
    end_s: float
    score: float | None = None
    caption: str = ""

    @property
    def length_s(self) -> float:
        """How long it lasts; negative when it is reversed."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Entry:
    """One query with its intervals, or one video with all of its captioned ones (`query` is "").

    identity: the file's own id of the query, or None. video, query: names as `video_name` and
    `query_name` give them. intervals: in the order of the file. clip_scores: a prediction's
    highlight score for each clip. clip_ratings: the truth's, for each clip one number a rater.
    where: the place in the file, for people.
    """

    where: str
    identity: str | None = None
    video: str = ""
    query: str = ""
    intervals: tuple[Interval, ...] = ()
    duration_s: float | None = None
    clip_scores: tuple[float, ...] = ()
    clip_ratings: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """A true entry and what was predicted for it, if anything."""

    truth: Entry
    given: Entry | None

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """The predicted ones; none when there is no prediction."""
        return self.given.intervals if self.given else ()


def query_name(text: str) -> str:
    """A query for comparing: Unicode, one space between words, no period around it, no case.

    As TencentARC/TimeLens' `parse_query` (timelens/dataset/timelens_data.py), and case is dropped;
    letters are composed ones.
    """
    words = unicodedata.normalize("NFC", as_unicode(text)).split()
    return " ".join(words).strip(".").strip().casefold()

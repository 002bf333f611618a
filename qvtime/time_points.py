"""What a time means before the video's length is known, and in a video of known length."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from qvtime.errors import UsageError
from qvtime.time_tags import PRINTED_MS, format_time
from qvtime.timeline import Span

Kind = Literal["moment", "range", "first", "last", "fraction", "unreadable"]


@dataclass(frozen=True, slots=True)
class Point:
    """A moment, `of_duration * duration + offset_ms`: from the start, from the end, or between."""

    offset_ms: int
    of_duration: Fraction = Fraction(0)

    def at(self, duration_ms: int) -> int:
        """Milliseconds from the start; may lie outside the video."""
        return round(self.of_duration * duration_ms) + self.offset_ms


START, MIDDLE, END = Point(0), Point(0, Fraction(1, 2)), Point(0, Fraction(1))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sentence spells a point out: `2:48`, or each end of `1:00-1:20`."""

    start: int
    end: int
    point: Point


@dataclass(frozen=True, slots=True)
class TimePhrase:
    """A time as a sentence says it: `sentence[start:end]` is `text`.

    One point is a moment, two are a range, none is what stands as a time and is none ("at 2:75").
    `places` lie within the phrase, in its order; "halfway" has none. `in_words`: the phrase means
    its times only as a whole ("after 2:48"), so that numbers cannot be put into its places.
    """

    start: int
    end: int
    text: str
    kind: Kind
    points: tuple[Point, ...]
    places: tuple[Place, ...]
    in_words: bool

    def resolve(self, duration_ms: int) -> int | Span:
        """The moment in ms, or the span, in a video this long.

        "The last 10 seconds" of a shorter video is all of it, and a length that was rounded up is
        its end. Any other time outside the video, a range that runs backwards and what is no time
        are UsageErrors.
        """
        if not self.points:
            raise UsageError(
                f'"{quote(self.text)}" is not a time: minutes and seconds go from 00 to 59',
                hint="write 2:48 or 1:02:48",
            )
        times_ms = [point.at(duration_ms) for point in self.points]
        if self.kind in ("first", "last"):
            times_ms = [min(max(time_ms, 0), duration_ms) for time_ms in times_ms]
        return moment_or_span(self.text, times_ms, duration_ms)


def moment_or_span(text: str, times_ms: list[int], duration_ms: int) -> int | Span:
    """One or two times of a video, checked against its length; the UsageError quotes `text`.

    Two equal times are one moment. A time past the end by less than a tenth of a second is the
    end: that is how people, players and qvtime itself round a length.
    """
    times_ms = [_rounded_to_end(time_ms, duration_ms) for time_ms in times_ms]
    for time_ms in times_ms:
        if not 0 <= time_ms <= duration_ms:
            side = "before the start" if time_ms < 0 else "beyond the end"
            length = format_time(duration_ms - duration_ms % PRINTED_MS)  # never more than it is
            raise UsageError(
                f'"{quote(text)}" is {side} of the video, which is {length} long',
                hint=f"use a time between 00:00:00.0 and {length}",
            )
    if times_ms[0] > times_ms[-1]:
        raise UsageError(
            f'"{quote(text)}" ends before it starts: '
            f"{format_time(times_ms[0])} to {format_time(times_ms[-1])}",
            hint="write the earlier time first",
        )
    return times_ms[0] if times_ms[0] == times_ms[-1] else Span(times_ms[0], times_ms[-1])


def _rounded_to_end(time_ms: int, duration_ms: int) -> int:
    return duration_ms if duration_ms < time_ms < duration_ms + PRINTED_MS else time_ms


def quote(text: str) -> str:
    """The text cut short and without control characters, to stand in a message."""
    short = text if len(text) <= 60 else text[:57] + "..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)

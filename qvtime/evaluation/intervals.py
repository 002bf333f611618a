"""Spans as files have them, checked: what cannot be a span is left out, and said."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qvtime.evaluation import mistakes as kinds
from qvtime.evaluation.entries import Interval
from qvtime.evaluation.mistakes import Mistakes

LARGEST = 1e12
"""Times (seconds) and scores beyond this overflow in the sums and cannot be meant."""


@dataclass(frozen=True, slots=True)
class Checker:
    """Reads the spans of one file.

    is_truth: a prediction that makes no sense counts as a wrong one, a truth cannot.
    """

    mistakes: Mistakes
    is_truth: bool

    def intervals(
        self, raw: Any, where: str, duration_s: float | None = None, captions: Sequence[str] = ()
    ) -> tuple[Interval, ...]:
        """The spans of a list of `[start, end]` or `[start, end, score]`, seconds."""
        found = []
        rows = raw if isinstance(raw, list) else [raw]
        for place, row in enumerate(rows):
            caption = captions[place] if place < len(captions) else ""
            one = self.interval(row, where, duration_s, caption)
            if one is not None:
                found.append(one)
        return tuple(found)

    def interval(
        self, raw: Any, where: str, duration_s: float | None = None, caption: str = ""
    ) -> Interval | None:
        """One of them, or None when it is left out."""
        numbers = [number(value) for value in raw[:3]] if isinstance(raw, list) else []
        if len(numbers) > 2 and raw[2] is None:
            numbers.pop()  # no score
        if len(numbers) < 2 or None in numbers:
            self.mistakes.add(kinds.NOT_TWO_TIMES, where)
            return None
        values = [value for value in numbers if value is not None]
        if not all(abs(value) <= LARGEST for value in values):  # not so for NaN
            self.mistakes.add(kinds.NOT_FINITE, where)
            return None
        score = values[2] if len(values) > 2 else None
        return self._checked(Interval(values[0], values[1], score, caption), where, duration_s)

    def _checked(self, one: Interval, where: str, duration_s: float | None) -> Interval | None:
        if one.length_s < 0:
            self.mistakes.add(kinds.REVERSED_TRUTH if self.is_truth else kinds.REVERSED, where)
            return None if self.is_truth else one
        if one.length_s == 0 and self.is_truth:
            self.mistakes.add(kinds.EMPTY_TRUTH, where)
        if one.start_s < 0:
            self.mistakes.add(kinds.NEGATIVE, where)
        # Of predictions it is said where they are paired: the truth knows best how long a video is.
        if self.is_truth and duration_s is not None and one.end_s > duration_s:
            self.mistakes.add(kinds.PAST_END, where)
        return one

    def lost(self, raw: Any, kept: Sequence[Interval], where: str) -> bool:
        """Whether a query of the truth has lost every span that it had; it is named then."""
        if not self.is_truth or kept or raw == []:
            return False
        self.mistakes.add(kinds.LOST_QUERY, where)
        return True


def number(value: Any) -> float | None:
    """The value as a float, which may be NaN; None when it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:  # an integer of 400 digits
        return math.inf


def duration_of(value: Any) -> float | None:
    """A video's length in seconds, or None where there is none that can be believed."""
    found = number(value)
    return found if found is not None and math.isfinite(found) and found > 0 else None


def identity_of(value: Any) -> str | None:
    """A query's id, a number or text, as text: 5, 5.0 and "5" are one id."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    return str(value).strip() or None

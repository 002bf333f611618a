"""From a stream's presentation timestamps to qvtime's milliseconds and back, exactly.

Integer arithmetic on the time base; the only rounding is the last step, once a picture.
"""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Clock:
    """A stream's time base, and the container's start time (both in seconds)."""

    time_base: Fraction
    origin: Fraction

    def milliseconds(self, pts: int) -> int:
        """(pts x time_base - origin) in ms, to the nearest, halves up."""
        base, origin = self.time_base, self.origin
        numerator = 1000 * (
            pts * base.numerator * origin.denominator - origin.numerator * base.denominator
        )
        denominator = base.denominator * origin.denominator
        return (2 * numerator + denominator) // (2 * denominator)

    def pts(self, time_ms: int) -> int:
        """The last timestamp at or before `time_ms`."""
        return int((Fraction(time_ms, 1000) + self.origin) // self.time_base)

    @property
    def origin_ms(self) -> int:
        """The container's start time on its own axis, to the nearest millisecond."""
        return int((self.origin * 1000 + Fraction(1, 2)) // 1)

"""Round times for the axis of a timeline, and how they are written there."""

from collections.abc import Callable

from qvtime.timeline import Span

_SECOND, _MINUTE, _HOUR = 1000, 60_000, 3_600_000
STEPS_MS = (
    *(100, 200, 500),
    *(step * _SECOND for step in (1, 2, 5, 10, 15, 30)),
    *(step * _MINUTE for step in (1, 2, 5, 10, 15, 30)),
    *(step * _HOUR for step in (1, 2, 4, 6, 12, 24, 48, 96)),
)
"""What may lie between two ticks."""


def tick_step_ms(span: Span, most: Callable[[int], int]) -> int:
    """The smallest step that puts at most as many ticks as it may, one at least, into a span.

    most: how many have room, by the step in ms: labels of fine steps are longer.
    """
    fits = (step for step in STEPS_MS if span.duration_ms <= step * max(1, most(step)))
    return next(fits, STEPS_MS[-1])


def ticks_ms(span: Span, step_ms: int) -> range:
    """The multiples of a step that lie in a span, its end included."""
    return range(-(-span.start_ms // step_ms) * step_ms, span.end_ms + 1, step_ms)


def tick_label(time_ms: int, step_ms: int) -> str:
    """`2:48`, `1:02:48`, or `2:48.5` where ticks are less than a second apart."""
    seconds, rest_ms = divmod(time_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return f"{clock}.{rest_ms // 100}" if step_ms < _SECOND else clock

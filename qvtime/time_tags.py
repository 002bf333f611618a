"""How times are printed, everywhere."""

from qvtime.timeline import Span

PRINTED_MS = 100
"""The step in which times are printed where no other is asked for: a time that was printed, and is
read again, may lie so far from what it was."""


def format_time(time_ms: int, decimals: int = 1) -> str:
    """`HH:MM:SS.s`: 168000 is "00:02:48.0"; hours grow past 99. Rounded to 0, 1, 2 or 3 decimals.

    Halves round up. A negative time is a ValueError: there is none in a video.
    """
    if time_ms < 0 or decimals not in range(4):
        raise ValueError(f"cannot print {time_ms} ms with {decimals} decimals")
    unit_ms = 10 ** (3 - decimals)
    units = (time_ms + unit_ms // 2) // unit_ms
    seconds, rest = divmod(units, 10**decimals)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{rest:0{decimals}d}" if decimals else ""
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{fraction}"


def format_tag(time_ms: int, decimals: int = 1) -> str:
    """The time as answers carry it: `<time>00:02:48.0</time>`."""
    return f"<time>{format_time(time_ms, decimals)}</time>"


def format_tags(span: Span) -> str:
    """A span as answers carry it: `<time>00:02:47.0</time> - <time>00:02:49.0</time>`."""
    return f"{format_tag(span.start_ms)} - {format_tag(span.end_ms)}"


def format_seconds(time_ms: int, decimals: int = 1) -> str:
    """The time as a model reads and says it: 168000 is "168.0"; halves round up."""
    if time_ms < 0 or decimals not in range(1, 4):
        raise ValueError(f"cannot print {time_ms} ms with {decimals} decimals")
    unit_ms = 10 ** (3 - decimals)
    seconds, rest = divmod((time_ms + unit_ms // 2) // unit_ms, 10**decimals)
    return f"{seconds}.{rest:0{decimals}d}"

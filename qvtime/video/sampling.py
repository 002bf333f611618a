"""Which moments of a video to look at, and how a long one is cut into windows. Pure arithmetic.

The unit of time a model sees is the temporal patch: two pictures, one time. Patches lie on one
grid for the whole video, at the multiples of the granularity, whatever the window: two windows
that share a moment share its patch.
"""

from collections.abc import Iterable

from qvtime.timeline import Span

CLOSEST_MS = 50
"""Least distance of a patch's two pictures: closer ones are often the same frame."""


def patch_centres(span: Span, granularity_ms: int) -> list[int]:
    """The centres of the span's temporal patches: multiples of `granularity_ms` in [start, end).

    Strictly increasing. The patch at centre c stands for [c - granularity/2, c + granularity/2).
    A span that lies between two multiples gives the one patch that holds its middle, so the list
    is never empty.
    """
    _check_granularity(granularity_ms)
    first = -(-span.start_ms // granularity_ms) * granularity_ms
    centres = list(range(first, span.end_ms, granularity_ms))
    if centres:
        return centres
    middle = (span.start_ms + span.end_ms) // 2
    return [(middle + granularity_ms // 2) // granularity_ms * granularity_ms]


def frame_times(
    centres: Iterable[int], granularity_ms: int, duration_ms: int | None = None
) -> list[int]:
    """The two moments of every patch, c - granularity/4 and c + granularity/4.

    Clamped to at least 0 and, when it is given, to at most `duration_ms`. Centres in order give
    moments in order (equal ones where clamping joined them), twice as many as centres. A centre
    that comes a second time is looked at closely (`close_spacing_ms`): its moments lie between
    those of the first.
    """
    _check_granularity(granularity_ms)
    quarter, close = granularity_ms // 4, close_spacing_ms(granularity_ms) // 2
    times, before = [], None
    for centre in centres:
        reach = close if centre == before else quarter
        times += [max(0, centre - reach), max(0, centre + reach)]
        before = centre
    return times if duration_ms is None else [min(time, duration_ms) for time in times]


def close_spacing_ms(granularity_ms: int) -> int:
    """How far apart the two pictures of a patch lie that is looked at closely.

    Half as far as those of others; at the finest granularity as far: closer ones are mostly the
    same frame.
    """
    _check_granularity(granularity_ms)
    return max(granularity_ms // 4, min(granularity_ms // 2, CLOSEST_MS))


def windows(span: Span, window_ms: int, overlap_ms: int = 0) -> list[Span]:
    """Cut a span into windows that cover it, first to last, none longer than `window_ms`.

    Neighbours share `overlap_ms`; the last window is moved back to end with the span and is as
    long as the others, so it shares more. A span of at most `window_ms` is its own window.
    """
    if not 0 <= overlap_ms < window_ms:
        raise ValueError(f"windows of {window_ms} ms cannot overlap by {overlap_ms} ms")
    if span.duration_ms <= window_ms:
        return [span]
    last_ms = span.end_ms - window_ms
    starts = [*range(span.start_ms, last_ms, window_ms - overlap_ms), last_ms]
    return [Span(start_ms, start_ms + window_ms) for start_ms in starts]


def window_around(moment: int | Span, window_ms: int, duration_ms: int) -> Span:
    """The window of `window_ms` with `moment` (ms, or a span) in its middle, inside the video.

    Near an end of the video it is moved, not shortened; a shorter video is its own window. A span
    longer than `window_ms` comes back whole (cut it with `windows`). What lies beyond the end of
    the video counts as lying at its end.
    """
    if window_ms <= 0 or duration_ms <= 0:
        raise ValueError(f"no window of {window_ms} ms in a video of {duration_ms} ms")
    first_ms, last_ms = (moment, moment) if isinstance(moment, int) else _ends(moment)
    first_ms, last_ms = (min(max(0, end_ms), duration_ms) for end_ms in (first_ms, last_ms))
    length_ms = min(duration_ms, max(window_ms, last_ms - first_ms))
    start_ms = (first_ms + last_ms - length_ms) // 2
    start_ms = min(max(0, start_ms), duration_ms - length_ms)
    return Span(start_ms, start_ms + length_ms)


def window_within(moment: int | Span, window_ms: int, bounds: Span) -> Span:
    """`window_around`, inside `bounds` instead of inside a whole video."""
    first_ms = bounds.start_ms
    if isinstance(moment, Span):
        moment = Span(moment.start_ms - first_ms, moment.end_ms - first_ms)
    else:
        moment -= first_ms
    window = window_around(moment, window_ms, bounds.duration_ms)
    return Span(window.start_ms + first_ms, window.end_ms + first_ms)


def _ends(span: Span) -> tuple[int, int]:
    return span.start_ms, span.end_ms


def _check_granularity(granularity_ms: int) -> None:
    if granularity_ms < 4:  # a patch needs two moments of its own
        raise ValueError(f"granularity of {granularity_ms} ms is too fine")

"""Where to look for a question: its times, the windows around them, and the words for the model.

A question about a moment gets patches centred on that very moment, so that the pictures just
before and just after it make one temporal patch and its time is spelled in the prompt exactly as
in the question. A question about a span, or about no time, gets windows over it with overlap.
"""

from dataclasses import dataclass

from qvtime.errors import UsageError
from qvtime.settings import Settings
from qvtime.timeline import Span
from qvtime.timestamps import find_times, format_seconds, rewrite_times
from qvtime.video.sampling import patch_centres, window_around, windows

GRANULARITY_MS = 500
LABEL_MS = 100
"""The step of the times in a prompt: seconds with one decimal."""
OVERLAP_SHARE = 0.375
"""How much of a window its neighbour sees too: an event at a seam is whole in one of them."""


@dataclass(frozen=True, slots=True)
class Window:
    """A span that the model sees at once, as the centres of its temporal patches."""

    span: Span
    centres_ms: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A question, where to look for its answer, and how the model reads it.

    moment_ms: the moment that the question points at, if it does; windows: in order of time.
    """

    question: str
    model_question: str
    moment_ms: int | None
    granularity_ms: int
    windows: tuple[Window, ...]


def check_question(question: str, settings: Settings) -> None:
    """UsageError for a question that cannot be asked."""
    if not question.strip():
        raise UsageError(
            "the question is empty", hint='ask something, such as "what happens at 2:48"'
        )
    longest = settings.limits.question_characters
    if len(question) > longest:
        raise UsageError(
            f"the question has {len(question)} characters; {longest} are allowed",
            hint="ask for one thing at a time",
        )


def check_window(settings: Settings, window_patches: int, model: str) -> None:
    """UsageError for a window longer than the model reads at once."""
    granularity_ms = settings.granularity_ms or GRANULARITY_MS
    longest_ms = window_patches * granularity_ms
    if settings.window_ms is not None and settings.window_ms > longest_ms:
        raise UsageError(
            f"--window is {settings.window_ms / 1000:g} s; {model} reads {longest_ms / 1000:g} s"
            f" at once at a granularity of {granularity_ms / 1000:g} s",
            hint="use a shorter window, or a coarser --granularity",
        )


def plan_question(question: str, duration_ms: int, settings: Settings, window_patches: int) -> Plan:
    """Where to look in a video this long. UsageError for times that it does not have."""
    check_question(question, settings)
    granularity_ms = settings.granularity_ms or GRANULARITY_MS
    longest_ms = window_patches * granularity_ms
    window_ms = settings.window_ms or longest_ms
    found = times_of(question, duration_ms)
    moment_ms: int | None = None
    if len(found) == 1 and isinstance(found[0], int):
        moment_ms = min(found[0], max(0, duration_ms - 1)) // LABEL_MS * LABEL_MS
        planned: tuple[Window, ...] = (_around(moment_ms, window_ms, duration_ms, granularity_ms),)
    else:
        span = _hull(found, duration_ms)
        planned = tuple(
            _on_grid(part, granularity_ms)
            for part in windows(span, window_ms, int(window_ms * OVERLAP_SHARE))
        )
    model_question = rewrite_times(
        question, duration_ms, lambda time_ms: _label(time_ms, moment_ms, planned)
    )
    return Plan(question, model_question, moment_ms, granularity_ms, planned)


def times_of(question: str, duration_ms: int) -> list[int | Span]:
    """The moments and spans that a question names. UsageError for one the video does not have."""
    return [phrase.resolve(duration_ms) for phrase in find_times(question)]


def _hull(found: list[int | Span], duration_ms: int) -> Span:
    """The span that holds all the times of a question; the whole video when it has none."""
    if not found:
        return Span(0, duration_ms)
    ends = [(t, t + 1) if isinstance(t, int) else (t.start_ms, t.end_ms) for t in found]
    return Span(min(start for start, _ in ends), max(end for _, end in ends))


def _around(moment_ms: int, window_ms: int, duration_ms: int, granularity_ms: int) -> Window:
    """The window around a moment, one patch centred on it."""
    span = window_around(moment_ms, window_ms, duration_ms)
    before = (moment_ms - span.start_ms) // granularity_ms
    after = (span.end_ms - 1 - moment_ms) // granularity_ms
    centres = tuple(moment_ms + k * granularity_ms for k in range(-before, after + 1))
    return Window(span, centres)


def _on_grid(span: Span, granularity_ms: int) -> Window:
    return Window(span, tuple(patch_centres(span, granularity_ms)))


def _label(time_ms: int, moment_ms: int | None, planned: tuple[Window, ...]) -> str:
    """A time of the question as the prompt spells it: the nearest patch's own time."""
    if moment_ms is None:
        centres = {centre for window in planned for centre in window.centres_ms}
        nearest_ms = min(centres, key=lambda centre: (abs(centre - time_ms), centre))
    else:
        nearest_ms = moment_ms
    return f"<{format_seconds(nearest_ms)} seconds>"

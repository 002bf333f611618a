"""Where to look for a question: its times, the windows around them, and the words for the model.

A question about a moment gets patches centred on that very moment, so that the pictures just
before and just after it make one temporal patch and its time is spelled in the prompt exactly as
in the question. A question about a list of moments ("at 0:10 and at 3:00") is asked of each. One
about a span, or about no time, gets windows over it with overlap, and each window is asked about
its part of the span.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from qvtime.errors import UsageError
from qvtime.model.prompt import time_label
from qvtime.settings import Settings
from qvtime.timeline import Span
from qvtime.timestamps import find_times, rewrite_times
from qvtime.video.sampling import patch_centres, window_around, windows

GRANULARITY_MS = 500
LABEL_MS = 100
"""The step of the times in a prompt: seconds with one decimal."""
OVERLAP_SHARE = 0.375
"""How much of a window its neighbour sees too: an event at a seam is whole in one of them."""

_LISTED = re.compile(
    r"\s*(?:[,;&、，]\s*)?(?:(?:and|or)\b|和|与|跟|以及|还有)?\s*(?:(?:at|around|about|near)\b|[在于])?"
    r"\s*(?:the\s+)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Window:
    """A span that the model sees at once, as the centres of its temporal patches.

    moment_ms: the moment that it is looked at for, when there is one.
    """

    span: Span
    centres_ms: tuple[int, ...]
    moment_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A question, where to look for its answer, and how the model reads it there.

    windows: in order of time; model_questions: what each of them is asked.
    """

    question: str
    granularity_ms: int
    windows: tuple[Window, ...]
    model_questions: tuple[str, ...]


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
    moments = [one for one in found if isinstance(one, int)]
    alone = _each_alone(question) if found and len(moments) == len(found) else []
    if alone:
        by_moment = dict(zip((_labelled(one, duration_ms) for one in moments), alone, strict=True))
        planned = tuple(
            _around(moment_ms, window_ms, duration_ms, granularity_ms)
            for moment_ms in sorted(by_moment)
        )
        words = [by_moment[moment_ms] for moment_ms in sorted(by_moment)]
    else:
        parts = windows(_hull(found, duration_ms), window_ms, int(window_ms * OVERLAP_SHARE))
        planned = tuple(_on_grid(part, granularity_ms) for part in parts)
        words = [question] * len(planned)
    if len(found) == 1 or alone:
        model_questions = tuple(
            _in_labels(said, duration_ms, (window,))
            for said, window in zip(words, planned, strict=True)
        )
    else:  # times that are neither a list nor one span may lie in different windows
        model_questions = (_in_labels(question, duration_ms, planned),) * len(planned)
    return Plan(question, granularity_ms, planned, model_questions)


def times_of(question: str, duration_ms: int) -> list[int | Span]:
    """The moments and spans that a question names. UsageError for one the video does not have."""
    return [phrase.resolve(duration_ms) for phrase in find_times(question)]


def _hull(found: list[int | Span], duration_ms: int) -> Span:
    """The span that holds all the times of a question; the whole video when it has none."""
    if not found:
        return Span(0, duration_ms)
    ends = [(t, t + 1) if isinstance(t, int) else (t.start_ms, t.end_ms) for t in found]
    return Span(min(start for start, _ in ends), max(end for _, end in ends))


def _each_alone(question: str) -> list[str]:
    """The question with each of its times alone, if they are said in a list; else nothing."""
    phrases = find_times(question)
    for earlier, later in pairwise(phrases):
        if not _LISTED.fullmatch(question, earlier.end, later.start):
            return []
    before, after = question[: phrases[0].start], question[phrases[-1].end :]
    return [before + phrase.text + after for phrase in phrases]


def _labelled(moment_ms: int, duration_ms: int) -> int:
    """The moment of the video that a label can spell."""
    return min(moment_ms, max(0, duration_ms - 1)) // LABEL_MS * LABEL_MS


def _around(moment_ms: int, window_ms: int, duration_ms: int, granularity_ms: int) -> Window:
    """The window around a moment, one patch centred on it."""
    span = window_around(moment_ms, window_ms, duration_ms)
    before = (moment_ms - span.start_ms) // granularity_ms
    after = (span.end_ms - 1 - moment_ms) // granularity_ms
    centres = tuple(moment_ms + k * granularity_ms for k in range(-before, after + 1))
    return Window(span, centres, moment_ms)


def _on_grid(span: Span, granularity_ms: int) -> Window:
    return Window(span, tuple(patch_centres(span, granularity_ms)))


def _in_labels(question: str, duration_ms: int, seen: tuple[Window, ...]) -> str:
    """The question with its times as prompts spell them: the moment's, or the nearest patch's."""
    centres = {centre for window in seen for centre in window.centres_ms}
    if len(seen) == 1 and seen[0].moment_ms is not None:
        centres = {seen[0].moment_ms}

    def label(time_ms: int) -> str:
        nearest_ms = min(centres, key=lambda centre: (abs(centre - time_ms), centre))
        return time_label(nearest_ms)

    return rewrite_times(question, duration_ms, label)

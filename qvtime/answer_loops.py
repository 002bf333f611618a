"""Models that have stopped looking: answers that go round, and events in too steady a rhythm."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from qvtime.timeline import Event

LOOK_BACK = 8
"""After so many tokens an answer is looked at for loops."""
LONGEST_ROUND = 64
LEAST_ROUNDS = 4
LEAST_LENGTH = 32
LEAST_BEATS = 6
STEADY_MS = 100


def round_length(said: Sequence[object]) -> int | None:
    """The length of what is said over and over at the end of `said`, or None when nothing is.

    At least four times, and 32 tokens (or characters) in all: a list of times is none, and neither
    is a row of zeros in a number.
    """
    for length in range(1, min(LONGEST_ROUND, len(said) // LEAST_ROUNDS) + 1):
        rounds = max(LEAST_ROUNDS, -(-LEAST_LENGTH // length))
        if rounds * length > len(said):
            continue
        tail = said[len(said) - rounds * length :]
        if tail[length:] == tail[:-length]:
            return length
    return None


def once(said: Sequence[object], length: int) -> int:
    """How much of `said` there is up to the end of the first of the equal rounds at its end."""
    end = len(said) - length
    while end >= length and said[end - length : end] == said[end : end + length]:
        end -= length
    return end + length


def unrolled(text: str) -> str:
    """The text with what it says over and over at its end said once."""
    words = text.split()
    length = round_length(words) if len(words) >= LEAST_LENGTH else None
    return text if length is None else " ".join(words[: once(words, length)])


def steady_rhythms(events: Sequence[Event]) -> tuple[str, ...]:
    """A sentence for each event that is said again and again, equally long, equally far apart.

    A model that no longer looks writes such lists (QwenLM/Qwen3-VL#1737: every 5 s, in the same
    words). Few things in videos keep time to 0.1 s.
    """
    by_words: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_words[event.caption].append(event)
    return tuple(
        f"{len(same)} times the same{f' ({words[:60]})' if words else ''}, every"
        f" {_step(same) / 1000:g} s: more likely a rhythm of the model's than of the video's"
        for words, same in by_words.items()
        if len(same) >= LEAST_BEATS and _is_steady(same)
    )


def _step(events: Sequence[Event]) -> int:
    return events[1].span.start_ms - events[0].span.start_ms


def _is_steady(events: Sequence[Event]) -> bool:
    step, length = _step(events), events[0].span.duration_ms
    return step > 0 and all(
        abs(later.span.start_ms - earlier.span.start_ms - step) <= STEADY_MS
        and abs(later.span.duration_ms - length) <= STEADY_MS
        for earlier, later in pairwise(events)
    )

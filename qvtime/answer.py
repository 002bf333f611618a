"""A model's words become events. Total: any text gives an answer, and what was dropped is said.

The words are untrusted. A time is believed only inside the window that the model saw, and nothing
in the text is anything but a time or a caption.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qvtime.answer_json import Claim, read_json
from qvtime.answer_loops import steady_rhythms, unrolled
from qvtime.answer_prose import Said, read_prose, says_nothing
from qvtime.answer_thinking import split_reasoning
from qvtime.timeline import Event, Span
from qvtime.timestamps import PRINTED_MS, format_tag, format_tags, format_time

LONGEST_TEXT = 20_000
MOST_EVENTS = 1_000
LONGEST_CAPTION = 500
MOST_DROPPED = 20

_TAG = re.compile(r"</?time>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParsedAnswer:
    """What a model said.

    text_with_tags: its words with every time in the window as `<time>HH:MM:SS.s</time>` and no
    other tag; an answer in JSON becomes a sentence. events: inside the window, in the order said;
    the caption is "" where the model gave times alone. nothing: it said that nothing happens, or
    never. dropped: a sentence for each thing that was left out. doubts: one for each reason not to
    believe what is there. reasoning: what the model thought before it answered.
    """

    text_with_tags: str
    events: tuple[Event, ...]
    nothing: bool
    dropped: tuple[str, ...]
    doubts: tuple[str, ...] = ()
    reasoning: str = ""


def parse_answer(text: str, window: Span, moment_ms: int = 500) -> ParsedAnswer:
    """What `text` says about the window. Never raises.

    moment_ms: how long an event lasts for which the model gave only one time (the granularity).
    """
    dropped: list[str] = []
    if len(text) > LONGEST_TEXT:
        dropped.append(f"the answer after its first {LONGEST_TEXT} characters")
        text = text[:LONGEST_TEXT]
    reasoning, text = split_reasoning(text)
    if reasoning and not text:
        dropped.append("an answer: the model was still thinking")
    once = unrolled(text)
    if once != text:
        dropped.append("what the answer said over and over")
        text = once
    in_json = read_json(text)
    if in_json is not None:
        events = _events(in_json.claims, window, moment_ms, dropped)
        dropped += ["an event without a time that can be read"] * in_json.unreadable
        said = "; ".join(_sentence(event) for event in events) or _untagged(text).strip()
        nothing = not in_json.claims and not in_json.unreadable
    else:
        times, claims = read_prose(text)
        nothing = says_nothing(text, times)
        events = [] if nothing else _events(claims, window, moment_ms, dropped)
        said = _tagged(text, times, window)
    if len(dropped) > MOST_DROPPED:
        dropped[MOST_DROPPED:] = [f"{len(dropped) - MOST_DROPPED} more"]
    doubts = steady_rhythms(events)
    return ParsedAnswer(said, tuple(events), nothing, tuple(dropped), doubts, reasoning)


def _events(
    claims: Sequence[Claim], window: Span, moment_ms: int, dropped: list[str]
) -> list[Event]:
    """The claims that can be believed; why each of the others cannot goes to `dropped`."""
    events: dict[Event, None] = {}  # ordered, and a model that repeats itself says a thing once
    for claim in claims:
        end_ms = claim.start_ms if claim.end_ms is None else claim.end_ms
        start_ms, end_ms = _at_edge(claim.start_ms, window), _at_edge(end_ms, window)
        span = f"{_print(claim.start_ms)} - {_print(end_ms)}"
        if end_ms < start_ms:
            dropped.append(f"{span}: it ends before it starts")
        elif not _mostly_inside(start_ms, end_ms, window):
            seen = f"{_print(window.start_ms)} - {_print(window.end_ms)}"
            dropped.append(f"{span}: outside {seen}, which is what the model saw")
        elif len(events) == MOST_EVENTS:
            dropped.append(f"the events after the first {MOST_EVENTS}")
            break
        else:
            if start_ms < window.start_ms or end_ms > window.end_ms:
                start_ms, end_ms = max(start_ms, window.start_ms), min(end_ms, window.end_ms)
                dropped.append(f"{span}: what of it is outside what the model saw")
            if start_ms == window.end_ms:  # the last moment there is
                start_ms = max(window.start_ms, window.end_ms - moment_ms)
            elif start_ms == end_ms:
                end_ms = min(window.end_ms, start_ms + moment_ms)
            caption = _untagged(claim.caption)
            if len(caption) > LONGEST_CAPTION:
                dropped.append(f"a caption after its first {LONGEST_CAPTION} characters")
            events[Event(Span(start_ms, end_ms), caption[:LONGEST_CAPTION])] = None
    return list(events)


def _mostly_inside(start_ms: int, end_ms: int, window: Span) -> bool:
    """Whether the model saw all of a span, or more than half: then its edge is but a guess."""
    inside_ms = min(end_ms, window.end_ms) - max(start_ms, window.start_ms)
    return inside_ms >= 0 and 2 * inside_ms >= end_ms - start_ms


def _at_edge(time_ms: int, window: Span) -> int:
    """The time, or the window's edge when the time lies outside by no more than rounding."""
    inside_ms = min(max(time_ms, window.start_ms), window.end_ms)
    return inside_ms if abs(inside_ms - time_ms) <= PRINTED_MS else time_ms


def _print(time_ms: int) -> str:
    return format_time(time_ms) if time_ms >= 0 else f"-{format_time(-time_ms)}"


def _sentence(event: Event) -> str:
    return f"{format_tags(event.span)} {event.caption}".rstrip()


def _tagged(text: str, times: Sequence[Said], window: Span) -> str:
    """The text with a tag for every time in the window, and no tag that is not one of these."""
    pieces: list[str] = []
    done = 0
    for time in times:
        time_ms = _at_edge(time.time_ms, window)
        if window.start_ms <= time_ms <= window.end_ms:
            pieces += _untagged(text[done : time.start]), format_tag(time_ms)
            done = time.end
    return "".join((*pieces, _untagged(text[done:]))).strip()


def _untagged(text: str) -> str:
    # Taking tags out can bring others together; those lose their bracket.
    return re.sub(r"<(?=/?time>)", "‹", _TAG.sub("", text), flags=re.IGNORECASE)

"""The times and captions in the JSON that models write: lists, objects, fenced, cut off."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qvtime.errors import UsageError
from qvtime.time_words import fold
from qvtime.timestamps import parse_time

CAPTION_KEYS = (
    *("caption", "label", "event", "description", "text", "activity", "action"),
    *("sentence", "content", "name", "query"),
)
START_KEYS = ("start", "start_time", "start_timestamp", "start_seconds", "begin", "from")
END_KEYS = ("end", "end_time", "end_timestamp", "end_seconds", "finish", "to")
TIME_KEYS = (
    *("time", "timestamp", "timestamps", "time_range", "segment", "span", "range"),
    *("interval", "times", "seconds"),
)
_DEEPEST = 12
_MOST_FAILURES = 32  # each may read the whole text
_TO = re.compile(r"\s{0,4}(?:-+|~|to|until|到|至)\s{0,4}")
_OPENING = re.compile(r"[\[{]")
_FENCE = re.compile(r"```[a-z]*")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a model says happens, unchecked. end_ms: None when it gave one time."""

    start_ms: int
    end_ms: int | None
    caption: str


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """The claims in an answer, and how many objects had a time that cannot be read."""

    claims: tuple[Claim, ...]
    unreadable: int


def read_json(text: str) -> JsonAnswer | None:
    """What the JSON in a text claims, or None when the answer is not in JSON. Never raises."""
    values, rest = _decode(_FENCE.sub("", text))
    found = [claim for value in values for claim in _walk(value, _DEEPEST)]
    claims = tuple(claim for claim in found if claim is not None)
    if claims or (values and not rest.strip()):
        return JsonAnswer(claims, len(found) - len(claims))
    return None


def _decode(text: str) -> tuple[list[Any], str]:
    """Every JSON list and object in the text, and the text around them.

    A list that was cut off yields the objects before the cut.
    """
    decoder = json.JSONDecoder(parse_constant=lambda name: None)
    values: list[Any] = []
    around: list[str] = []
    position = failures = 0
    while failures < _MOST_FAILURES and (opening := _OPENING.search(text, position)):
        around.append(text[position : opening.start()])
        try:
            value, position = decoder.raw_decode(text, opening.start())
            values.append(value)
        except (ValueError, RecursionError):
            failures += 1
            around.append(opening[0])
            position = opening.end()
    return values, "".join((*around, text[position:]))


def _walk(value: Any, depth: int) -> Iterator[Claim | None]:
    """The claims in a value; None for an object whose time cannot be read."""
    if depth == 0:
        return
    if isinstance(value, list):
        span = _span(value)
        if span:
            yield Claim(*span, "")
        else:
            for item in value:
                yield from _walk(item, depth - 1)
    elif isinstance(value, dict):
        yield from _walk_object(value, depth)


def _walk_object(value: dict[str, Any], depth: int) -> Iterator[Claim | None]:
    caption = _caption(value)
    start_ms, end_ms = (_time_ms(_first(value, keys)) for keys in (START_KEYS, END_KEYS))
    if start_ms is not None:
        yield Claim(start_ms, end_ms, caption)
        return
    if any(key in value for key in START_KEYS):
        yield None
        return
    time = _first(value, TIME_KEYS)
    span = _span(time)
    if span:
        yield Claim(*span, caption)
    elif isinstance(time, list):
        yield from (Claim(*span, caption) for span in map(_span, time) if span)
    for key, item in value.items():
        span = _span(key)
        if span and isinstance(item, str):
            yield Claim(*span, item)
        elif span and isinstance(item, dict):
            yield Claim(*span, _caption(item))
        elif key not in TIME_KEYS:
            yield from _walk(item, depth - 1)


def _first(value: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return next((value[key] for key in keys if key in value), None)


def _caption(value: dict[str, Any]) -> str:
    return next((value[key] for key in CAPTION_KEYS if isinstance(value.get(key), str)), "")


def _span(value: Any) -> tuple[int, int | None] | None:
    """One time or two, from a string, or a list of two; None when it is neither."""
    if isinstance(value, list):
        ends = [_time_ms(item) for item in value] if len(value) == 2 else []
    elif isinstance(value, str):
        parts = _TO.split(fold(value)[:100])
        ends = [_time_ms(part) for part in parts] if len(parts) <= 2 else []
    else:
        ends = [_time_ms(value)]
    if not ends or ends[0] is None or ends[-1] is None:
        return None
    return ends[0], ends[1] if len(ends) == 2 else None


def _time_ms(value: Any) -> int | None:
    """Milliseconds from a number of seconds or anything `parse_time` reads."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        # False for NaN; and integers of any size compare, where `isfinite` overflows.
        return round(value * 1000) if abs(value) < 1e9 else None
    if not isinstance(value, str):
        return None
    clock = re.fullmatch(r"([\d:.]{1,20})s", value.strip())  # 12:34.56s, as Qwen was taught
    try:
        return parse_time(clock[1] if clock else value[:100])
    except UsageError:
        return None

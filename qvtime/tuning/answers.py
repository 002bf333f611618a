"""The answers that are taught: in the form that is asked for, and weighed, at inference.

An answer is a list of pieces, each encoded by itself, as `qvtime.model.spans` does it with the
times that it weighs: what is taught is, token for token, what is read off.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qvtime.model.habits import Habits
from qvtime.model.prompt import encode_words, time_words
from qvtime.model.span_forms import SPAN_FORMS

ENDINGS = {"tags": "", "json": "]]", "sentence": " seconds."}
"""What ends an answer with spans, by the form of qvtime.model.span_forms."""
NEVER = {"tags": "It does not happen.", "json": "[]"}
"""How it is said that something does not happen; a "sentence" cannot say so."""
NOTHING = "Nothing happens."


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of an answer; `patch`: the one whose time they spell."""

    words: str
    patch: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An event of a window: what it is, its first and its last patch."""

    caption: str
    first: int
    last: int


def can_say_never(habits: Habits) -> bool:
    """Whether this model has words for what does not happen."""
    return habits.span_form in NEVER


def answer_when(found: Sequence[Found], times_ms: Sequence[int], habits: Habits) -> list[Piece]:
    """Every time at which the event happens; times_ms: of the window's patches.

    Only the first where the form has room for one. ValueError where there is none and the form
    cannot say so.
    """
    if not found:
        if not can_say_never(habits):
            raise ValueError(f"spans of the form {habits.span_form} cannot say that there is none")
        return [Piece(NEVER[habits.span_form])]
    form = SPAN_FORMS[habits.span_form]
    said = found if form.separators else found[:1]
    pieces = [Piece(form.openings[0])]
    for place, one in enumerate(said):
        pieces += [Piece(form.separators[0])] if place else []
        pieces += [
            _spelled(one.first, times_ms, form.closing),
            Piece(form.between),
            _spelled(one.last, times_ms, form.closing),
        ]
    ending = ENDINGS[habits.span_form]
    return [*pieces, Piece(ending)] if ending else pieces


def answer_at(found: Sequence[Found], times_ms: Sequence[int], habits: Habits) -> list[Piece]:
    """What happens at a moment: with times where the question wants them (`answer_form`)."""
    if not found:
        return [Piece(NOTHING)]
    if habits.answer_form:
        return _tagged(found, times_ms, "\n")
    said = " and ".join(one.caption.rstrip(". ") for one in found)
    return [Piece(said[:1].upper() + said[1:] + ".")]


def answer_list(found: Sequence[Found], times_ms: Sequence[int], habits: Habits) -> list[Piece]:
    """Every event with its time, as `qvtime index` asks for them."""
    if habits.span_form != "tags":  # Qwen3-VL's own: an object keyed by spans
        said = {
            f"{_clock(times_ms[one.first])} - {_clock(times_ms[one.last])}": one.caption
            for one in found
        }
        return [Piece(json.dumps(said, ensure_ascii=False))]
    if not found:
        return [Piece(NOTHING)]
    return _tagged(found, times_ms, "\n" if habits.answer_form else "; ")


def encode_answer(
    tokenizer: Any, pieces: Sequence[Piece]
) -> tuple[list[int], list[tuple[range, int]]]:
    """The ids, and for every time the places of its tokens with the patch that it is of."""
    ids: list[int] = []
    spelled = []
    for piece in pieces:
        start = len(ids)
        ids += encode_words(tokenizer, piece.words)
        if piece.patch is not None:
            spelled.append((range(start, len(ids)), piece.patch))
    return ids, spelled


def _spelled(patch: int, times_ms: Sequence[int], closing: str) -> Piece:
    return Piece(time_words(times_ms[patch]) + closing, patch)


def _tagged(found: Sequence[Found], times_ms: Sequence[int], between: str) -> list[Piece]:
    form = SPAN_FORMS["tags"]
    pieces: list[Piece] = []
    for one in found:
        pieces += [
            Piece((between if pieces else "") + form.openings[0]),
            _spelled(one.first, times_ms, form.closing),
            Piece(form.between),
            _spelled(one.last, times_ms, form.closing),
            Piece(f" {one.caption}"),
        ]
    return pieces


def _clock(time_ms: int) -> str:
    """`01:02.50`: mm:ss.ff, as Qwen3-VL's prompt for dense captions wants it."""
    hundredths = (time_ms + 5) // 10
    return f"{hundredths // 6000:02}:{hundredths // 100 % 60:02}.{hundredths % 100:02}"

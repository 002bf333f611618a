"""An answer about a moment, claim by claim: when each happens, and whether the model stands by it.

A model that is asked what happens at a moment may name what was over a little before it, or begins
a little after it. Asked when that happens, the same model puts it elsewhere. Each claim is looked
up for its span, so asking costs nothing more.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qvtime.answer import ParsedAnswer
from qvtime.tasks.claims import claims
from qvtime.tasks.looking import ONE_PATCH_MS, whole_patches
from qvtime.timeline import Event, Span

if TYPE_CHECKING:
    from qvtime.model.backend import BackendLook
    from qvtime.model.reply import Reply, ScoredSpan

MOST_CLAIMS = 8
"""How many claims of one answer are looked up; each costs a question."""

_CHINESE = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Held:
    """A claim, and the spans that hold the moment of those in which the model says it happens."""

    claim: str
    spans: "tuple[ScoredSpan, ...]"

    @property
    def probability(self) -> float:
        """How likely, as the model has it, the claim happens at the moment."""
        return sum(span.score for span in self.spans)


def look_up(
    look: "BackendLook", reply: "Reply", moment_ms: int, least: float
) -> tuple[list[Held], list[str]]:
    """The claims of an answer that happen at the moment at least so likely; and the others."""
    held: list[Held] = []
    misplaced: list[str] = []
    for claim in claims(reply.text)[:MOST_CLAIMS]:
        spans = look.spans(claim).spans
        one = Held(claim, tuple(s for s in spans if s.first_ms <= moment_ms <= s.last_ms))
        if one.probability < least:
            misplaced.append(claim)
        else:
            held.append(one)
    return held, misplaced


def event_of(
    one: Held, moment_ms: int, granularity_ms: int, video: Span, score: float | None
) -> Event:
    """The likeliest occurrence that holds the moment, else the moment's own patch."""
    best = max(one.spans, key=lambda span: span.score, default=None)
    first_ms, last_ms = (moment_ms, moment_ms) if best is None else (best.first_ms, best.last_ms)
    said = Span(first_ms, max(last_ms, first_ms + ONE_PATCH_MS))
    return Event(whole_patches(said, granularity_ms, video), one.claim, score)


def without(parsed: ParsedAnswer, held: Sequence[Held], misplaced: Sequence[str]) -> ParsedAnswer:
    """The answer with the claims that are left, in the language of those that are not."""
    if not misplaced:
        return parsed
    chinese = any(map(_CHINESE.search, misplaced))
    if held:
        text = ("；" if chinese else "; ").join(one.claim for one in held)
        text = text[:1].upper() + text[1:]
    else:
        text = "没有事情发生" if chinese else "Nothing happens"
    return replace(
        parsed,
        text_with_tags=f"{text}。" if chinese else f"{text}.",
        nothing=not held,
        dropped=(*parsed.dropped, *(f"{claim}: at another time" for claim in misplaced)),
    )

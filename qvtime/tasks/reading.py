"""What a model says about each window of a plan, and when it says that happens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qvtime.answer import ParsedAnswer, parse_answer
from qvtime.settings import Settings
from qvtime.tasks.claims import claims
from qvtime.tasks.halving import read_each
from qvtime.tasks.looking import (
    ONE_PATCH_MS,
    Clock,
    Progress,
    Session,
    cut_short,
    look_at,
    said_span,
    whole_patches,
)
from qvtime.tasks.plan import Plan, Window, words_for
from qvtime.timeline import Event, Span

if TYPE_CHECKING:  # torch is loaded only once a video is known to be readable
    from qvtime.model.backend import BackendLook
    from qvtime.model.reply import Reply, ScoredSpan

MOST_CLAIMS = 8
"""How many claims of one answer are looked up; each costs a question."""

_SILENCE = ParsedAnswer("", (), nothing=True, dropped=())


@dataclass(frozen=True, slots=True)
class Seen:
    """What the model said about one window.

    events: what it said happens; spans: where the event that was asked for may be, when it was
    asked for times alone; starts: how likely it begins at each patch, then. dropped: what was left
    out of it, a phrase each. kept: whether the window's vision features were there from an earlier
    run.
    """

    window: Window
    parsed: ParsedAnswer = _SILENCE
    events: tuple[Event, ...] = ()
    dropped: tuple[str, ...] = ()
    spans: "tuple[ScoredSpan, ...]" = ()
    starts: tuple[float, ...] = ()
    kept: bool = False


def read_windows(
    session: Session,
    plans: Sequence[Plan],
    settings: Settings,
    clocks: Sequence[Clock],
    progress: Callable[[Progress], None],
    told: Callable[[Seen], None] = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
) -> list[list[Seen]]:
    """What the model says about every window, for each of these plans, whose windows are the same.

    Each window is looked at once; the first clock takes the time for that. `told` hears what is
    said of each as it is said, `note` of windows that are read in parts for lack of memory.
    """
    first, features = plans[0], session.features

    def read(number: int, window: Window, then: Window | None) -> list[Seen]:
        found = features.found if features else 0
        said: list[Seen] = []
        granularity_ms, clock = first.granularity_ms, clocks[0]
        with look_at(session, window, granularity_ms, clock, then) as look:
            kept = features is not None and features.found > found
            for plan, clock in zip(plans, clocks, strict=True):
                with clock.measure("answer"):
                    words = words_for(plan, number, window, session.reader.info.duration_ms)
                    one = _ask(look, session, plan, words, window, settings)
                    said.append(replace(one, kept=kept))
        return said

    seen: list[list[Seen]] = [[] for _ in plans]
    for said in read_each(
        first.windows, session.engine, first.step_ms, not first.skims, read, progress, note
    ):
        for heard, one in zip(seen, said, strict=True):
            heard.append(one)
            told(one)
    return seen


def find_spans(
    session: Session, window: Window, granularity_ms: int, words: str, clock: Clock
) -> "tuple[ScoredSpan, ...]":
    """Where one more window has the event of these words."""
    with (
        look_at(session, window, granularity_ms, clock) as look,
        clock.measure("answer"),
    ):
        return look.spans(words).spans


def _ask(
    look: "BackendLook",
    session: Session,
    plan: Plan,
    words: str,
    window: Window,
    settings: Settings,
) -> Seen:
    """One question about one window; claims about a moment are looked up once more."""
    if plan.asks_when:
        found = look.spans(words)
        return Seen(window, spans=found.spans, starts=found.starts)
    habits = session.engine.habits
    reply = look.ask(habits.ask(words), settings.max_new_tokens)
    video = Span(0, session.reader.info.duration_ms)
    parsed = parse_answer(reply.text, said_span(window), ONE_PATCH_MS)
    if window.moment_ms is not None and not parsed.events and not parsed.nothing:
        events = tuple(
            _ground(look, claim, plan, window.moment_ms, video, reply)
            for claim in claims(reply.text)[:MOST_CLAIMS]
        )
    else:
        events = tuple(
            replace(
                event,
                span=whole_patches(event.span, plan.step_ms, video),
                caption=event.caption or plan.question,
                score=reply.probability,
            )
            for event in parsed.events
        )
    dropped = (*parsed.dropped, *parsed.doubts, *cut_short(reply, settings.max_new_tokens))
    return Seen(window, parsed, events, dropped)


def _ground(
    look: "BackendLook",
    claim: str,
    plan: Plan,
    moment_ms: int,
    video: Span,
    reply: "Reply",
) -> Event:
    """When the claimed event happens: the likeliest occurrence that holds the moment, else the
    moment's own patch."""
    holding = (one for one in look.spans(claim).spans if one.first_ms <= moment_ms <= one.last_ms)
    best = max(holding, key=lambda one: one.score, default=None)
    first_ms, last_ms = (moment_ms, moment_ms) if best is None else (best.first_ms, best.last_ms)
    said = Span(first_ms, max(last_ms, first_ms + ONE_PATCH_MS))
    return Event(whole_patches(said, plan.granularity_ms, video), claim, reply.probability)

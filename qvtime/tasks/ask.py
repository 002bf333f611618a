"""Ask a video: look where the question points, and tie every claim of the answer to a time."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qvtime.answer import ParsedAnswer, parse_answer
from qvtime.errors import UsageError
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.tasks.claims import claims
from qvtime.tasks.looking import (
    ONE_PATCH_MS,
    Clock,
    Progress,
    look_at,
    said_span,
    whole_patches,
)
from qvtime.tasks.plan import (
    Plan,
    Window,
    check_question,
    check_window,
    plan_question,
    times_of,
)
from qvtime.timeline import Event, Span, merge_events
from qvtime.timestamps import format_tag
from qvtime.video.worker import open_video

if TYPE_CHECKING:  # torch is loaded only once a video is known to be readable
    from qvtime.model.engine import Engine, Look, Reply
    from qvtime.video.reader import VideoReader


WHEN_TOKENS = 64
"""Enough to say when a claimed event happens."""

MOST_CLAIMS = 8
"""How many claims of one answer are looked up; each costs a question."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the model said about one window; dropped: what was left out of it, a phrase each."""

    window: Window
    parsed: ParsedAnswer
    events: tuple[Event, ...]
    dropped: tuple[str, ...]


def ask_video(
    path: str,
    questions: Sequence[str],
    settings: Settings,
    load: Callable[[], "Engine"],
    progress: Callable[[Progress], None] = lambda _: None,
) -> Iterator[Report]:
    """One report a question, in order. Questions about the same windows share one look at them.

    `load` gives the model, once the video is known to be readable and the questions to make
    sense. Raises UsageError, VideoError, ModelError.
    """
    for question in questions:
        check_question(question, settings)
    with open_video(path, settings.decoder, settings.limits) as reader:
        duration_ms = reader.info.duration_ms
        for question in questions:  # wrong times are found before the model is loaded
            _check_times(question, path, duration_ms)
        with load() as engine:
            patches = engine.loaded.habits.window_patches
            check_window(settings, patches, engine.loaded.name)
            plans = [plan_question(q, duration_ms, settings, patches) for q in questions]
            reports: dict[int, Report] = {}
            for place, plan in enumerate(plans):
                if place not in reports:
                    together = [k for k, other in enumerate(plans) if other.windows == plan.windows]
                    asked = [plans[k] for k in together]
                    answers = _answer(path, reader, engine, asked, settings, progress)
                    reports.update(zip(together, answers, strict=True))
                yield reports.pop(place)


def _check_times(question: str, path: str, duration_ms: int) -> None:
    """UsageError that names the video when it does not have a time of the question."""
    try:
        times_of(question, duration_ms)
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", error.hint) from None


def _answer(
    path: str,
    reader: "VideoReader",
    engine: "Engine",
    plans: Sequence[Plan],
    settings: Settings,
    progress: Callable[[Progress], None],
) -> list[Report]:
    """Reports for questions that look at the same windows."""
    clocks = [Clock() for _ in plans]
    seen: list[list[_Seen]] = [[] for _ in plans]
    windows = plans[0].windows
    for done, window in enumerate(windows):
        progress(Progress(done, len(windows), window.span))
        with look_at(reader, engine, window, plans[0].granularity_ms, clocks[0]) as look:
            for place, plan in enumerate(plans):
                started = time.perf_counter()
                words = plan.model_questions[done]
                seen[place].append(_ask(look, engine, plan, words, window, reader, settings))
                clocks[place].add("answer", 1000 * (time.perf_counter() - started))
    return [
        _report(path, reader, engine, plan, said, clock)
        for plan, said, clock in zip(plans, seen, clocks, strict=True)
    ]


def _ask(
    look: "Look",
    engine: "Engine",
    plan: Plan,
    words: str,
    window: Window,
    reader: "VideoReader",
    settings: Settings,
) -> _Seen:
    """One question about one window; claims about a moment are looked up once more."""
    habits = engine.loaded.habits
    reply = look.ask(habits.ask(words), settings.max_new_tokens)
    video = Span(0, reader.info.duration_ms)
    parsed = parse_answer(reply.text, said_span(window), ONE_PATCH_MS)
    if window.moment_ms is not None and not parsed.events and not parsed.nothing:
        events = tuple(
            _ground(look, engine, claim, plan, window.moment_ms, video, reply)
            for claim in claims(reply.text)[:MOST_CLAIMS]
        )
    else:
        events = tuple(
            replace(
                event,
                span=whole_patches(event.span, plan.granularity_ms, video),
                caption=event.caption or plan.question,
                score=reply.probability,
            )
            for event in parsed.events
        )
    dropped = parsed.dropped
    if reply.finish_reason == "length":
        dropped += (f"what the answer would have said after {len(reply.token_ids)} tokens",)
    return _Seen(window, parsed, events, dropped)


def _ground(
    look: "Look",
    engine: "Engine",
    claim: str,
    plan: Plan,
    moment_ms: int,
    video: Span,
    reply: "Reply",
) -> Event:
    """When the claimed event happens: the occurrence at the moment, else the moment's own patch."""
    habits, granularity_ms = engine.loaded.habits, plan.granularity_ms
    said = Span(look.centres_ms[0], look.centres_ms[-1] + 1)
    again = parse_answer(look.ask(habits.ask_when(claim), WHEN_TOKENS).text, said, ONE_PATCH_MS)
    spans = [whole_patches(event.span, granularity_ms, video) for event in again.events]
    moment = whole_patches(Span(moment_ms, moment_ms + 1), granularity_ms, video)
    found = [span for span in spans if span.overlap_ms(moment)]
    best = max(found, key=lambda span: span.overlap_ms(moment)) if found else moment
    return Event(best, claim, reply.probability)


def _report(
    path: str,
    reader: "VideoReader",
    engine: "Engine",
    plan: Plan,
    seen: Sequence[_Seen],
    clock: Clock,
) -> Report:
    """The answers of all windows as one."""
    events = merge_events(
        (event for one in seen for event in one.events), gap_ms=plan.granularity_ms
    )
    dropped = [phrase for one in seen for phrase in one.dropped]
    return Report(
        path=path,
        question=plan.question,
        answer=_answer_text(plan, seen, events),
        events=events,
        model=engine.loaded.name,
        video=reader.info,
        settings={
            "granularity_ms": plan.granularity_ms,
            "windows": len(plan.windows),
            "decoder": reader.info.decoder,
            "device": engine.loaded.device,
            "revision": engine.loaded.revision,
            "dropped": "; ".join(dropped) or None,
        },
        damage=reader.damage,
        timings_ms=clock.rounded(),
        looked=tuple(window.span for window in plan.windows),
        granularity_ms=plan.granularity_ms,
    )


def _answer_text(plan: Plan, seen: Sequence[_Seen], events: Sequence[Event]) -> str:
    """One answer in words: the model's own about moments, else what all windows found.

    Words that came without a time, of one window among several, come after that window's span.
    """
    if all(one.window.moment_ms is not None for one in seen):
        return " ".join(_about_moment(one) for one in seen)
    untimed = [one for one in seen if not (one.events or one.parsed.nothing or one.parsed.dropped)]
    sentences = [_sentence(event, plan.question) for event in events]
    if len(seen) > 1:
        sentences += [_about_window(one) for one in untimed]
    return "; ".join(sentences) or seen[0].parsed.text_with_tags


def _about_moment(one: _Seen) -> str:
    return f"{format_tag(one.window.moment_ms or 0)} {one.parsed.text_with_tags}".rstrip()


def _about_window(one: _Seen) -> str:
    span = one.window.span
    said = one.parsed.text_with_tags
    return f"{format_tag(span.start_ms)} - {format_tag(span.end_ms)} {said}".rstrip()


def _sentence(event: Event, question: str) -> str:
    times = f"{format_tag(event.span.start_ms)} - {format_tag(event.span.end_ms)}"
    return times if event.caption == question else f"{times} {event.caption}"

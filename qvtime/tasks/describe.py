"""A video's timeline: what happens when, over all of it, window by window.

Memory does not grow with the length of the video but by the events that were said.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qvtime.answer import parse_answer
from qvtime.model.habits import LIST_ALL
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.tasks.halving import read_each
from qvtime.tasks.looking import (
    ONE_PATCH_MS,
    Clock,
    Progress,
    Session,
    cut_short,
    look_at,
    said_span,
    watch_at,
    whole_patches,
)
from qvtime.tasks.overviews import watch_for
from qvtime.tasks.plan import Plan, Window, check_window
from qvtime.tasks.preview import Machine, Preview, preview
from qvtime.tasks.skim import OVERLAP_SHARE
from qvtime.tasks.subtitled import check_subtitles
from qvtime.timeline import Event, Span, merge_events
from qvtime.video.sampling import patch_centres, windows
from qvtime.video.worker import open_video

if TYPE_CHECKING:  # torch is loaded only once a video is known to be readable
    from qvtime.model.reply import Reply
    from qvtime.store.overviews import OverviewMaker

LIST_TOKENS = 768
"""How long an answer may be: a window holds many events, and each takes about 20 tokens."""
ALIKE_IOU = 0.5
ALIKE_WORDS = 0.4
"""From here on two windows tell the same event in other words: shared time, shared words."""
MOST_DROPPED = 20

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]|[^\W_]+")


def describe_video(
    path: str,
    session: Session,
    settings: Settings,
    progress: Callable[[Progress], None] = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
    overview: "OverviewMaker | None" = None,
) -> Report:
    """All that the model says happens in the video, each event once; `answer` counts them.

    An event's score is the mean probability of the words of the answer that it was said in. `note`
    is told of windows that are read in parts for lack of memory. `overview` takes in how the video
    looks, where the model is in this process.
    Raises VideoError, ModelError, UsageError for a window longer than the model reads.
    """
    reader, engine = session.reader, session.engine
    habits = engine.habits
    check_window(settings, habits.window_patches, engine.name)
    video = Span(0, reader.info.duration_ms)
    plan, window_ms = _windows_over(video, settings, habits.window_patches, habits.dense_form)
    granularity_ms = plan.granularity_ms
    clock, events, dropped = Clock(), list[Event](), list[str]()
    watch = None if overview is None else watch_for(overview, engine, settings)
    tokens = max(LIST_TOKENS, settings.max_new_tokens)

    def read(_: int, window: Window, then: Window | None) -> tuple[list[Event], list[str]]:
        with (
            look_at(session, window, granularity_ms, clock, then, watch) as look,
            clock.measure("answer"),
        ):
            reply = look.ask(habits.dense_form, tokens)
        return _told(reply, window, granularity_ms, video, tokens)

    count = 0
    for found, lost in read_each(plan.windows, engine, granularity_ms, True, read, progress, note):
        count += 1
        events = _join(events, found, granularity_ms)
        dropped += lost[: MOST_DROPPED - len(dropped)]
    return Report(
        path=path,
        question=LIST_ALL,
        answer=f"{len(events)} event{'' if len(events) == 1 else 's'}",
        events=tuple(events),
        model=engine.name,
        video=reader.info,
        settings={
            "granularity_ms": granularity_ms,
            "window_ms": window_ms,
            "windows": count,
            "decoder": reader.info.decoder,
            **engine.settings(),
            "dropped": "; ".join(dropped) or None,
        },
        damage=reader.damage,
        timings_ms=clock.rounded(),
        looked=(video,),
        granularity_ms=granularity_ms,
    )


def watch_video(
    session: Session,
    settings: Settings,
    overview: "OverviewMaker",
    progress: Callable[[Progress], None] = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
) -> None:
    """What `describe_video` tells `overview`, and nothing else: no window is read or asked.

    Nothing is told where the model is elsewhere. Raises VideoError, ModelError.
    """
    engine = session.engine
    watch = watch_for(overview, engine, settings)
    if watch is None:
        return
    video = Span(0, session.reader.info.duration_ms)
    habits = engine.habits
    plan, _ = _windows_over(video, settings, habits.window_patches, habits.dense_form)
    step_ms = plan.granularity_ms

    def read(_: int, window: Window, then: Window | None) -> None:
        watch_at(session, window, step_ms, then, watch)

    for _ in read_each(plan.windows, engine, step_ms, True, read, progress, note):
        pass


def plan_describe(path: str, settings: Settings, machine: Machine) -> Preview:
    """How `describe_video` would read a video. Raises VideoError, UsageError."""
    outline = machine.outline
    check_window(settings, outline.habits.window_patches, outline.name)
    check_subtitles(path, settings)
    with open_video(path, settings.decoder, settings.limits) as reader:
        video = Span(0, reader.info.duration_ms)
        plan, _ = _windows_over(video, settings, outline.habits.window_patches, LIST_ALL)
        return preview(reader.info, plan, machine)


def _windows_over(
    video: Span, settings: Settings, window_patches: int, words: str
) -> tuple[Plan, int]:
    """Overlapping windows over a video, each asked the same, and how long one is at most."""
    granularity_ms = settings.granularity_ms
    window_ms = settings.window_ms or window_patches * granularity_ms
    planned = tuple(
        Window(part, tuple(patch_centres(part, granularity_ms)))
        for part in windows(video, window_ms, int(window_ms * OVERLAP_SHARE))
    )
    asked = (words,) * len(planned)
    return Plan(LIST_ALL, granularity_ms, granularity_ms, planned, asked), window_ms


def _told(
    reply: "Reply", window: Window, granularity_ms: int, video: Span, tokens: int
) -> tuple[list[Event], list[str]]:
    """The events of one window's answer of at most so many tokens, and what was left out of it."""
    parsed = parse_answer(reply.text, said_span(window), ONE_PATCH_MS)
    events = [
        replace(event, span=whole_patches(event.span, granularity_ms, video), score=reply.score)
        for event in parsed.events
        if event.caption.strip() and not _left_to_neighbour(event.span, window, video)
    ]
    dropped = [*parsed.dropped, *parsed.doubts]
    if any(not event.caption.strip() for event in parsed.events):
        dropped.append("an event without words")
    return events, [*dropped, *cut_short(reply, tokens)]


def _left_to_neighbour(said: Span, window: Window, video: Span) -> bool:
    """Whether only the last patch of a window is said to show it, or only the first: a neighbour
    sees that patch too, and more of what comes after it, or came before."""
    centres_ms = window.centres_ms
    if len(centres_ms) == 1:
        return False
    last_ms = said.start_ms if said.duration_ms == ONE_PATCH_MS else said.end_ms
    begins_last = said.start_ms >= centres_ms[-1] and window.span.end_ms < video.end_ms
    return begins_last or (last_ms <= centres_ms[0] and window.span.start_ms > video.start_ms)


def _join(before: Sequence[Event], found: Iterable[Event], gap_ms: int) -> list[Event]:
    """The events of the windows so far and of the next one.

    What both tell in the same words is one event, that lasts as long as both say. What the next
    one tells in other words, at the same time, has been told.
    """
    earliest_ms = min((event.span.start_ms for event in found), default=0) - gap_ms
    settled = [event for event in before if event.span.end_ms < earliest_ms]
    recent = [event for event in before if event.span.end_ms >= earliest_ms]
    known = {event.caption for event in recent}
    new = [
        event
        for event in found
        if event.caption in known or not any(_alike(event, other) for other in recent)
    ]
    return [*settled, *merge_events((*recent, *new), gap_ms)]


def _alike(event: Event, other: Event) -> bool:
    words, others = (set(_WORD.findall(one.caption.casefold())) for one in (event, other))
    shared = len(words & others) / max(1, len(words | others))
    return shared >= ALIKE_WORDS and event.span.iou(other.span) >= ALIKE_IOU

"""What a model said about the windows of a video, as one report."""

from collections.abc import Sequence

from qvtime.report import Report, Setting
from qvtime.tasks.looking import Clock, Session
from qvtime.tasks.passes import Pass
from qvtime.tasks.plan import Plan
from qvtime.tasks.reading import Seen
from qvtime.tasks.seams import Occurrence, likeliest, not_found
from qvtime.tasks.skim import unrefined
from qvtime.tasks.subtitled import subtitle_settings
from qvtime.timeline import Event, merge_events
from qvtime.timestamps import format_tag, format_tags


def report_of(path: str, session: Session, passes: Sequence[Pass], clock: Clock) -> Report:
    """The answers of all windows as one.

    Of two passes, what the second did not look at is left as the skim has it.
    """
    reader, engine = session.reader, session.engine
    skim = passes[0] if passes[0].plan.skims else None
    last = passes[-1]
    closer = () if last is skim else last.plan.windows
    events, seen = last.events, [*last.seen]
    left_coarse = len(events) if last is skim else 0
    if skim is not None and closer:
        events, left_coarse = _refined(skim, last)
        seen += [one for one in skim.seen if _untimed(one)]
    answer = _answer_text(last, seen, events)
    if skim is not None and not events:
        answer = f"{answer} {_missed(skim.plan)}".lstrip()
    settings: dict[str, Setting] = {
        "granularity_ms": last.plan.finest_ms,
        "windows": len(closer),
        "decoder": reader.info.decoder,
        **engine.settings(),
        "dropped": "; ".join(_dropped(passes)) or None,
    }
    settings |= subtitle_settings(reader.spoken)
    if session.features is not None:
        settings["windows_kept"] = sum(one.kept for done in passes for one in done.seen)
    if skim is not None:
        settings["skim_windows"] = len(skim.plan.windows)
        settings["left_coarse"] = left_coarse
    return Report(
        path=path,
        question=last.plan.question,
        answer=answer,
        events=events,
        model=engine.name,
        video=reader.info,
        settings=settings,
        damage=reader.damage,
        timings_ms=clock.rounded(),
        looked=tuple(window.span for window in closer),
        granularity_ms=last.plan.finest_ms if closer else None,
        skimmed=() if skim is None else tuple(window.span for window in skim.plan.windows),
        skimmed_every_ms=None if skim is None else skim.plan.step_ms,
    )


def _refined(skim: Pass, closer: Pass) -> tuple[tuple[Event, ...], int]:
    """The events as the closest look at each place has them; how many have a coarse end."""
    stretches = [window.span for window in closer.plan.windows]
    left: list[Event] = []
    coarse = 0
    for event in skim.events:
        pieces = unrefined(event, skim.plan.step_ms, stretches)
        left += pieces
        ends = {event.span.start_ms, event.span.end_ms}
        coarse += any(ends & {piece.span.start_ms, piece.span.end_ms} for piece in pieces)
    return merge_events((*closer.events, *left), gap_ms=closer.plan.step_ms), coarse


def _dropped(passes: Sequence[Pass]) -> list[str]:
    return [phrase for done in passes for one in done.seen for phrase in one.dropped]


def _missed(skim: Plan) -> str:
    """What a skim that found nothing leaves open."""
    return (
        f"(Looked at one moment every {skim.step_ms / 1000:g} s; something shorter may have been"
        " missed.)"
    )


def _answer_text(last: Pass, seen: Sequence[Seen], events: Sequence[Event]) -> str:
    """One answer in words: the model's own about moments, else what all windows found.

    Words that came without a time, of one window among several, come after that window's span.
    """
    if all(one.window.moment_ms is not None for one in seen):
        return " ".join(_about_moment(one) for one in seen)
    sentences = [_sentence(event, last.plan.question) for event in events]
    if last.plan.count is not None:
        return _count_text(sentences, last.plan.count.chinese, last.occurrences)
    if last.plan.asks_when:
        return "; ".join(sentences) or not_found(last.occurrences)
    if len(seen) > 1:
        sentences += [_about_window(one) for one in seen if _untimed(one)]
    return "; ".join(sentences) or seen[0].parsed.text_with_tags


def _count_text(times: Sequence[str], chinese: bool, found: Sequence[Occurrence]) -> str:
    """How often, and when each time; of what never happens the likeliest time, as it is unsure."""
    if times:
        count = f"{len(times)} 次：" if chinese else f"{len(times)} time{'s'[: len(times) > 1]}: "
        return count + ("，" if chinese else ", ").join(times)
    best = likeliest(found)
    if best is None:
        return "一次也没有。" if chinese else "Never."
    if chinese:
        return f"一次也没有。最有可能的一段得分为 {best.score:.2f}：{format_tags(best.span)}"
    return f"Never. The likeliest span scores {best.score:.2f}: {format_tags(best.span)}"


def _untimed(one: Seen) -> bool:
    """Whether the model's words about a window came without any time."""
    return not (one.events or one.parsed.nothing or one.parsed.dropped)


def _about_moment(one: Seen) -> str:
    return f"{format_tag(one.window.moment_ms or 0)} {one.parsed.text_with_tags}".rstrip()


def _about_window(one: Seen) -> str:
    return f"{format_tags(one.window.span)} {one.parsed.text_with_tags}".rstrip()


def _sentence(event: Event, question: str) -> str:
    times = format_tags(event.span)
    return times if event.caption == question else f"{times} {event.caption}"

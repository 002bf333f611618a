"""Search an index by words: an answer at once, and where a closer look is worth it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from qvtime.errors import VideoError
from qvtime.report import Report
from qvtime.store.index import Index, open_index
from qvtime.store.place import place_at
from qvtime.store.search import Hit, search_events
from qvtime.timeline import Span
from qvtime.timestamps import format_tags

AROUND_MS = 15_000
"""How far around an event that was found a closer look goes: a caption's times are rough."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A part of a video in which something was found. rank: 1 is best."""

    path: str
    span: Span
    rank: int


def refuse_links(folder: str, path: str) -> None:
    """VideoError when a video that the index in `folder` names lies behind a link, and the index
    is someone else's."""
    link = place_at(folder).leads_astray(path)
    if link is not None:
        raise VideoError(
            f"{path}: {link} is a link, and the index that names it is not yours",
            "name the video itself to look into it",
        )


def search_reports(folder: str, words: str, top_k: int, min_score: float = 0.0) -> list[Report]:
    """What the index in `folder` (or `folder`'s own) has of these words: a report a video, the
    video with the best event first.

    Events are of captions and of subtitles, best first, `top_k` in all; a report's model is the one
    that made the captions, and none is asked. Only events with all of the words count; those with
    some of them if there are no others. `min_score` is as in `search_events`. Raises StoreError.
    """
    with open_index(place_at(folder)) as index, index.database.snapshot():
        hits = search_events(index, words, top_k, min_score)
        whole = [hit for hit in hits if hit.whole]
        found: dict[str, list[Hit]] = {}
        for hit in whole or hits:
            found.setdefault(hit.path, []).append(hit)
        return [_report(index, path, words, own) for path, own in found.items()]


def search_candidates(folder: str, words: str, top_k: int) -> list[Candidate]:
    """Where in the videos of an index a closer look is worth it, best first. Raises StoreError."""
    with open_index(place_at(folder)) as index:
        candidates = []
        for one in find_candidates(search_events(index, words, top_k)):
            record = index.find(one.path)
            ends = record is not None and record.duration_ms
            span = one.span.clamp(Span(0, ends)) if ends else one.span
            if span is not None:
                candidates.append(replace(one, span=span))
        return candidates


def locate_candidates(
    candidates: Iterable[Candidate],
    locate: Callable[[str, Span], Report],
    top_k: int | None = None,
) -> Iterator[tuple[str, Callable[[], Report]]]:
    """For each video, the best first, its path and the report of looking at its candidates.

    `locate` gives the report of a video within a span, as `locate_video` does. A report has the
    best `top_k` of their events.
    """
    spans: dict[str, list[Span]] = {}
    for one in candidates:
        spans.setdefault(one.path, []).append(one.span)
    for path, own in spans.items():
        yield path, partial(_locate_all, path, own, locate, top_k)


def find_candidates(hits: Iterable[Hit], around_ms: int = AROUND_MS) -> list[Candidate]:
    """Each hit with what is around it, best first, joined where they meet.

    The ends may lie behind the video's.
    """
    candidates: list[Candidate] = []
    for hit in hits:
        span = Span(max(0, hit.event.span.start_ms - around_ms), hit.event.span.end_ms + around_ms)
        candidate = Candidate(hit.path, span, hit.rank)
        for other in [one for one in candidates if one.path == hit.path]:
            if other.span.overlap_ms(candidate.span):
                candidates.remove(other)
                rank = min(other.rank, candidate.rank)
                candidate = Candidate(hit.path, candidate.span.hull(other.span), rank)
        candidates.append(candidate)
    return sorted(candidates, key=lambda one: one.rank)


def _locate_all(
    path: str, spans: Sequence[Span], locate: Callable[[str, Span], Report], top_k: int | None
) -> Report:
    """The reports of a video's parts as one."""
    reports = [locate(path, span) for span in spans]
    found = [report for report in reports if report.events]
    events = [event for report in reports for event in report.events]
    best = sorted(events, key=lambda event: (-(event.score or 0.0), event.span))[:top_k]
    return replace(
        reports[0],
        answer="; ".join(format_tags(event.span) for event in best) or reports[0].answer,
        events=tuple(best),
        damage=tuple(dict.fromkeys(one for report in reports for one in report.damage)),
        starts=tuple(sorted(dict(one for report in reports for one in report.starts).items())),
        looked=tuple(span for report in reports for span in report.looked),
        granularity_ms=(found or reports)[0].granularity_ms,
    )


def _report(index: Index, path: str, words: str, hits: Sequence[Hit]) -> Report:
    record = index.find(path)
    if record is None:  # it is damaged: what was found is in no video
        return Report(path, words, "", tuple(hit.event for hit in hits), model="")
    timeline = index.report(record)
    return replace(
        timeline,
        question=words,
        answer=f"{len(hits)} found",
        events=tuple(hit.event for hit in hits),
        settings={**timeline.settings, "index": str(index.place.file)},
    )

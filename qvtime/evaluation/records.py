"""The record formats that say what was found, or is true, for one query."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

from qvtime.evaluation import mistakes as kinds
from qvtime.evaluation.entries import Entry, Interval
from qvtime.evaluation.intervals import Checker, duration_of, identity_of, number
from qvtime.video_names import video_name

MOST_CLIPS = 1_000_000
"""Of a video; one of more, 23 days of it, is a mistake in its duration."""
CLIP_S = 2.0
"""How long one of QVHighlights' clips is."""

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sides:
    """The keys of which a record of the truth has at least one, and those of a prediction."""

    truth: tuple[str, ...]
    given: tuple[str, ...]


QVHIGHLIGHTS = Sides(
    ("relevant_windows", "saliency_scores"), ("pred_relevant_windows", "pred_saliency_scores")
)
VUE_TR = Sides(("gt",), ("answer",))


def read_qvhighlights(record: Record, where: str, _: str, checker: Checker) -> Iterator[Entry]:
    """`qid, query, vid` with `relevant_windows` (truth) or `pred_relevant_windows`."""
    identity = identity_of(record["qid"])
    if identity is None:
        checker.mistakes.add(kinds.NO_NAME, where)
        return
    where = f"{where} (qid {identity})" if where else f"qid {identity}"
    if not _has_side(record, QVHIGHLIGHTS, where, checker):
        return
    duration_s = duration_of(record.get("duration"))
    raw = record.get("relevant_windows" if checker.is_truth else "pred_relevant_windows", [])
    intervals = checker.intervals(raw, where, duration_s)
    if checker.lost(raw, intervals, where):
        return
    yield Entry(
        where,
        identity,
        video_name(str(record.get("vid", ""))),
        str(record.get("query", "")),
        intervals,
        duration_s,
        clip_scores=() if checker.is_truth else _clip_scores(record, where, checker),
        clip_ratings=_clip_ratings(record, where, duration_s, checker) if checker.is_truth else (),
    )


def _has_side(record: Record, sides: Sides, where: str, checker: Checker) -> bool:
    """Whether a record has what this file is read for; if not, it is named.

    Otherwise a record without any spans would say that nothing happens, and two such agree.
    """
    own, other = sides.truth, sides.given
    if not checker.is_truth:
        own, other = other, own
    if any(key in record for key in own):
        return True
    swapped = any(key in record for key in other)
    checker.mistakes.add(kinds.OTHER_SIDE if swapped else kinds.OTHER_RECORD, where)
    return False


def _clip_scores(record: Record, where: str, checker: Checker) -> tuple[float, ...]:
    raw = record.get("pred_saliency_scores", [])
    scores = [number(value) for value in raw] if isinstance(raw, list) else [None]
    kept = tuple(one for one in scores if one is not None and abs(one) < float("inf"))
    if len(kept) < len(scores):
        checker.mistakes.add(kinds.BAD_CLIPS, where)
        return ()
    return kept


def _clip_ratings(
    record: Record, where: str, duration_s: float | None, checker: Checker
) -> tuple[tuple[float, ...], ...]:
    """For every clip of the video a rating by each rater, 0 where a clip is not relevant.

    `mk_gt_scores` of jayleicn/moment_detr: a video has `int(duration / 2)` clips.
    """
    places, rows = record.get("relevant_clip_ids"), record.get("saliency_scores")
    if not places and not rows:
        return ()
    count = int((duration_s or 0) / CLIP_S)
    try:
        ratings = [tuple(float(value) for value in row) for row in rows or ()]
        if count > MOST_CLIPS or not all(isfinite(value) for row in ratings for value in row):
            raise ValueError(count)
        raters = len(ratings[0])
        clips = [(0.0,) * raters] * count
        for place, row in zip(places or (), ratings, strict=True):
            if not 0 <= place < count or len(row) != raters:
                raise ValueError(place)
            clips[place] = row
    except (TypeError, ValueError, IndexError, OverflowError):
        checker.mistakes.add(kinds.BAD_CLIPS, where)
        return ()
    return tuple(clips)


def read_vue_tr(record: Record, where: str, _: str, checker: Checker) -> Iterator[Entry]:
    """`query_id` (or `id`) with `gt` (truth) or `answer`: lists of `[start, end]`."""
    identity = identity_of(record.get("query_id", record.get("id")))
    if identity is None:
        checker.mistakes.add(kinds.NO_NAME, where)
        return
    where = f"{where} (query {identity})" if where else f"query {identity}"
    if not _has_side(record, VUE_TR, where, checker):
        return
    raw = record["gt" if checker.is_truth else "answer"]
    raw = [] if raw == [[]] else raw  # how "nothing" is written
    duration_s = duration_of(record.get("duration"))
    intervals = checker.intervals(raw, where, duration_s)
    if checker.lost(raw, intervals, where):
        return
    video = video_name(str(record.get("video_id", "")))
    yield Entry(where, identity, video, str(record.get("query", "")), intervals, duration_s)


def read_timelens_truth(record: Record, where: str, key: str, checker: Checker) -> Iterator[Entry]:
    """TimeLens-Bench: a video's `duration`, and `spans` beside `queries`."""
    spans, queries = record["spans"], record["queries"]
    if not isinstance(spans, list) or not isinstance(queries, list) or len(spans) != len(queries):
        checker.mistakes.add(kinds.OTHER_RECORD, where)
        return
    duration_s = duration_of(record.get("duration"))
    for span, query in zip(spans, queries, strict=True):
        one = checker.interval(span, where, duration_s)
        if not checker.lost(span, [one] if one else [], where):
            found = (one,) if one else ()
            yield Entry(where, None, video_name(key), str(query), found, duration_s)


def read_timelens_events(record: Record, where: str, _: str, checker: Checker) -> Iterator[Entry]:
    """TimeLens-100K: `video_path, duration` and `events`, each a `query` with a `span`."""
    events = record["events"]
    video = video_name(str(record["video_path"]))
    duration_s = duration_of(record.get("duration"))
    for event in events if isinstance(events, list) else [events]:
        if not isinstance(event, dict) or "query" not in event:
            checker.mistakes.add(kinds.NO_NAME, where)
            continue
        raw = event.get("span", [])
        nested = raw if isinstance(raw, list) and raw and isinstance(raw[0], list) else [raw]
        found = checker.intervals(nested, where, duration_s)
        if not checker.lost(nested, found, where):
            yield Entry(where, None, video, str(event["query"]), found, duration_s)


def read_timelens_answer(record: Record, where: str, key: str, checker: Checker) -> Iterator[Entry]:
    """TimeLens' results: `video>>>query>>>truth`, and `timestamps`."""
    parts = key.split(">>>")
    if len(parts) < 2 or "timestamps" not in record:
        checker.mistakes.add(kinds.NOT_TWO_TIMES if len(parts) > 1 else kinds.NO_NAME, where)
        return
    duration_s = duration_of(record.get("duration"))
    found = checker.intervals(record["timestamps"], where)
    yield Entry(where, None, video_name(parts[0]), parts[1], found, duration_s)


def read_report(record: Record, where: str, _: str, checker: Checker) -> Iterator[Entry]:
    """qvtime's own JSON, schema qvtime/1: the events of one question about one video."""
    video, events = record.get("video"), record.get("events")
    if not isinstance(video, dict) or not isinstance(events, list) or "path" not in video:
        checker.mistakes.add(kinds.OTHER_RECORD, where)
        return
    duration_ms = duration_of(video.get("duration_ms"))
    found: list[Interval] = []
    for event in events:
        one = checker.interval(_event(event), where, None, _caption(event))
        if one is not None:
            found.append(one)
    yield Entry(
        where,
        None,
        video_name(str(video["path"])),
        str(record.get("question") or ""),
        tuple(found),
        None if duration_ms is None else duration_ms / 1000,
    )


def _event(event: Any) -> list[Any]:
    if not isinstance(event, dict):
        return []
    ends = [number(event.get(name)) for name in ("start_ms", "end_ms")]
    return [None if end is None else end / 1000 for end in ends] + [event.get("score")]


def _caption(event: Any) -> str:
    return str(event.get("caption", "")) if isinstance(event, dict) else ""

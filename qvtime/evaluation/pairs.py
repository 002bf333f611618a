"""Which prediction answers which query of the truth."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from qvtime.errors import UsageError
from qvtime.evaluation import mistakes as kinds
from qvtime.evaluation.entries import Entry, Interval, Pair, query_name
from qvtime.evaluation.mistakes import Mistakes
from qvtime.evaluation.presets import Rules
from qvtime.evaluation.readers import By, Reading

Name = tuple[str, ...]


def by_queries(reading: Reading) -> list[Entry]:
    """The entries as queries: a video's captions are queries, equal ones one query.

    In formats of rows (ActivityNet Captions) every caption is a query of its own.
    """
    entries: list[Entry] = []
    for entry in reading.entries:
        if entry.query or entry.identity is not None:
            entries.append(entry)
            continue
        grouped: dict[str, list[Interval]] = {}
        for place, one in enumerate(entry.intervals):
            name = query_name(one.caption)
            grouped.setdefault(f"{place} {name}" if reading.format.rows else name, []).append(one)
        for group in grouped.values():
            query = group[0].caption
            entries.append(replace(entry, query=query, intervals=tuple(group)))
    return entries


def by_videos(reading: Reading) -> list[Entry]:
    """The entries as videos; an event without a caption has its query for one."""
    videos: dict[str, Entry] = {}
    for entry in reading.entries:
        told = tuple(replace(one, caption=one.caption or entry.query) for one in entry.intervals)
        if reading.format.by == "queries" and entry.video in videos:
            told = videos[entry.video].intervals + told
        elif entry.video in videos:
            reading.mistakes.add(kinds.REPEATED, entry.where)
        videos[entry.video] = replace(entry, identity=None, query="", intervals=told)
    return list(videos.values())


def pair_up(predictions: Reading, truth: Reading, by: By, rules: Rules) -> list[Pair]:
    """A pair for each entry of the truth, in its order, predictions changed as the rules say.

    They are paired by the files' ids where both have them, else by the names of the video and the
    query. A query that the truth has several times, as rows or under several ids, is answered in
    order by as many predictions, or each time by the only one; other rows of predictions for one
    query are one ranked answer.
    What has no counterpart goes to the mistakes. UsageError when nothing answers anything.
    """
    entries = by_queries if by == "queries" else by_videos
    given, true = entries(predictions), entries(truth)
    if not true:
        raise UsageError(f"{truth.path} has no {by} that can be read")
    name_of = _naming(given, true)
    answers, asked = _grouped(given, name_of), _grouped(true, name_of)
    if not answers.keys() & asked.keys():
        raise UsageError(
            f"no prediction in {predictions.path} answers anything in {truth.path}",
            f"they are paired by name: {_shown(answers)} in one, {_shown(asked)} in the other",
        )
    pairs: dict[int, Pair] = {}
    for name, group in asked.items():
        if not truth.format.rows:
            group = _last_of_each(group, truth.mistakes)
        answered = _answers(answers.pop(name, []), len(group), predictions)
        for query, answer in zip(group, answered, strict=True):
            pairs[id(query)] = Pair(query, _ruled(answer, query, rules, predictions.mistakes))
    for name in answers:
        predictions.mistakes.add(kinds.UNASKED, answers[name][0].where)
    kept = [pairs[id(entry)] for entry in true if id(entry) in pairs]
    for pair in kept:
        if pair.given is None:
            truth.mistakes.add(kinds.MISSING, pair.truth.where)
    return [pair for pair in kept if pair.given or rules.missing == "zero"]


def _naming(given: Sequence[Entry], true: Sequence[Entry]) -> Callable[[Entry], Name]:
    if all(entry.identity for entry in true) and any(entry.identity for entry in given):
        return lambda entry: (entry.identity or "",)
    return lambda entry: (entry.video, query_name(entry.query))


def _grouped(entries: Iterable[Entry], name_of: Callable[[Entry], Name]) -> dict[Name, list[Entry]]:
    groups: dict[Name, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(name_of(entry), []).append(entry)
    return groups


def _shown(groups: dict[Name, list[Entry]]) -> str:
    name = next(iter(groups), ("nothing",))
    return " ".join(f'"{part}"' for part in name if part)


def _last(group: list[Entry], mistakes: Mistakes) -> list[Entry]:
    for entry in group[1:]:
        mistakes.add(kinds.REPEATED, entry.where)
    return group[-1:]


def _last_of_each(group: list[Entry], mistakes: Mistakes) -> list[Entry]:
    """The last with each id: queries of the same words that have ids of their own are several."""
    by_id: dict[str | None, list[Entry]] = {}
    for entry in group:
        by_id.setdefault(entry.identity, []).append(entry)
    return [last for same in by_id.values() for last in _last(same, mistakes)]


def _answers(found: list[Entry], count: int, predictions: Reading) -> Sequence[Entry | None]:
    """One answer for each of `count` equal queries."""
    if not found:
        return [None] * count
    if predictions.format.rows and len(found) == count:
        return found
    if predictions.format.rows:
        ranked = tuple(one for entry in found for one in entry.intervals)
        return [replace(found[0], intervals=ranked)] * count
    return _last(found, predictions.mistakes) * count


def _ruled(answer: Entry | None, query: Entry, rules: Rules, mistakes: Mistakes) -> Entry | None:
    """The answer with its times as the rules have them."""
    if answer is None:
        return None
    duration_s = query.duration_s or answer.duration_s
    ruled = []
    for one in answer.intervals:
        if duration_s is not None and one.end_s > duration_s:
            mistakes.add(kinds.PAST_END, answer.where)
        ruled.append(_timed(one, duration_s, rules))
    return replace(answer, intervals=tuple(ruled))


def _timed(one: Interval, duration_s: float | None, rules: Rules) -> Interval:
    start_s, end_s = one.start_s, one.end_s
    if rules.rounding == "nearest":
        start_s, end_s = (round(at / rules.unit_s) * rules.unit_s for at in (start_s, end_s))
    elif rules.rounding == "outward":
        start_s = math.floor(_units(start_s, rules)) * rules.unit_s
        end_s = math.ceil(_units(end_s, rules)) * rules.unit_s
    if rules.past_end == "clip" and duration_s is not None:
        start_s, end_s = (min(max(at, 0.0), duration_s) for at in (start_s, end_s))
    return replace(one, start_s=float(start_s), end_s=float(end_s))


def _units(at_s: float, rules: Rules) -> float:
    """A time in the unit that it is rounded to: a whole number where it lies on one, as 0.3 does of
    tenths, though 0.3 / 0.1 is less than 3."""
    units = at_s / rules.unit_s
    whole = round(units)
    return whole if math.isclose(whole * rules.unit_s, at_s, rel_tol=1e-12) else units

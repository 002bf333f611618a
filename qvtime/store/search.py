"""Finding events by their words, best first, in milliseconds over thousands of hours.

A rare word says more than a common one. Counting how common a word is takes as long as it is
common, so counting ends early: of a word that very many events share, it is only known that it
decides little.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import TypeAlias

from qvtime.store.index import Index, event_from
from qvtime.store.record import Record
from qvtime.store.words import parts_of, phrase, terms_of
from qvtime.timeline import Event, Span

COUNTED = 2000
"""How many events with a word are counted; more are a common word's."""
WEIGHED = 500
"""How many matches are read and weighed against each other; of more, the first ones."""
MOST_TERMS = 32
TELLING_SHARE = 0.5


Matching: TypeAlias = Callable[[Index, str, int], list[int]]
"""Gives the numbers of at most so many events that match."""


@dataclass(frozen=True, slots=True)
class Hit:
    """An event of an index with words that were looked for.

    path: its video. rank: 1 is best. whole: it has all the words (a Chinese run of them as one).
    """

    path: str
    event: Event
    rank: int
    whole: bool


def search_events(index: Index, words: str, top_k: int, min_score: float = 0.0) -> list[Hit]:
    """The events with all of the words, then those with some of them; at most `top_k`, best first.

    The better, the rarer the words that an event has, and the fewer others. Word forms are one
    ("jumps", "jumped"), capital letters and accents do not count. Videos whose files are missing
    are left out, and so are events that score less than `min_score`; what has no score, as what
    subtitles say, has 0. Raises StoreError.
    """
    terms = terms_of(words)[:MOST_TERMS]
    if not terms or top_k < 1:
        return []
    found, complete = _search(index, terms, top_k, min_score, _matching)
    if not complete:  # events of missing videos took the places of others
        found, _ = _search(index, terms, top_k, min_score, _matching_present)
    return [
        Hit(path, event, rank, whole) for rank, (path, event, whole) in enumerate(found[:top_k], 1)
    ]


def _search(
    index: Index, terms: list[str], top_k: int, min_score: float, matching: Matching
) -> tuple[list[tuple[str, Event, bool]], bool]:
    """(path, event, whether it has all the terms), best first; and whether no event of those that
    were weighed was of a missing video."""
    with_all = matching(index, " AND ".join(map(phrase, terms)), WEIGHED)
    whole = _weighed(index, dict.fromkeys(with_all, 0.0))
    complete = len(whole) == len(with_all)
    found = [(path, event, True) for _, path, event in whole if _scores(event, min_score)]
    if len(found) < top_k:
        weights = _weights(index, terms, matching)
        for number in with_all:
            weights.pop(number, None)
        partly = _weighed(index, weights)
        complete &= len(partly) == min(len(weights), WEIGHED)
        found += [(path, event, False) for _, path, event in partly if _scores(event, min_score)]
    return found, complete


def _scores(event: Event, min_score: float) -> bool:
    return (event.score or 0.0) >= min_score


def search_video(index: Index, record: Record, words: str) -> list[Event]:
    """The events of one video that share telling words with these, best first.

    A word tells the more, the fewer of the video's own events have it; one that all have tells
    nothing. Events with less than `TELLING_SHARE` of what the best one has are left out. An event's
    score is its share of the best one's, 0 to 1.
    """
    ((first, last, total),) = index.database.query(
        "SELECT min(id), max(id), count(*) FROM event WHERE video = ?", (record.number,)
    )
    weights: dict[int, float] = {}
    for part in _parts(terms_of(words)[:MOST_TERMS] if total else []):
        having = _matching_between(index, part, first, last)
        for number in having:
            weights[number] = weights.get(number, 0.0) + log(total / min(total, len(having)))
    best = max(weights.values(), default=0.0)
    if best <= 0:
        return []
    telling = {n: weight for n, weight in weights.items() if weight >= TELLING_SHARE * best}
    return [
        replace(event, score=telling[number] / best)
        for number, path, event in _weighed(index, telling)
        if path == record.path
    ]


def spans_by_word(index: Index, record: Record, words: str) -> tuple[int, dict[str, list[Span]]]:
    """How many captions a video has; and for each of these words when those with it hold.

    Word forms are one, as in `search_events`; what subtitles say is no caption.
    """
    rows = index.database.query(
        "SELECT id, start_ms, end_ms FROM event WHERE video = ? AND source = 'seen' ORDER BY id",
        (record.number,),
    )
    with index.believing():
        spans = {number: Span(start_ms, end_ms) for number, start_ms, end_ms in rows}
    found: dict[str, list[Span]] = {}
    for part in _parts(terms_of(words)[:MOST_TERMS] if spans else []):
        having = _matching_between(index, part, min(spans), max(spans))
        found[part] = [spans[number] for number in having if number in spans]
    return len(spans), found


def _parts(terms: Sequence[str]) -> list[str]:
    """The parts of all terms, each once, in order."""
    return list(dict.fromkeys(part for term in terms for part in parts_of(term)))


def _matching(index: Index, match: str, most: int) -> list[int]:
    """The numbers of the first events that match."""
    rows = index.database.query(
        "SELECT rowid FROM words WHERE words MATCH ? LIMIT ?", (match, most)
    )
    return [number for (number,) in rows]


def _matching_between(index: Index, part: str, first: int, last: int) -> list[int]:
    """The numbers of the events with this part, from one number to another: of a video, some are
    other videos'."""
    rows = index.database.query(
        "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ?",
        (phrase(part), first, last),
    )
    return [number for (number,) in rows]


def _matching_present(index: Index, match: str, most: int) -> list[int]:
    """Those of videos whose files are there: slower, as each event's video is looked up."""
    rows = index.database.query(
        "SELECT words.rowid FROM words JOIN event ON event.id = words.rowid"
        " JOIN video ON video.id = event.video WHERE words MATCH ? AND missing = 0 LIMIT ?",
        (match, most),
    )
    return [number for (number,) in rows]


def _weights(index: Index, terms: list[str], matching: Matching) -> dict[int, float]:
    """What events with some of the terms weigh: the sum of log(events / events with it), over
    the parts of terms that are not common; the rarest part counts, however common it is."""
    parts = _parts(terms)[:MOST_TERMS]
    having = {part: matching(index, phrase(part), COUNTED + 1) for part in parts}
    rarest = min((len(events) for events in having.values() if events), default=0)
    ((total,),) = index.database.query("SELECT max(id) FROM event")
    weights: dict[int, float] = {}
    for events in having.values():
        if rarest == len(events) or len(events) <= COUNTED:
            for number in events:
                weights[number] = weights.get(number, 0.0) + log(1 + total / len(events))
    return weights


def _weighed(index: Index, weights: Mapping[int, float]) -> list[tuple[int, str, Event]]:
    """The heaviest events with their numbers and videos, heaviest first; of equals, the one with
    less to say, then the earlier one."""
    heaviest = sorted(weights, key=lambda number: (-weights[number], number))[:WEIGHED]
    rows = index.database.query(
        "SELECT event.id, path, start_ms, end_ms, caption, score, source"  # noqa: S608
        " FROM event JOIN video ON video.id = event.video"
        f" WHERE event.id IN ({','.join('?' * len(heaviest))}) AND missing = 0",
        heaviest,
    )
    with index.believing():
        found = [
            (number, index.place.path(key), event_from(tuple(rest))) for number, key, *rest in rows
        ]
    found.sort(key=lambda one: (-weights[one[0]], len(one[2].caption), one[0]))
    return found

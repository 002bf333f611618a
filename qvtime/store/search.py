"""Finding events by their words, best first, in milliseconds over thousands of hours.

A rare word says more than a common one. Counting how common a word is takes as long as it is
common, so counting ends early: of a word that very many events share, it is only known that it
decides little.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

from qvtime.store.index import Index, event_from
from qvtime.store.words import parts_of, phrase, terms_of
from qvtime.timeline import Event

COUNTED = 2000
"""How many events with a word are counted; more are a common word's."""
WEIGHED = 500
"""How many matches are read and weighed against each other; of more, the first ones."""
MOST_TERMS = 32


@dataclass(frozen=True, slots=True)
class Hit:
    """An event of an index with words that were looked for.

    path: its video. rank: 1 is best. whole: it has all the words (a Chinese run of them as one).
    """

    path: str
    event: Event
    rank: int
    whole: bool


def search_events(index: Index, words: str, top_k: int) -> list[Hit]:
    """The events with all of the words, then those with some of them; at most `top_k`, best first.

    The better, the rarer the words that an event has, and the fewer others. Word forms are one
    ("jumps", "jumped"), capital letters and accents do not count. Videos whose files are missing
    are left out. Raises StoreError.
    """
    terms = terms_of(words)[:MOST_TERMS]
    if not terms or top_k < 1:
        return []
    with_all = _matching(index, " AND ".join(map(phrase, terms)), WEIGHED)
    found = [(*one, True) for one in _weighed(index, dict.fromkeys(with_all, 0.0))]
    if len(found) < top_k:
        weights = _weights(index, terms)
        for number in with_all:
            weights.pop(number, None)
        found += [(*one, False) for one in _weighed(index, weights)]
    return [
        Hit(path, event, rank, whole) for rank, (path, event, whole) in enumerate(found[:top_k], 1)
    ]


def _matching(index: Index, match: str, most: int) -> list[int]:
    """The numbers of the first events that match."""
    rows = index.database.query(
        "SELECT rowid FROM words WHERE words MATCH ? LIMIT ?", (match, most)
    )
    return [number for (number,) in rows]


def _weights(index: Index, terms: list[str]) -> dict[int, float]:
    """What events with some of the terms weigh: the sum of log(events / events with it), over
    the parts of terms that are not common; the rarest part counts, however common it is."""
    parts = list(dict.fromkeys(part for term in terms for part in parts_of(term)))[:MOST_TERMS]
    having = {part: _matching(index, phrase(part), COUNTED + 1) for part in parts}
    rarest = min((len(events) for events in having.values() if events), default=0)
    ((total,),) = index.database.query("SELECT max(id) FROM event")
    weights: dict[int, float] = {}
    for events in having.values():
        if rarest == len(events) or len(events) <= COUNTED:
            for number in events:
                weights[number] = weights.get(number, 0.0) + log(1 + total / len(events))
    return weights


def _weighed(index: Index, weights: Mapping[int, float]) -> list[tuple[str, Event]]:
    """The heaviest events with their videos, heaviest first; of equals, the one with less to say,
    then the earlier one."""
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
    return [(path, event) for _, path, event in found]

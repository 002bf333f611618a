"""Finding events by their words, best first, in milliseconds over thousands of hours.

Ranking many matches takes long, so the words are taken from the rarest on: at most `RANKED`
events are weighed, and a word that most of the index shares decides nothing.
"""

from dataclasses import dataclass

from qvtime.store.index import Index, event_from
from qvtime.store.words import parts_of, phrase, terms_of
from qvtime.timeline import Event

RANKED = 2000
"""How many matches are weighed against each other (BM25); of more, the first ones."""
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

    Word forms are one ("jumps", "jumped"), capital letters and accents do not count. Videos whose
    files are missing are left out. Raises StoreError.
    """
    terms = terms_of(words)[:MOST_TERMS]
    if not terms or top_k < 1:
        return []
    found = dict.fromkeys(_ranked(index, " AND ".join(map(phrase, terms)), top_k), True)
    if len(found) < top_k:
        parts = dict.fromkeys(part for term in terms for part in parts_of(term))
        rare = _rare(index, list(parts)[:MOST_TERMS])
        if rare:
            for number in _ranked(index, " OR ".join(map(phrase, rare)), top_k):
                found.setdefault(number, False)
    hits: list[Hit] = []
    for number, whole in list(found.items())[:top_k]:
        ((key, *event),) = index.database.query(
            "SELECT path, start_ms, end_ms, caption, score, source"
            " FROM event JOIN video ON video.id = event.video WHERE event.id = ?",
            (number,),
        ) or [(None,)]
        with index.believing():
            hits.append(Hit(index.place.path(key), event_from(tuple(event)), len(hits) + 1, whole))
    return hits


def _ranked(index: Index, match: str, top_k: int) -> list[int]:
    """The events that match, best first."""
    rows = index.database.query(
        "SELECT number FROM (SELECT words.rowid AS number, bm25(words) AS weight FROM words"
        " JOIN event ON event.id = words.rowid JOIN video ON video.id = event.video"
        " WHERE words MATCH ? AND video.missing = 0 LIMIT ?)"
        " ORDER BY weight, number LIMIT ?",
        (match, RANKED, top_k),
    )
    return [number for (number,) in rows]


def _rare(index: Index, parts: list[str]) -> list[str]:
    """The rarest of these, as many as together match no more than is weighed; one at least."""
    counted = []
    for place, part in enumerate(parts):
        ((count,),) = index.database.query(
            "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)",
            (phrase(part), RANKED + 1),
        )
        counted.append((count, place, part))
    chosen: list[str] = []
    left = RANKED
    for count, _, part in sorted(counted):
        if count and (count <= left or not chosen):
            chosen.append(part)
            left -= count
    return chosen

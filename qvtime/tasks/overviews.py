"""Overviews of videos: made while a timeline is, and where they say that a question's words may be.

Nothing in a vision feature says what a word looks like. But an index has both: captions, and how
the video looked while they held. Of each word of a question a direction is learned from them, and
moments that look like it are where to look: what the captions left out too. A word that no caption
of the video has, or that all have, says nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from math import log
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from qvtime.settings import Settings
from qvtime.store.fingerprint import Fingerprint
from qvtime.store.index import Index
from qvtime.store.overviews import Overview, OverviewKey, OverviewMaker, OverviewStore
from qvtime.store.record import Record
from qvtime.store.search import spans_by_word
from qvtime.timeline import Event, Span

if TYPE_CHECKING:  # torch is loaded only once a video is known to be readable
    from qvtime.model.backend import Backend
    from qvtime.model.vision import VideoFeatures

FOLDS = 4
"""A moment's own captions do not decide about it: it is judged by what the others taught."""
FOLD_MS = 20_000
CAUTION = 100.0
"""How much evidence a direction needs: the weight of the ridge, in cells of unit variance."""
MOST_LIKELY = 900
LIKELY_SHARE = 0.25
"""Of a short video not more than this is likely."""
LIKELY_SCORE = 0.9
"""The likeliest place scores less than the caption that fits best, and so comes after it."""

Cells = npt.NDArray[np.float32]


def watch_for(
    maker: OverviewMaker, engine: "Backend", settings: Settings
) -> "Callable[[Sequence[int], VideoFeatures], None] | None":
    """What tells the maker how a video looks as it is read; None where the model is elsewhere."""
    # Asked of what it can do: importing its class would load torch for a model that has none.
    if settings.server is not None or not hasattr(engine, "encode"):
        return None

    def watch(centres_ms: Sequence[int], features: "VideoFeatures") -> None:
        from qvtime.model.feature_arrays import strongest

        maker.add(centres_ms, strongest(features))

    return watch


def overview_key(fingerprint: Fingerprint, made_with: str) -> OverviewKey:
    """What the overview of a video with this content and timeline is kept for."""
    return OverviewKey(fingerprint.content, made_with)


def spoiled(index: Index, fingerprint: Fingerprint) -> str | None:
    """Why the overview beside the timeline of a video is not believed; None if it is, or none."""
    copies = index.same_content(fingerprint)
    return OverviewStore(index.place.folder).trouble(
        fingerprint.content, {one.made_with for one in copies if one.error is None}
    )


def likely_at(index: Index, record: Record, words: str) -> tuple[Event, ...]:
    """Where the video looks as it does where its captions have these words, likeliest first.

    Each is a cell of its overview, the more like it, the higher its score. None without an
    overview, or where no word tells.
    """
    overview = OverviewStore(index.place.folder).find(
        overview_key(record.fingerprint, record.made_with)
    )
    if overview is None:
        return ()
    total, spans = spans_by_word(index, record, words)
    telling = {word: found for word, found in spans.items() if 0 < len(found) < total}
    if not telling:
        return ()
    likely = likeness(overview, telling, total)
    most = min(MOST_LIKELY, int(LIKELY_SHARE * len(likely)))
    best = np.argsort(-likely, kind="stable")[:most]
    return tuple(
        Event(
            Span(int(cell) * overview.cell_ms, (int(cell) + 1) * overview.cell_ms),
            words,
            LIKELY_SCORE * (1 - place / len(best)),
        )
        for place, cell in enumerate(best)
    )


def likeness(overview: Overview, spans: Mapping[str, Sequence[Span]], total: int) -> Cells:
    """How much each cell looks like those in the spans of every word, float32 [cells].

    total: how many captions there are; a rare word counts more than a common one.
    """
    looks = _standard(overview.looks.astype(np.float32))
    marked = np.stack([_marked(overview, found) for found in spans.values()], axis=1)
    fold_cells = max(1, FOLD_MS // overview.cell_ms)
    fold = np.arange(len(looks)) // fold_cells % FOLDS
    parts = [looks[fold == one] for one in range(FOLDS)]
    squares = [part.T @ part for part in parts]
    judged = np.zeros_like(marked)
    for one in range(FOLDS):
        others = fold != one
        if not others.any():
            continue
        square = sum(squares[:one] + squares[one + 1 :])
        square = square + CAUTION * np.eye(looks.shape[1], dtype=np.float32)
        aim = looks[others].T @ (marked[others] - marked[others].mean(axis=0))
        judged[fold == one] = parts[one] @ np.linalg.solve(square, aim)
    weights = np.array([log(total / len(found)) for found in spans.values()], np.float32)
    return cast(Cells, _standard(judged) @ weights)


def _standard(columns: Cells) -> Cells:
    """Each column with mean 0 and deviation 1; one that never changes is all 0."""
    centred = columns - columns.mean(axis=0)
    return cast(Cells, centred / np.maximum(centred.std(axis=0), 1e-6))


def _marked(overview: Overview, spans: Sequence[Span]) -> Cells:
    """1 for the cells that spans reach into, else 0."""
    marked = np.zeros(len(overview.looks), np.float32)
    for span in spans:
        marked[span.start_ms // overview.cell_ms : -(-span.end_ms // overview.cell_ms)] = 1
    return marked

"""Moments that captions left out are likely where the video looks as it does where they did not."""

from pathlib import Path

import numpy as np
import pytest

from qvtime.report import Report
from qvtime.store.fingerprint import take_fingerprint
from qvtime.store.index import Index, open_index
from qvtime.store.overviews import Overview, OverviewStore
from qvtime.store.place import place_of
from qvtime.store.record import Record
from qvtime.tasks.overviews import LIKELY_SCORE, likely_at, overview_key
from qvtime.timeline import Event, Span

CELL_MS, CELLS, NUMBERS = 1000, 1200, 24
DOGS, CATS = range(10, CELLS, 40), range(30, CELLS, 40)
"""The cells in which a dog runs, and those in which a cat sleeps."""


def looks() -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Noise, in which a dog shows in some numbers a little and a cat in others."""
    generator = np.random.default_rng(3)
    seen = generator.normal(128, 20, (CELLS, NUMBERS))
    for cells, numbers in ((DOGS, slice(0, 6)), (CATS, slice(4, 10))):
        seen[list(cells), numbers] += 40
    return np.clip(seen, 0, 255).astype(np.uint8)


def fill(index: Index, path: Path, keep: bool = True) -> Record:
    """A video whose captions have every second dog and every second cat."""
    path.write_bytes(path.name.encode())
    captioned = [(cell, "a dog runs") for cell in DOGS[::2]]
    captioned += [(cell, "a cat is asleep on the lawn") for cell in CATS[::2]]
    events = [Event(Span(CELL_MS * c, CELL_MS * (c + 1)), said) for c, said in sorted(captioned)]
    report = Report(str(path), "", "", tuple(events), model="m")
    fingerprint = take_fingerprint(str(path))
    subtitles = [Event(Span(0, 9000), "a dog and a whale", source="subtitle")]
    index.save_timeline(str(path), fingerprint, "{}", report, subtitles)
    if keep:
        store = OverviewStore(index.place.folder)
        store.keep(overview_key(fingerprint, "{}"), Overview(CELL_MS, looks()))
    record = index.find(str(path))
    assert record is not None
    return record


def cells(found: tuple[Event, ...]) -> list[int]:
    return [event.span.start_ms // CELL_MS for event in found]


@pytest.mark.parametrize(("words", "true"), [("when do dogs run?", DOGS), ("the lawn", CATS)])
def test_what_the_captions_left_out_is_likely(tmp_path: Path, words: str, true: range) -> None:
    with open_index(place_of(str(tmp_path)), writing=True) as index:
        found = likely_at(index, fill(index, tmp_path / "clip.mp4"), words)
    best = cells(found)[: len(true) * 3 // 2]
    unsaid = true[1::2]
    assert len(set(best) & set(unsaid)) >= 0.8 * len(unsaid)
    assert all(event.span.duration_ms == CELL_MS for event in found)
    scores = [event.score or 0.0 for event in found]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == LIKELY_SCORE
    assert scores[-1] > 0


@pytest.mark.parametrize("words", ["when does a whale sing?", "what happens?", "a", ""])
def test_words_that_no_caption_has_say_nothing(tmp_path: Path, words: str) -> None:
    with open_index(place_of(str(tmp_path)), writing=True) as index:
        assert likely_at(index, fill(index, tmp_path / "clip.mp4"), words) == ()


def test_without_an_overview_nothing_is_likely(tmp_path: Path) -> None:
    with open_index(place_of(str(tmp_path)), writing=True) as index:
        assert likely_at(index, fill(index, tmp_path / "clip.mp4", keep=False), "a dog") == ()

"""How long a search of a large index takes, and how large its file is.

    python benchmarks/search.py [--hours 10000] [--events-an-hour 120] [--folder FOLDER]

Makes an index of hour-long videos whose captions are drawn from a vocabulary in which few words
are common and most are rare (Zipf), in English and in Chinese, and searches it with the words of
captions that are in it. Times are of the whole search: opening, finding, ranking, reading 20
events, each query once, on whatever the machine has in its cache by then.
"""
# ruff: noqa: T201 (a benchmark prints)

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from qvtime.report import Report
from qvtime.store.database import Database
from qvtime.store.index import open_index
from qvtime.store.place import Place, place_at
from qvtime.store.record import details_of
from qvtime.store.search import search_events
from qvtime.store.words import spaced

HOUR_MS = 3_600_000
ENGLISH_WORDS, CHINESE_CHARACTERS = 30_000, 3_000
CHINESE_SHARE = 0.3
TOP_K = 20


class Writer:
    """Captions of 4 to 12 words, the n-th word of the vocabulary as likely as 1/n."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        letters = self._random.integers(97, 123, (ENGLISH_WORDS, 9))
        lengths = self._random.integers(3, 10, ENGLISH_WORDS)
        self._words = [
            bytes(row[:length].tolist()).decode()
            for row, length in zip(letters, lengths, strict=True)
        ]

    def captions(self, count: int) -> Iterator[str]:
        """So many captions."""
        lengths = self._random.integers(4, 13, count)
        chinese = self._random.random(count) < CHINESE_SHARE
        ranks = self._zipf(int(lengths.sum()), ENGLISH_WORDS)
        starts = np.concatenate(([0], np.cumsum(lengths)))
        for n in range(count):
            chosen = ranks[starts[n] : starts[n + 1]]
            if chinese[n]:
                yield "".join(chr(0x4E00 + rank % CHINESE_CHARACTERS) for rank in chosen)
            else:
                yield " ".join(self._words[rank] for rank in chosen)

    def _zipf(self, count: int, most: int) -> list[int]:
        drawn = most ** self._random.random(count)  # the inverse of the sum of 1/n
        ranks: list[int] = np.minimum(drawn.astype(np.int64), most - 1).tolist()
        return ranks


def fill(place: Place, hours: int, events_an_hour: int, writer: Writer) -> None:
    """Save hour-long timelines, many in one transaction; sizes are those of real runs."""
    open_index(place, writing=True).close()
    database = Database(place.file, writing=True)
    details = details_of(Report("v", "list all events", "", (), "model"))
    step_ms = HOUR_MS // events_an_hour
    number = 0
    for first in range(0, hours, 250):
        with database.transaction() as rows:
            for hour in range(first, min(first + 250, hours)):
                stamp = (5 * 10**8, 10**18, f"b2:{hour:040x}", 1, json.dumps({"model": "m"}))
                rows.execute(
                    "INSERT INTO video (id, path, size_bytes, mtime_ns, digest, settled,"
                    " made_with, duration_ms, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (hour, f"/videos/camera/{hour:06}.mp4".encode(), *stamp, HOUR_MS, details),
                )
                captions = list(writer.captions(events_an_hour))
                numbers = range(number + 1, number + 1 + events_an_hour)
                rows.executemany(
                    "INSERT INTO event (id, video, start_ms, end_ms, caption, score, source)"
                    " VALUES (?, ?, ?, ?, ?, 0.9, 'seen')",
                    [
                        (event, hour, k * step_ms, k * step_ms + 5000, caption)
                        for k, (event, caption) in enumerate(zip(numbers, captions, strict=True))
                    ],
                )
                rows.executemany(
                    "INSERT INTO words (rowid, spaced) VALUES (?, ?)",
                    [(n, spaced(said)) for n, said in zip(numbers, captions, strict=True)],
                )
                number += events_an_hour
    database.close()


def queries(writer: Writer, count: int) -> Iterator[str]:
    """Two or three words that follow each other in a caption, or up to four characters."""
    for place, caption in enumerate(writer.captions(count)):
        words = caption.split()
        yield " ".join(words[: 2 + place % 2]) if len(words) > 1 else caption[: 2 + place % 3]


def measure(place: Place, asked: list[str]) -> tuple[list[float], list[float]]:
    """Milliseconds on the clock, and of the processor, for each search."""
    on_clock, of_processor = [], []
    for words in asked:
        started = time.perf_counter(), time.process_time()
        with open_index(place) as index:
            search_events(index, words, TOP_K)
        on_clock.append(1000 * (time.perf_counter() - started[0]))
        of_processor.append(1000 * (time.process_time() - started[1]))
    return on_clock, of_processor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hours", type=int, default=10_000)
    parser.add_argument("--events-an-hour", type=int, default=120)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--folder", type=Path, help="keep the index here, and use it again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = place_at(str(options.folder or temporary))
        if not place.file.exists():
            started = time.perf_counter()
            fill(place, options.hours, options.events_an_hour, Writer(1))
            print(f"made in {time.perf_counter() - started:.0f} s")
        with open_index(place) as index:
            stats = index.stats()
        asked = list(queries(Writer(1), options.queries))
        print(
            f"{stats.videos} hours, {stats.events_seen} events, {stats.size_bytes / 1e6:.0f} MB,"
            f" {len(asked)} searches"
        )
        for name, spent in zip(("clock", "processor"), measure(place, asked), strict=True):
            p50, p90, p99 = np.percentile(spent, [50, 90, 99])
            print(
                f"{name:10} p50 {p50:6.1f} ms   p90 {p90:6.1f} ms   p99 {p99:6.1f} ms   "
                f"worst {max(spent):.1f} ms"
            )


if __name__ == "__main__":
    main()

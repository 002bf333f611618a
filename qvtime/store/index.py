"""The index: a timeline for every video of a folder, and why some have none.

A video is saved in one transaction, committed when all of it is there: whatever ends a run, the
index holds whole timelines only. What changes the index holds its lock.

    with open_index(place_of("videos"), writing=True) as index:
        index.save_timeline(path, fingerprint, made_with, report)
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from qvtime.closing import Closing
from qvtime.errors import QvtimeError, StoreError, cause_of
from qvtime.report import Report
from qvtime.store.database import Database, damaged
from qvtime.store.fingerprint import Fingerprint
from qvtime.store.lock import FolderLock
from qvtime.store.place import Place
from qvtime.store.record import Record, details_of, report_from
from qvtime.store.words import spaced
from qvtime.timeline import Event, Span

_COLUMNS = (
    "id, path, size_bytes, mtime_ns, digest, settled, made_with, missing, duration_ms, error, hint"
)


@dataclass(frozen=True, slots=True)
class Stats:
    """What an index holds. `duration_ms` is that of its timelines; `size_bytes` of its file."""

    videos: int
    failed: int
    missing: int
    duration_ms: int
    events_seen: int
    events_in_subtitles: int
    size_bytes: int


class Index(Closing):
    """An open index. A context. Made by `open_index`."""

    def __init__(self, place: Place, database: Database, lock: FolderLock | None) -> None:
        self.place = place
        self.database = database
        self._lock = lock

    def find(self, path: str) -> Record | None:
        """What is known of a video, if anything is."""
        rows = self.database.query(
            f"SELECT {_COLUMNS} FROM video WHERE path = ?",  # noqa: S608
            (self.place.key(path),),
        )
        return self._record(rows[0]) if rows else None

    def records(self) -> list[Record]:
        """All videos, in the order of their paths."""
        rows = self.database.query(f"SELECT {_COLUMNS} FROM video ORDER BY path")  # noqa: S608
        return [self._record(row) for row in rows]

    def same_content(self, fingerprint: Fingerprint) -> list[Record]:
        """The videos with exactly this content, whatever they are called."""
        rows = self.database.query(
            f"SELECT {_COLUMNS} FROM video"  # noqa: S608
            " WHERE digest = ? AND size_bytes = ? ORDER BY path",
            (fingerprint.digest, fingerprint.size_bytes),
        )
        return [self._record(row) for row in rows]

    def report(self, record: Record, sources: Sequence[str] = ("seen",)) -> Report:
        """A video's timeline: its events from these sources. StoreError when it has none, which
        another run may have seen to since the record was read."""
        with self.database.snapshot():
            rows = self.database.query("SELECT details FROM video WHERE id = ?", (record.number,))
            events = self.database.query(
                "SELECT start_ms, end_ms, caption, score, source FROM event WHERE video = ?"
                " ORDER BY start_ms, id",
                (record.number,),
            )
        if not rows or rows[0][0] is None:
            raise StoreError(
                f"{self.place.file}: has no timeline of {record.path} any more",
                "another run is at work on it; try again",
            )
        with self.believing():
            kept = tuple(event_from(row) for row in events)
            kept = tuple(event for event in kept if event.source in sources)
            return report_from(record.path, rows[0][0], kept)

    def save_timeline(
        self,
        path: str,
        fingerprint: Fingerprint,
        made_with: str,
        report: Report,
        subtitles: Iterable[Event] = (),
    ) -> None:
        """Keep a video's timeline and what its subtitles say, in place of what was known of it."""
        duration_ms = None if report.video is None else report.video.duration_ms
        details = details_of(report)
        with self.database.transaction() as rows:
            number = self._put(rows, path, fingerprint, made_with, (duration_ms, details))
            for event in (*report.events, *subtitles):
                row = (number, event.span.start_ms, event.span.end_ms, event.caption)
                added = rows.execute(
                    "INSERT INTO event (video, start_ms, end_ms, caption, score, source)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (*row, event.score, event.source),
                )
                rows.execute(
                    "INSERT INTO words (rowid, spaced) VALUES (?, ?)",
                    (added.lastrowid, spaced(event.caption)),
                )

    def save_failure(
        self, path: str, fingerprint: Fingerprint, made_with: str, error: QvtimeError
    ) -> None:
        """Keep why a video has no timeline."""
        why = (_unicode(error.message), None if error.hint is None else _unicode(error.hint))
        with self.database.transaction() as rows:
            self._put(rows, path, fingerprint, made_with, (None, None, *why))

    def set_fingerprint(self, record: Record, path: str, fingerprint: Fingerprint) -> None:
        """The same content is at `path` now, in place of any other, and looks like this."""
        stamp = (fingerprint.size_bytes, fingerprint.mtime_ns, fingerprint.settled)
        with self.database.transaction() as rows:
            self._drop(rows, "path = ? AND id != ?", (self.place.key(path), record.number))
            rows.execute(
                "UPDATE video SET path = ?, size_bytes = ?, mtime_ns = ?, settled = ?, missing = 0"
                " WHERE id = ?",
                (self.place.key(path), *stamp, record.number),
            )

    def set_missing(self, gone: Sequence[Record], missing: bool = True) -> None:
        """The files of these videos are not there; their timelines stay."""
        with self.database.transaction() as rows:
            rows.executemany(
                "UPDATE video SET missing = ? WHERE id = ?",
                [(missing, record.number) for record in gone],
            )

    def forget(self, records: Sequence[Record]) -> None:
        """Drop all that is known of these videos."""
        with self.database.transaction() as rows:
            for record in records:
                self._drop(rows, "id = ?", (record.number,))
                key = self.place.key(record.path)
                rows.execute("DELETE FROM written WHERE video = ?", (key,))

    def below(self, path: str) -> list[Record]:
        """The video of that path, or the videos in the folder of that path."""
        key = self.place.key(path)
        inside = b"" if key == b"." else key.rstrip(b"/") + b"/"
        keys = ((self.place.key(record.path), record) for record in self.records())
        return [record for own, record in keys if own == key or own.startswith(inside)]

    def event_counts(self) -> dict[int, int]:
        """How many events were seen in each video, by its number; videos without any are left
        out."""
        return dict(
            self.database.query(
                "SELECT video, count(*) FROM event WHERE source = 'seen' GROUP BY video"
            )
        )

    def stats(self) -> Stats:
        """What it holds, counted."""
        ((videos, failed, missing, duration_ms),) = self.database.query(
            "SELECT count(*), count(error), total(missing), total(duration_ms) FROM video"
        )
        sources = dict(self.database.query("SELECT source, count(*) FROM event GROUP BY source"))
        return Stats(
            videos,
            failed,
            int(missing),
            int(duration_ms),
            sources.get("seen", 0),
            sources.get("subtitle", 0),
            self.place.file.stat().st_size,
        )

    @contextmanager
    def believing(self) -> Iterator[None]:
        """What the rows say is believed inside; where it cannot be true, IndexDamaged."""
        try:
            yield
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise damaged(self.place.file) from error

    def close(self) -> None:
        """Close the file, then let go of the lock."""
        self.database.close()
        if self._lock is not None:
            self._lock.close()

    def _record(self, row: tuple[Any, ...]) -> Record:
        number, key, size_bytes, mtime_ns, digest, settled, *rest = row
        made_with, missing, duration_ms, error, hint = rest
        fingerprint = Fingerprint(size_bytes, mtime_ns, digest, bool(settled))
        path = self.place.path(key)
        return Record(number, path, fingerprint, made_with, bool(missing), duration_ms, error, hint)

    def _put(
        self,
        rows: sqlite3.Connection,
        path: str,
        fingerprint: Fingerprint,
        made_with: str,
        outcome: tuple[int | str | None, ...],
    ) -> int:
        """Put a video's row in the place of the one it has; the row's number."""
        key = self.place.key(path)
        stamp = (fingerprint.size_bytes, fingerprint.mtime_ns, fingerprint.digest)
        self._drop(rows, "path = ?", (key,))
        added = rows.execute(
            "INSERT INTO video (path, size_bytes, mtime_ns, digest, settled, made_with,"
            " duration_ms, details, error, hint) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (key, *stamp, fingerprint.settled, made_with, *(*outcome, None, None)[:4]),
        )
        return added.lastrowid or 0

    def _drop(self, rows: sqlite3.Connection, which: str, values: tuple[object, ...]) -> None:
        """Take out the videos of a condition, with their events."""
        found = rows.execute(f"SELECT id FROM video WHERE {which}", values)  # noqa: S608
        for (video,) in found.fetchall():
            events = rows.execute("SELECT id, caption FROM event WHERE video = ?", (video,))
            # A table without a copy of its text has to be told what to take out.
            rows.executemany(
                "INSERT INTO words (words, rowid, spaced) VALUES ('delete', ?, ?)",
                [(number, spaced(caption)) for number, caption in events.fetchall()],
            )
            rows.execute("DELETE FROM event WHERE video = ?", (video,))
            rows.execute("DELETE FROM video WHERE id = ?", (video,))


def open_index(place: Place, writing: bool = False) -> Index:
    """The index at a place; when `writing`, it is made if need be, and locked.

    Raises StoreError when there is none to read or it cannot be used, IndexLocked when another
    run changes it.
    """
    if not writing:
        try:
            is_there = place.file.is_file()
        except OSError as error:
            raise StoreError(
                f"{place.file}: cannot be opened: {cause_of(error)}", "check the folder"
            ) from error
        if not is_there:
            raise StoreError(
                f"{place.file}: there is no such index", "make one with qvtime index FOLDER"
            )
        return Index(place, Database(place.file, writing=False), None)
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{place.folder}: cannot be made: {cause_of(error)}",
            "keep the index elsewhere with --index DIR",
        ) from error
    lock = FolderLock(place.folder)
    try:
        return Index(place, Database(place.file, writing=True), lock)
    except BaseException:
        lock.close()
        raise


def event_from(row: tuple[Any, ...]) -> Event:
    """The event of (start_ms, end_ms, caption, score, source). ValueError, TypeError if none."""
    start_ms, end_ms, caption, score, source = row
    if source not in ("seen", "subtitle") or not isinstance(caption, str):
        raise ValueError(f"no event: {row}")
    return Event(Span(start_ms, end_ms), caption, score, source)


def _unicode(text: str) -> str:
    r"""The text as SQLite can keep it: a byte of a file name that is not UTF-8 as \xe9."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

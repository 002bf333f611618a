"""A connection to an index's file that trusts nothing in it, and says what is wrong in words."""

import errno
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from qvtime.errors import IndexDamaged, IndexTooNew, StoreError
from qvtime.store.schema import MIGRATIONS, is_as_made, migrate, version_of

WAIT_SECONDS = 5.0
"""How long a reader waits for a writer's commit, and the other way round."""

_REBUILD = "move it away, and index the videos again"
_ELSEWHERE = "keep the index elsewhere with --index DIR"

Parameters = Sequence[object]


class Database:
    """The file of an index, open. A missing one is made when `writing`, else it is an error.

    Raises StoreError, IndexDamaged, IndexTooNew; in every case the file is left as it is.
    """

    def __init__(self, file: Path, writing: bool) -> None:
        self.file = file
        # The journal is SQLite's own: WAL cannot be read in a read-only folder, and is not safe
        # on the network file systems where videos lie.
        name = f"file:{quote(os.fsencode(file.absolute()))}?mode={'rwc' if writing else 'rw'}"
        with self._in_words():
            self._connection = sqlite3.connect(
                name, timeout=WAIT_SECONDS, isolation_level=None, uri=True
            )
        try:
            with self._in_words():
                self._open(writing)
        except BaseException:
            self._connection.close()
            raise

    def query(self, statement: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement gives."""
        with self._in_words():
            return self._connection.execute(statement, parameters).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is done inside happens together, or not at all."""
        with self._in_words():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk has ended it already
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read inside is of one moment; whoever writes waits until it is read."""
        if self._connection.in_transaction:
            yield
            return
        with self._in_words():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file; what was not committed is gone."""
        self._connection.close()

    def _open(self, writing: bool) -> None:
        ask = self._connection.execute
        for pragma in (
            "trusted_schema = OFF",  # a stranger's file could hold functions in views
            "cell_size_check = ON",
            "mmap_size = 0",
            "foreign_keys = ON",
            "synchronous = FULL",
        ):
            ask(f"PRAGMA {pragma}")
        version = version_of(self._connection)
        if version is None:
            raise IndexDamaged(f"{self.file}: is not an index of qvtime", "name another folder")
        if version > len(MIGRATIONS):
            raise IndexTooNew(f"{self.file}: a newer qvtime made it", "use that one, or update")
        if version < len(MIGRATIONS) and not writing:
            raise StoreError(
                f"{self.file}: is not ready to be read", "run qvtime index on its videos first"
            )
        if writing:
            # Reading every page takes too long for a search, and not for work on videos.
            (verdict,) = ask("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise IndexDamaged(f"{self.file}: is damaged", _REBUILD)
            migrate(self._connection)
        if not is_as_made(self._connection):
            raise IndexDamaged(f"{self.file}: its tables are not those of an index", _REBUILD)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _store_error(self.file, error) from error
        except UnicodeDecodeError as error:  # text that is no UTF-8
            raise damaged(self.file) from error


def damaged(file: Path) -> IndexDamaged:
    """The error for an index in which something is not as qvtime writes it."""
    return IndexDamaged(f"{file}: is damaged", _REBUILD)


def _store_error(file: Path, error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT):
        return damaged(file)
    if primary == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_WRITE:
        return StoreError(
            f"{file}: {os.strerror(errno.ENOSPC).lower()}", f"free some space, or {_ELSEWHERE}"
        )
    if primary == sqlite3.SQLITE_READONLY:
        return StoreError(f"{file}: cannot be written", _ELSEWHERE)
    if primary == sqlite3.SQLITE_CANTOPEN:
        hint = _ELSEWHERE if os.path.isdir(file.parent) else "check the folder"  # noqa: PTH112
        return StoreError(f"{file}: cannot be opened", hint)
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(f"{file}: another program holds it", "try again when that one is done")
    if primary == sqlite3.SQLITE_IOERR:
        return StoreError(f"{file}: cannot be read or written: {error}", "check the disk")
    return damaged(file)  # its tables look right, and a statement on them fails

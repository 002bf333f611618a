"""The tables of an index, as numbered steps; each is done whole, or not at all."""

import sqlite3
from collections.abc import Sequence

APPLICATION_ID = 0x71767469
"""`qvti`: what tells an index from any other SQLite file."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # A video's path is bytes. made_with: the choices that shaped its timeline, as JSON;
        # details: where the timeline comes from, as JSON; error: why there is none.
        """CREATE TABLE video (
            id INTEGER PRIMARY KEY,
            path BLOB NOT NULL UNIQUE,
            size_bytes INTEGER NOT NULL,
            mtime_ns INTEGER NOT NULL,
            digest TEXT NOT NULL,
            settled INTEGER NOT NULL,
            made_with TEXT NOT NULL,
            missing INTEGER NOT NULL DEFAULT 0,
            duration_ms INTEGER,
            details TEXT,
            error TEXT,
            hint TEXT,
            CHECK ((details IS NULL) != (error IS NULL))
        ) STRICT""",
        "CREATE INDEX video_by_digest ON video (digest)",
        """CREATE TABLE event (
            id INTEGER PRIMARY KEY,
            video INTEGER NOT NULL REFERENCES video (id),
            start_ms INTEGER NOT NULL,
            end_ms INTEGER NOT NULL,
            caption TEXT NOT NULL,
            score REAL,
            source TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX event_by_video ON event (video, start_ms)",
        # Without a copy of the text: what goes in, segmented, can be made again from `event`.
        """CREATE VIRTUAL TABLE words USING fts5 (
            spaced, content = '', tokenize = 'porter unicode61 remove_diacritics 2'
        )""",
        # Files that were written for people, so that only these are ever written over.
        """CREATE TABLE written (
            file BLOB PRIMARY KEY,
            video BLOB NOT NULL,
            digest TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
    ),
)


def version_of(connection: sqlite3.Connection) -> int | None:
    """How many steps made the file; 0 for a new one, None for one that is no index of qvtime."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application == APPLICATION_ID and version > 0:
        return int(version)
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return 0 if (application, version, tables) == (0, 0, 0) else None


def migrate(
    connection: sqlite3.Connection, migrations: Sequence[Sequence[str]] = MIGRATIONS
) -> None:
    """Take the steps that are still to be taken, each in one transaction with its number."""
    for number in range((version_of(connection) or 0) + 1, len(migrations) + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in migrations[number - 1]:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def is_as_made(connection: sqlite3.Connection) -> bool:
    """Whether the file has exactly the tables of the newest version: no trigger, no view more."""
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(fresh)
        return _objects(fresh) == _objects(connection)
    finally:
        fresh.close()


def _objects(connection: sqlite3.Connection) -> set[tuple[str, str, str | None]]:
    rows = connection.execute("SELECT type, name, sql FROM sqlite_schema").fetchall()
    return {(kind, name, sql) for kind, name, sql in rows}

"""Files written for people: which are qvtime's own, so that it never writes over any other."""

import hashlib
import os
from dataclasses import dataclass

from qvtime.store.index import Index
from qvtime.store.place import absolute


@dataclass(frozen=True, slots=True)
class Written:
    """A file that qvtime wrote. video: for which, as its index spells it; digest: what."""

    video: bytes
    digest: str


def find_written(index: Index, file: str | os.PathLike[str]) -> Written | None:
    """What qvtime last wrote into this file, if it wrote it."""
    rows = index.database.query(
        "SELECT video, digest FROM written WHERE file = ?", (os.fsencode(absolute(file)),)
    )
    return Written(*rows[0]) if rows else None


def remember_written(index: Index, file: str | os.PathLike[str], path: str, content: bytes) -> None:
    """This content was written into the file, for the video of that path."""
    row = (os.fsencode(absolute(file)), index.place.key(path), digest_of(content))
    with index.database.transaction() as rows:
        rows.execute("INSERT OR REPLACE INTO written (file, video, digest) VALUES (?, ?, ?)", row)


def digest_of(content: bytes) -> str:
    """What tells one content from another, tagged with how it was made."""
    return f"b2:{hashlib.blake2b(content, digest_size=20).hexdigest()}"

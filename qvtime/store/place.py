"""Where the index of a folder is, and how it spells the videos it knows.

An index lies in `.qvtime` under the folder it is about and spells paths relative to that folder,
so that both can be moved together. One that is kept elsewhere spells them absolutely.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from qvtime.errors import IndexDamaged

FOLDER_NAME = ".qvtime"
FILE_NAME = "index.db"


@dataclass(frozen=True, slots=True)
class Place:
    """`folder` holds the index; `root` is what its paths are relative to, None if to nothing."""

    folder: Path
    root: str | None

    @property
    def file(self) -> Path:
        """The index itself."""
        return self.folder / FILE_NAME

    def key(self, path: str) -> bytes:
        """How the index spells a path, its bytes as they are. Nothing is resolved."""
        absolute = os.path.abspath(path)
        if self.root is not None:
            absolute = os.path.relpath(absolute, os.path.abspath(self.root))
        return os.fsencode(absolute)

    def path(self, key: object) -> str:
        """The path behind a spelling. IndexDamaged for one that `key` cannot have made."""
        if isinstance(key, bytes) and b"\0" not in key:
            name = os.fsdecode(key)
            inside = os.path.normpath(name) == name and not name.startswith("..")
            if self.root is None and os.path.isabs(name):
                return name
            if self.root is not None and inside and not os.path.isabs(name):
                return name if self.root in ("", os.curdir) else os.path.join(self.root, name)
        raise IndexDamaged(
            f"{self.file}: it names a video in a way that qvtime never does",
            "someone else may have made it; move it away, and index the videos again",
        )


def place_at(folder: str) -> Place:
    """The index that `--index FOLDER` means: FOLDER's own, if it has one, else one in FOLDER."""
    own = Path(folder) / FOLDER_NAME
    if (own / FILE_NAME).is_file():
        return Place(own, folder)
    return Place(Path(folder), None)


def place_of(path: str) -> Place:
    """The index about this file or folder: the nearest above it, else one in the folder itself.

    One above counts only if it belongs to this user: others could put one above anything.
    """
    start = path if os.path.isdir(path) else os.path.dirname(path) or os.curdir
    candidate = Path(os.path.abspath(start))
    if not (candidate / FOLDER_NAME / FILE_NAME).is_file():
        for above in candidate.parents:
            if _is_ours(above / FOLDER_NAME / FILE_NAME):
                root = str(above) if os.path.isabs(start) else os.path.relpath(above)
                return Place(above / FOLDER_NAME, root)
    return Place(Path(start) / FOLDER_NAME, start)


def _is_ours(file: Path) -> bool:
    try:
        return file.stat().st_uid == os.geteuid() and file.is_file()
    except OSError:
        return False

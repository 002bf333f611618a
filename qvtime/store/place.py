"""Where the index of a folder is, and how it spells the videos it knows.

An index lies in `.qvtime` under the folder it is about and spells paths relative to that folder,
so that both can be moved together. One that is kept elsewhere spells them absolutely.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from qvtime.errors import IndexDamaged, UsageError

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

    @property
    def is_there(self) -> bool:
        """Whether there is an index; no where nobody may look."""
        return _is_file(self.file)

    def key(self, path: str) -> bytes:
        """How the index spells a path, its bytes as they are. Nothing is resolved.

        UsageError for a path outside of the folder that the index is about.
        """
        name = absolute(path)
        if self.root is None:
            return os.fsencode(name)
        below = os.path.relpath(name, self.root)
        if below.split("/")[0] == "..":
            raise UsageError(
                f"{path}: is outside of {self.root}, and {self.file} is about what is in there",
                "name another folder with --index",
            )
        return os.fsencode(below)

    def path(self, key: object) -> str:
        """The path behind a spelling. IndexDamaged for one that `key` cannot have made."""
        if isinstance(key, bytes) and b"\0" not in key:
            name = os.fsdecode(key)
            inside = os.path.normpath(name) == name and name.split("/")[0] not in ("", "..")
            if self.root is None and name.startswith("/"):
                return name
            if self.root is not None and inside:
                return str(Path(self.root) / name)
        raise IndexDamaged(
            f"{self.file}: it names a video in a way that qvtime never does",
            "someone else may have made it; move it away, and index the videos again",
        )

    def leads_astray(self, path: str) -> str | None:
        """The link on the way from the root to this video, where an index of someone else names it.

        A stranger could name any file of this user through a link. One's own links are believed.
        """
        if self.root is None or _is_ours(self.file):
            return None
        below = Path(os.path.relpath(path, self.root)).parts
        for count in range(1, len(below) + 1):
            link = Path(self.root, *below[:count])
            if link.is_symlink():
                return str(link)
        return None


def place_at(folder: str) -> Place:
    """The index that `--index FOLDER` means: FOLDER's own, if it has one, else one in FOLDER.

    One in a FOLDER called `.qvtime` is, as ever, about the folder around it.
    """
    own = Path(folder) / FOLDER_NAME
    if _is_file(own / FILE_NAME):
        return Place(own, folder)
    named = Path(absolute(folder)) if Path(folder).name in ("", "..") else Path(folder)
    return Place(named, str(named.parent) if named.name == FOLDER_NAME else None)


def place_of(path: str) -> Place:
    """The index about this file or folder: the nearest above it, else one in the folder itself.

    One above counts only if it belongs to this user: others could put one above anything.
    """
    # Unlike Path's, os.path's say no about what they may not look at.
    start = Path(path) if os.path.isdir(path) else Path(path).parent  # noqa: PTH112
    if not _is_file(start / FOLDER_NAME / FILE_NAME):
        for above in Path(absolute(start)).parents:
            if _is_ours(above / FOLDER_NAME / FILE_NAME):
                root = str(above) if start.is_absolute() else os.path.relpath(above)
                return Place(Path(root) / FOLDER_NAME, root)
    return Place(start / FOLDER_NAME, str(start))


def absolute(path: str | os.PathLike[str]) -> str:
    """The path from the root of the file system, without "." and ".."; no link is followed."""
    return os.path.normpath(Path(path).absolute())


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113


def _is_ours(file: Path) -> bool:
    try:
        return file.stat().st_uid == os.geteuid() and file.is_file()
    except OSError:
        return False

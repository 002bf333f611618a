"""Which subtitles lie beside a video: when they change, the video's timeline is an old one."""

import hashlib
import os
from functools import cache
from pathlib import Path

from qvtime.subtitles import HEAD_BYTES, is_own
from qvtime.video.subtitles import AUTO, ENDINGS, NONE, sidecars

Stamp = list[list[str]]


def are_subtitles(file: Path, video_path: str) -> bool:
    """Whether a file is there that somebody else wrote as this video's subtitles."""
    if file.suffix.lower() not in ENDINGS:  # else a folder is listed for each of its videos
        return False
    try:
        if not any(file.samefile(beside) for beside in sidecars(video_path)):
            return False
        with file.open("rb") as opened:
            head = opened.read(HEAD_BYTES).decode("utf-8", "replace")
    except OSError:  # there is none, or nobody may look into it
        return file.exists()
    return bool(head.strip()) and not is_own(head)  # of nothing found qvtime writes nothing


class Sidecars:
    """The subtitle files of videos at one time: each folder is listed once.

    `choice` is "auto", "none" or a file, as `read_subtitles` takes it.
    """

    def __init__(self, choice: str, largest_bytes: int) -> None:
        self._choice = choice
        self._largest_bytes = largest_bytes
        self._in_folder = cache(_subtitle_files)

    def stamp(self, video_path: str) -> Stamp:
        """[how its name goes on after the video's, a digest] for each file that may be read.

        Left out is what qvtime wrote, and what cannot be read. JSON gives the same value back.
        """
        return [
            [label, hashlib.blake2b(content, digest_size=20).hexdigest()]
            for label, path in self._files(video_path)
            if (content := self._read(path))
            and not is_own(content[:HEAD_BYTES].decode("utf-8", "replace"))
        ]

    def _files(self, video_path: str) -> list[tuple[str, str]]:
        if self._choice == NONE:
            return []
        if self._choice != AUTO:
            return [("", self._choice)]
        video = Path(video_path)
        near = (name.startswith(video.stem) for name in self._in_folder(str(video.parent)))
        if not any(near):  # what follows lists the folder for every video
            return []
        return [
            (os.fsencode(Path(path).name.removeprefix(video.stem)).hex(), path)
            for path in sidecars(video_path)
        ]

    def _read(self, path: str) -> bytes:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:  # noqa: PTH123
                return file.read(self._largest_bytes)
        except (OSError, ValueError):
            return b""


def _subtitle_files(folder: str) -> tuple[str, ...]:
    try:
        return tuple(one.name for one in Path(folder).iterdir() if one.suffix.lower() in ENDINGS)
    except OSError:
        return ()

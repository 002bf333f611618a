"""Videos as people look at them: what is known of one, its pictures, and what is said in it."""

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

from qvtime.closing import Closing
from qvtime.errors import VideoError, VideoNotFound
from qvtime.settings import Settings
from qvtime.subtitles import Cue
from qvtime.tasks.subtitled import open_subtitled
from qvtime.timeline import Span

if TYPE_CHECKING:
    from qvtime.frames import VideoInfo
    from qvtime.video.reader import VideoReader

MOST_OPEN = 3
"""Videos that stay open: pictures of one are asked for many at a time."""
MOST_KNOWN = 10_000

Version = tuple[int, int, int]
"""Size, modification time and inode: another file at the same path is another one."""


@dataclass
class _Open:
    """A video in use by one thread at a time; `reader` is None before its first use."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    reader: "VideoReader | None" = None


class Viewer(Closing):
    """Opens videos for people, and keeps the last few open. A context, for many threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._open: OrderedDict[tuple[str, Version], _Open] = OrderedDict()
        self._infos: OrderedDict[tuple[str, Version], VideoInfo | VideoError] = OrderedDict()

    def info(self, path: str) -> "VideoInfo":
        """What is known of the video. Raises VideoError, at once where that is known already."""
        key = (path, version_of(path))
        known = self._infos.get(key)
        if known is None:
            try:
                with self._reading(path) as reader:
                    known = reader.info
            except VideoError as error:
                known = error
            with self._lock:
                self._infos[key] = known
                while len(self._infos) > MOST_KNOWN:
                    self._infos.popitem(last=False)
        if isinstance(known, VideoError):
            raise known
        return known

    def picture(self, path: str, at_ms: int, width_px: int) -> bytes:
        """The picture on screen at a moment as a JPEG, `width_px` wide at most and never enlarged.

        Raises VideoError.
        """
        from qvtime.video.picture import encode_jpeg

        with self._reading(path) as reader:
            last_ms = max(0, reader.info.duration_ms - 1)
            batch = reader.frames_at([min(at_ms, last_ms)], partial(_size, width_px))
        return encode_jpeg(batch.pixels[0])

    def subtitles(self, path: str) -> tuple[Cue, ...]:
        """What is said in the video, in order of time. Raises VideoError."""
        with self._reading(path) as reader:
            return reader.spoken.within(Span(0, max(1, reader.info.duration_ms)))

    def close(self) -> None:
        """Close every video."""
        with self._lock:
            opened = [*self._open.values()]
            self._open.clear()
        for one in opened:
            _close(one)

    def _reading(self, path: str) -> "_Reading":
        key = (path, version_of(path))
        with self._lock:
            one = self._open.setdefault(key, _Open())
            self._open.move_to_end(key)
            too_many = [self._open.popitem(last=False)[1] for _ in range(self._surplus())]
        for other in too_many:
            _close(other)
        return _Reading(path, one, self._settings)

    def _surplus(self) -> int:
        return max(0, len(self._open) - MOST_OPEN)


class _Reading:
    """One thread's turn with an open video; one that fails is closed, and opened again later."""

    def __init__(self, path: str, one: _Open, settings: Settings) -> None:
        self._path, self._one, self._settings = path, one, settings

    def __enter__(self) -> "VideoReader":
        self._one.lock.acquire()
        try:
            if self._one.reader is None:
                self._one.reader = open_subtitled(self._path, self._settings)
        except BaseException:
            self._one.lock.release()
            raise
        return self._one.reader

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and self._one.reader is not None:
            self._one.reader.close()
            self._one.reader = None
        self._one.lock.release()


def version_of(path: str) -> Version:
    """What tells this file from another at the same path. Raises VideoError."""
    try:
        status = os.stat(path)  # noqa: PTH116 - a path of any bytes
    except (FileNotFoundError, ValueError):
        raise VideoNotFound(f"{path}: there is no such file", "check the path") from None
    except OSError as error:
        raise VideoError(f"{path}: cannot be opened: {error.strerror}") from None
    return status.st_size, status.st_mtime_ns, status.st_ino


def _close(one: _Open) -> None:
    with one.lock:
        if one.reader is not None:
            one.reader.close()
            one.reader = None


def _size(most_px: int, width_px: int, height_px: int) -> tuple[int, int]:
    """The video's shape, `most_px` wide at most."""
    width = min(most_px, width_px)
    return width, max(1, round(height_px * width / width_px))

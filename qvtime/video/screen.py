"""Which picture is on screen at a moment: reading on where that is near, seeking where it is far.

The invariant: what `at(t)` gives does not depend on what was asked before.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from qvtime.errors import NotAVideo
from qvtime.frames import FrameBatch, VideoInfo
from qvtime.subtitles import ALL_TIME, Subtitles
from qvtime.timeline import Span
from qvtime.video.reader import SizeRule, VideoReader, check_times, chosen_size
from qvtime.video.source import Picture, PictureSource

SEEK_AHEAD_MS = 10_000
"""Reading on is cheaper than a seek up to about one group of pictures; encoders' usual longest is
250 pictures. Where groups are that long, a seek per sample costs 8 to 9 times a sequential read."""

FIRST_STEP_BACK_MS = 1000


class Screen:
    """A screen in front of a source: it shows the picture of the moment."""

    def __init__(self, source: PictureSource, seek_ahead_ms: int = SEEK_AHEAD_MS) -> None:
        self._source = source
        self._seek_ahead_ms = seek_ahead_ms
        self._current: Picture | None = None
        self._upcoming: Picture | None = None

    def at(self, time_ms: int) -> Picture:
        """The last picture presented at or before `time_ms`, or else the first of the video."""
        current = self._current
        if current is None or self._is_far(current, time_ms):
            current = self._go_to(time_ms)
        while self._upcoming is not None and self._upcoming.presented_ms <= time_ms:
            current, self._upcoming = self._upcoming, self._source.next_picture()
        self._current = current
        return current

    def _is_far(self, current: Picture, time_ms: int) -> bool:
        if time_ms < current.presented_ms:
            return current.presented_ms > self._source.info.first_frame_ms
        upcoming = self._upcoming
        return upcoming is not None and time_ms - upcoming.presented_ms > self._seek_ahead_ms

    def _go_to(self, time_ms: int) -> Picture:
        """Put the source at or before a moment, stepping back twice as far after each miss."""
        back_ms = 0
        while time_ms - back_ms > self._source.info.first_frame_ms:
            if not self._source.jump(time_ms - back_ms):
                break
            picture = self._source.next_picture()
            if picture is not None and picture.presented_ms <= time_ms:
                # Seeks that land this far back only pay for steps that are longer.
                behind_ms = time_ms - picture.presented_ms
                self._seek_ahead_ms = max(self._seek_ahead_ms, behind_ms)
                return self._start(picture)
            back_ms = max(FIRST_STEP_BACK_MS, 2 * back_ms)
        self._source.rewind()
        picture = self._source.next_picture()
        if picture is None:
            raise NotAVideo(f"{self._source.info.path}: has no picture that can be read")
        return self._start(picture)

    def _start(self, picture: Picture) -> Picture:
        self._upcoming = self._source.next_picture()
        return picture


class LocalReader(VideoReader):
    """A reader that decodes in this process: for the decoding process itself, and for tests."""

    def __init__(self, source: PictureSource, seek_ahead_ms: int = SEEK_AHEAD_MS) -> None:
        self._source = source
        self._screen = Screen(source, seek_ahead_ms)

    @property
    def info(self) -> VideoInfo:
        return self._source.info

    @property
    def damage(self) -> tuple[str, ...]:
        return self._source.damage

    def frames_at(self, times_ms: Sequence[int], size_px: SizeRule = None) -> FrameBatch:
        times = check_times(times_ms)
        width, height = chosen_size(size_px, self.info)
        pixels = np.empty((len(times), height, width, 3), np.uint8)
        presented = self.read_into(pixels, times)
        return FrameBatch(
            pixels,
            np.array(times, np.int64),
            np.array(presented, np.int64),
            self.damage,
        )

    def read_into(self, pixels: np.ndarray, times_ms: Sequence[int]) -> list[int]:
        """Write the pictures on screen at `times_ms` to pixels uint8 [N, H, W, 3]; their own times.

        A picture that stays on screen for several moments is converted once.
        """
        height, width = pixels.shape[1:3]
        presented: list[int] = []
        last: Picture | None = None
        for number, time_ms in enumerate(times_ms):
            picture = self._screen.at(time_ms)
            if picture is last:
                pixels[number] = pixels[number - 1]
            else:
                pixels[number] = picture.pixels(width, height)
            last = picture
            presented.append(picture.presented_ms)
        return presented

    def embedded_subtitles(self, within: Span | None = None) -> Subtitles:
        from qvtime.video.track import read_track  # PyAV, which this file needs for nothing else

        return read_track(Path(self.info.path), within or ALL_TIME)

    def close(self) -> None:
        self._source.close()

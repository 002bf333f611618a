"""Pictures through OpenCV's own FFmpeg: a second decoder under the same promises.

OpenCV says neither why a file fails nor that it got one wrong: opencv-python 4.13 to 5.0 returns
unwritten memory for interlaced pictures and nothing at all for AV1. So PyAV looks first; what
OpenCV is known to get wrong is refused by name, and of everything else the first picture and its
time are compared. Its times lack the container's start, which PyAV supplies.
"""

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from qvtime.errors import UnsupportedVideo, VideoOverLimits
from qvtime.frames import Pixels, VideoInfo
from qvtime.settings import Limits
from qvtime.video.damage import DamageLog
from qvtime.video.probe import CONTAINERS
from qvtime.video.pyav import PyavSource
from qvtime.video.resize import resize
from qvtime.video.source import Beat, Picture, PictureSource, no_beat

OTHER_DECODER = "use --decoder pyav"
LONGEST_STILL_MS = 1000
"""A last picture that seems to last longer is taken for the place where OpenCV gave up."""

SAME_PICTURE = 8.0
"""Mean absolute difference, of 255, under which two decoders show the same picture; measured: 1."""


class OpencvPicture(Picture):
    """A picture that OpenCV has turned upright already."""

    __slots__ = ("_bgr", "presented_ms")

    def __init__(self, bgr: Pixels, presented_ms: int) -> None:
        self._bgr = bgr
        self.presented_ms = presented_ms

    def pixels(self, width_px: int, height_px: int) -> Pixels:
        return resize(self._bgr, width_px, height_px)[:, :, ::-1]


class OpencvSource(PictureSource):
    """The pictures of one file, as cv2.VideoCapture gives them."""

    def __init__(self, path: Path, limits: Limits, beat: Beat = no_beat) -> None:
        self._path = path
        self._limits = limits
        self._beat = beat
        self._log = DamageLog()
        self._last_ms: int | None = None
        self._decoded = 0
        with closing(PyavSource(path, limits, beat)) as exact:
            for remark in exact.damage:
                self._log.note(remark)
            self._offset_ms = float(exact.stream_offset * 1000)
            self.info = replace(exact.info, decoder="opencv")
            _refuse_known(self.info, exact.is_first_stream)
            first = exact.next_picture()
            size = self.info.width_px, self.info.height_px
            truth = None if first is None else (first.presented_ms, first.pixels(*size))
        self._start()
        try:
            self._compare_first(truth)
        except BaseException:
            self.close()
            raise
        self.rewind()

    @property
    def damage(self) -> tuple[str, ...]:
        return self._log.sentences()

    def next_picture(self) -> OpencvPicture | None:
        while not self._ended:
            self._beat()
            if not self._grab():
                break
            position_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
            presented_ms = int((position_ms + self._offset_ms + 0.5) // 1)
            read, bgr = self._capture.retrieve()
            if not read or (self._last_ms is not None and presented_ms < self._last_ms):
                self._log.misplaced_pictures += 1
                continue
            self._last_ms = presented_ms
            self._decoded += 1
            if self._decoded > self._limits.frames:
                raise VideoOverLimits(f"{self._path}: has more than {self._limits.frames} pictures")
            return OpencvPicture(cast(Pixels, bgr), presented_ms)
        return None

    def jump(self, time_ms: int) -> bool:
        self._restart()
        return bool(self._capture.set(cv2.CAP_PROP_POS_MSEC, time_ms - self._offset_ms))

    def rewind(self) -> None:
        self.close()
        self._start()

    def close(self) -> None:
        self._capture.release()

    def _start(self) -> None:
        # The only way to hand options to OpenCV's FFmpeg; this process decodes one file.
        os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = (
            f"protocol_whitelist;file|format_whitelist;{CONTAINERS}"
            f"|max_pixels;{self._limits.frame_pixels}"
        )
        self._capture = cv2.VideoCapture(f"file:{self._path}", cv2.CAP_FFMPEG)
        self._restart()

    def _restart(self) -> None:
        self._ended = False
        self._last_ms = None

    def _grab(self) -> bool:
        """Whether there was another picture; a bad packet looks like the end, so ask again."""
        for failures in range(self._limits.consecutive_decode_failures):
            if self._capture.grab():
                self._log.unreadable_packets += failures
                return True
        self._ended = True
        if self._last_ms is not None and self._last_ms < self.info.duration_ms - LONGEST_STILL_MS:
            self._log.note(f"nothing after {self._last_ms / 1000:.2f} s could be decoded")
        return False

    def _compare_first(self, truth: tuple[int, Pixels] | None) -> None:
        mine = self.next_picture()
        if mine is None or truth is None:
            raise UnsupportedVideo(f"{self._path}: OpenCV finds no picture in it", OTHER_DECODER)
        presented_ms, pixels = truth
        if mine.presented_ms != presented_ms:
            raise UnsupportedVideo(
                f"{self._path}: OpenCV gets its times wrong (the first picture at"
                f" {mine.presented_ms} ms instead of {presented_ms} ms)",
                OTHER_DECODER,
            )
        height, width = pixels.shape[:2]
        difference = mine.pixels(width, height).astype(np.int16) - pixels
        if np.abs(difference).mean() > SAME_PICTURE:
            raise UnsupportedVideo(f"{self._path}: OpenCV gets its pictures wrong", OTHER_DECODER)


def _refuse_known(info: VideoInfo, is_first_stream: bool) -> None:
    if not is_first_stream:
        raise UnsupportedVideo(
            f"{info.path}: has other pictures before its video; OpenCV reads only the first stream",
            OTHER_DECODER,
        )
    if info.interlaced:
        raise UnsupportedVideo(
            f"{info.path}: is interlaced, which OpenCV shows as another video's memory",
            OTHER_DECODER,
        )
    if info.codec == "av1":
        raise UnsupportedVideo(f"{info.path}: is AV1, which OpenCV cannot decode", OTHER_DECODER)

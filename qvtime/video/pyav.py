"""Pictures through PyAV: exact times, AV1, interlaced video, and errors packet by packet."""

import os
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias, cast

import av
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from qvtime.errors import DamagedVideo, VideoError, VideoOverLimits
from qvtime.frames import Pixels, VideoInfo
from qvtime.settings import Limits
from qvtime.video.damage import DamageLog
from qvtime.video.probe import (
    READ_ERRORS,
    End,
    find_end,
    no_pictures,
    open_stream,
    oversize,
    too_large,
    too_much_memory,
)
from qvtime.video.resize import resize
from qvtime.video.source import Beat, Picture, PictureSource, no_beat

MOST_THREADS = 4
VideoPacket: TypeAlias = "Packet[VideoStream]"  # generic for type checkers only
SANE_ASPECTS = (Fraction(1, 8), Fraction(8))


class PyavPicture(Picture):
    """A frame that FFmpeg owns, converted when it is wanted."""

    __slots__ = ("_frame", "_reformatter", "_turns", "presented_ms")

    def __init__(
        self, frame: VideoFrame, presented_ms: int, turns: int, reformatter: VideoReformatter
    ) -> None:
        self.presented_ms = presented_ms
        self._frame = frame
        self._turns = turns
        self._reformatter = reformatter

    def pixels(self, width_px: int, height_px: int) -> Pixels:
        # One reformatter for all frames keeps its scaling tables.
        frame = self._reformatter.reformat(self._frame, format="rgb24", threads=1)
        rgb = cast(Pixels, frame.to_ndarray())
        lying = (height_px, width_px) if self._turns % 2 else (width_px, height_px)
        return np.rot90(resize(rgb, *lying), self._turns)


class PyavSource(PictureSource):
    """The pictures of one file, as FFmpeg's libraries decode them."""

    def __init__(self, path: Path, limits: Limits, beat: Beat = no_beat) -> None:
        self._path = path
        self._limits = limits
        self._beat = beat
        self._log = DamageLog()
        self._reformatter = VideoReformatter()
        self._turns = 0
        self._decoded = 0
        self._threads = min(MOST_THREADS, 1 + len(os.sched_getaffinity(0)))
        end = find_end(path, limits, beat)
        if end.damage:
            self._log.note(end.damage)
        if end.measured_ms > limits.duration_ms:
            raise _too_long(path, end.measured_ms, limits)
        self._start()
        try:
            self.info = self._describe(end)
            self._turns = self.info.rotation_degrees // 90
        except BaseException:
            self.close()
            raise

    @property
    def damage(self) -> tuple[str, ...]:
        return self._log.sentences()

    @property
    def stream_offset(self) -> Fraction:
        """Seconds from the container's start to the stream's; other readers lose it."""
        stream = self._opened.stream
        start = (stream.start_time or 0) * (stream.time_base or Fraction(1))
        return start - self._opened.clock.origin

    @property
    def is_first_stream(self) -> bool:
        """Whether no other video stream, not even a cover, comes before the chosen one."""
        return self._opened.container.streams.video[0].index == self._opened.stream.index

    def next_picture(self) -> PyavPicture | None:
        frame = self._next_frame()
        if frame is None:
            return None
        presented_ms = self._opened.clock.milliseconds(cast(int, _time(frame)))
        if presented_ms > self._limits.duration_ms:
            raise _too_long(self._path, presented_ms, self._limits)
        return PyavPicture(frame, presented_ms, self._turns, self._reformatter)

    def jump(self, time_ms: int) -> bool:
        try:
            self._opened.container.seek(self._opened.clock.pts(time_ms), stream=self._opened.stream)
        except (*READ_ERRORS, OverflowError):
            return False
        self._restart(time_ms)
        return True

    def rewind(self) -> None:
        # A new container, because seeking to the start of some (TS, edit lists) misses pictures.
        self.close()
        self._start()

    def close(self) -> None:
        self._frames.clear()
        self._opened.container.close()

    def _start(self) -> None:
        self._opened = open_stream(self._path, self._limits)
        context = self._opened.stream.codec_context
        context.thread_type = "AUTO"
        context.thread_count = self._threads
        self._restart(None)

    def _restart(self, jumped_to_ms: int | None) -> None:
        self._jumped_to_ms = jumped_to_ms
        self._packets: Iterator[VideoPacket] = self._opened.container.demux(self._opened.stream)
        self._frames: deque[VideoFrame] = deque()
        self._ended = False
        # What comes before the first clean keyframe may lean on pictures that were not decoded.
        self._needs_keyframe = jumped_to_ms is not None
        self._skips_to_keyframe = False
        self._reads_again = False
        self._failures = self._fresh_starts = 0
        self._last_pts: int | None = None

    def _next_frame(self) -> VideoFrame | None:
        """The next frame that has a time, later than the last one's."""
        while True:
            while not self._frames:
                if self._ended:
                    return None
                self._read_packet()
            frame = self._frames.popleft()
            if self._is_shown(frame):
                self._last_pts = _time(frame)
                return frame

    def _is_shown(self, frame: VideoFrame) -> bool:
        if self._needs_keyframe:
            if not frame.key_frame or frame.is_corrupt:
                return False
            self._needs_keyframe = False
        pts = _time(frame)
        if pts is None or (self._last_pts is not None and pts <= self._last_pts):
            self._log.misplaced_pictures += not self._reads_again
            return False
        self._reads_again = False
        if frame.width * frame.height > self._limits.frame_pixels:
            raise too_large(self._path, frame.width, frame.height, self._limits)
        self._decoded += 1
        if self._decoded > self._limits.frames:
            raise VideoOverLimits(f"{self._path}: has more than {self._limits.frames} pictures")
        return True

    def _read_packet(self) -> None:
        """Decode one packet's worth; after too many bad ones in a row, go on at a keyframe."""
        self._beat()
        try:
            packet = next(self._packets)
        except StopIteration:
            self._ended = True
            return
        except READ_ERRORS as error:
            self._fail(error)
            self._packets = self._opened.container.demux(self._opened.stream)
            return
        if self._skips_to_keyframe and packet.size:
            if not packet.is_keyframe:
                self._log.unreadable_packets += 1
                return
            # A fresh start: threads may still report failures from before the keyframe.
            self._skips_to_keyframe = False
            self._failures = 0
        try:
            frames = packet.decode()
        except av.EOFError:
            self._ended = True
        except READ_ERRORS as error:
            self._fail(error)
        else:
            if frames:
                self._frames.extend(frames)
                self._failures = self._fresh_starts = 0

    def _fail(self, error: Exception) -> None:
        """Count a failure; after too many in a row go on at a keyframe, but not for ever."""
        if isinstance(error, MemoryError):
            raise too_much_memory(self._path, self._limits) from None
        if self._threads > 1:
            self._read_again()
            return
        self._failures += 1
        self._log.unreadable_packets += 1
        limit = self._limits.consecutive_decode_failures
        if self._failures < limit:
            return
        self._skips_to_keyframe = True
        self._failures = 0
        self._fresh_starts += 1
        if self._fresh_starts >= limit:
            self._log.note("the rest of it cannot be read")
            self._ended = True

    def _read_again(self) -> None:
        """Go back to where reading began, and come here again with one thread, from now on.

        Threads tell of a bad packet some packets later, as many as there are threads: what is
        shown of a damaged file, and said of it, would depend on the machine.
        """
        self._threads = 1
        shown_to, jumped_to_ms = self._last_pts, self._jumped_to_ms
        self.rewind()
        if jumped_to_ms is not None:
            self.jump(jumped_to_ms)
        self._last_pts, self._reads_again = shown_to, True

    def _describe(self, end: End) -> VideoInfo:
        """The video's facts, with the first picture's own where a header may be wrong."""
        frame = self._next_frame()
        if frame is None:
            raise self._refusal()
        opened = self._opened
        stream, context = opened.stream, opened.stream.codec_context
        turns = round(frame.rotation / 90) % 4
        width, height = _square(frame.width, frame.height, stream.sample_aspect_ratio)
        first_ms = opened.clock.milliseconds(cast(int, _time(frame)))
        self._frames.appendleft(frame)  # it was only looked at
        self._last_pts = None
        self._decoded = 0
        return VideoInfo(
            path=str(self._path),
            decoder="pyav",
            container=opened.container.format.name,
            codec=context.codec.canonical_name,
            width_px=height if turns % 2 else width,
            height_px=width if turns % 2 else height,
            duration_ms=max(end.measured_ms, first_ms + 1),
            time_origin_ms=opened.clock.origin_ms,
            first_frame_ms=first_ms,
            rotation_degrees=90 * turns,
            interlaced=bool(frame.interlaced_frame),
            claimed_duration_ms=end.claimed_ms,
            claimed_fps=float(stream.average_rate) if stream.average_rate else None,
            claimed_frames=stream.frames or None,
        )

    def _refusal(self) -> VideoError:
        size = oversize(self._path, self._limits)
        if size is not None:
            return too_large(self._path, *size, self._limits)
        if self._log.unreadable_packets:
            return DamagedVideo(f"{self._path}: none of its pictures can be decoded")
        return no_pictures(self._path)


def _time(frame: VideoFrame) -> int | None:
    """The frame's presentation timestamp; AVI has only decoding times, which are the same there."""
    return frame.pts if frame.pts is not None else frame.dts


def _square(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """The size in square pixels: the picture is stretched along its width."""
    if not aspect or not SANE_ASPECTS[0] <= aspect <= SANE_ASPECTS[1]:
        return width, height
    return max(1, round(width * aspect)), height


def _too_long(path: Path, duration_ms: int, limits: Limits) -> VideoOverLimits:
    return VideoOverLimits(
        f"{path}: lasts {duration_ms // 1000} s, the cap is {limits.duration_ms // 1000} s",
        "cut it into parts first",
    )

"""Open an untrusted file for decoding, and find out where it really ends.

FFmpeg is only ever given an absolute `file:` path, never the user's string (`http:`, `concat:`,
`subfile,,` all work there), and only real containers: without the whitelist a text file decodes
as ANSI art, and a playlist reads other files.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import cast

import av
import av.container
import av.logging
import av.stream
import av.subtitles.stream  # PyAV would load it at the first opening, when memory is capped already
import av.video.stream
from av.video.codeccontext import VideoCodecContext

from qvtime.errors import NotAVideo, VideoError, VideoOverLimits
from qvtime.settings import Limits
from qvtime.video.clock import Clock
from qvtime.video.source import Beat

CONTAINERS = "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg"
"""Demuxers that may run. None of them opens a second file or the network."""

READ_ERRORS = (av.FFmpegError, IndexError, UnicodeDecodeError, ValueError)
"""What PyAV raises for broken data; the last three leak from its own code."""

MICROSECOND = Fraction(1, 1_000_000)
SANE_RATES = (Fraction(1, 100), Fraction(1000))
LEAST_TRUNCATION_MS = 250
"""A container's claim and its last picture differ by less than this in sound files."""

SECOND_LOOK_PACKETS = 4

av.logging.set_level(None)
av.logging.set_skip_repeated(False)  # a repeated line would be kept back, and come out later


@dataclass(frozen=True, slots=True)
class Opened:
    """A container and the stream in it that is the video. Close the container after use."""

    container: av.container.InputContainer
    stream: av.video.stream.VideoStream
    clock: Clock


@dataclass(frozen=True, slots=True)
class End:
    """Where a video ends (the end of its last picture, ms) and what its header claims.

    `damage` says so when the file ends earlier than it claims, and is empty otherwise.
    """

    measured_ms: int
    claimed_ms: int | None
    damage: str = ""


def open_stream(path: Path, limits: Limits) -> Opened:
    """Open a checked file and choose its video stream; a VideoError says why that failed."""
    options = {
        "format_whitelist": CONTAINERS,
        "protocol_whitelist": "file",
        "max_pixels": str(limits.frame_pixels),
    }
    try:
        container = av.open(f"file:{path}", options=options, metadata_errors="replace")
    except MemoryError:
        raise too_much_memory(path, limits) from None
    except av.ArgumentError:
        raise NotAVideo(
            f"{path}: is not a video container that qvtime reads",
            "it reads mp4, mov, mkv, webm, avi, ts, mpg, flv, wmv and ogv",
        ) from None
    except READ_ERRORS as error:
        raise NotAVideo(
            f"{path}: is not a video, or its header is damaged ({_reason(error)})",
            "check that it plays; a download may have been cut short",
        ) from None
    try:
        stream = _choose_stream(container, path)
        _guard(stream, limits, path)
    except VideoError:
        container.close()
        raise
    base = stream.time_base or Fraction(1, 1000)
    start = cast(int | None, container.start_time)  # declared int, None without timestamps
    origin = MICROSECOND * start if start is not None else base * (stream.start_time or 0)
    return Opened(container, stream, Clock(base, origin))


def find_end(path: Path, limits: Limits, beat: Beat) -> End:
    """Read packets near the claimed end, or all of them when there is nothing there; no decoding.

    Header facts are claims: only a packet that is really there moves the measured end.
    """
    opened = open_stream(path, limits)
    with opened.container:
        claimed_ms, of_stream = _claim(opened)
        ends = _Ends(opened)
        if claimed_ms is not None and _seek(opened, claimed_ms):
            ends.read(beat)
        if ends.video_ms is None:
            opened.container.close()
            opened = open_stream(path, limits)
            ends = _Ends(opened)
            with opened.container:
                ends.read(beat)
    if ends.video_ms is None:
        raise no_pictures(path)
    reached_ms = ends.video_ms if of_stream else max(ends.video_ms, ends.any_ms)
    tolerance_ms = max(LEAST_TRUNCATION_MS, 3 * nominal_ms(opened.stream))
    if claimed_ms is None or reached_ms >= claimed_ms - tolerance_ms:
        return End(ends.video_ms, claimed_ms)
    ended, claimed = reached_ms / 1000, claimed_ms / 1000
    return End(ends.video_ms, claimed_ms, f"ends at {ended:.2f} s of the {claimed:.2f} s it claims")


def no_pictures(path: Path) -> NotAVideo:
    """The error for a video stream with nothing in it."""
    return NotAVideo(f"{path}: has no pictures", "check that it plays")


def nominal_ms(stream: av.video.stream.VideoStream) -> int:
    """How long the header says a picture lasts; 0 when it does not say anything sane."""
    rate = stream.average_rate
    if rate is None or not SANE_RATES[0] <= rate <= SANE_RATES[1]:
        return 0
    return int(1000 / rate)


def oversize(path: Path, limits: Limits) -> tuple[int, int] | None:
    """The size of pictures that FFmpeg refused for their size, or None; it says so only in its log.

    For a file in which nothing could be decoded: looks at its first packets once more.
    """
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture(local=False) as log:
            opened = open_stream(path, limits)
            with opened.container:
                for packet in islice(opened.container.demux(opened.stream), SECOND_LOOK_PACKETS):
                    packet.decode()
    except (*READ_ERRORS, VideoError):
        pass  # expected: what it logged is the answer
    finally:
        av.logging.set_level(None)
    refused = re.search(r"size (\d{1,9})x(\d{1,9}) exceeds", " ".join(line[2] for line in log))
    return None if refused is None else (int(refused[1]), int(refused[2]))


def too_large(path: str | Path, width: int, height: int, limits: Limits) -> VideoOverLimits:
    """The error for pictures of more pixels than the cap."""
    return VideoOverLimits(
        f"{path}: its pictures are {width}x{height} px, the cap is {limits.frame_pixels} px",
        "scale it down first",
    )


def too_much_memory(path: str | Path, limits: Limits) -> VideoOverLimits:
    """The error for a file that makes the decoder ask for more memory than it may have."""
    gib = limits.memory_bytes / 2**30
    return VideoOverLimits(f"{path}: decoding it needs more than {gib:.1f} GiB of memory")


class _Ends:
    """The latest ends seen while packets go by, ms: of the video, and of any stream."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self.video_ms: int | None = None
        self.any_ms = 0

    def read(self, beat: Beat) -> None:
        """Read on to the end of the file; broken data ends it too."""
        stream, clock = self._opened.stream, self._opened.clock
        try:
            for packet in self._opened.container.demux():
                beat()
                start = packet.pts if packet.pts is not None else packet.dts
                if start is None or packet.is_discard:
                    continue
                if packet.stream.index != stream.index:
                    clock_of_other = Clock(packet.time_base or Fraction(1), clock.origin)
                    end = clock_of_other.milliseconds(start + (packet.duration or 0))
                    self.any_ms = max(self.any_ms, end)
                    continue
                length = packet.duration or 0
                end = clock.milliseconds(start + length) + (0 if length else nominal_ms(stream))
                self.video_ms = end if self.video_ms is None else max(self.video_ms, end)
        except READ_ERRORS:
            return


def _choose_stream(
    container: av.container.InputContainer, path: Path
) -> av.video.stream.VideoStream:
    covers = av.stream.Disposition.attached_pic
    films = [s for s in container.streams.video if not s.disposition & covers]
    if not films:
        kinds = sorted({stream.type for stream in container.streams} - {"video"})
        what = f"only {' and '.join(kinds)}" if kinds else "nothing that plays"
        raise NotAVideo(f"{path}: has no video in it, {what}")
    best = container.streams.best("video")
    return next((s for s in films if best is not None and s.index == best.index), films[0])


def _guard(stream: av.video.stream.VideoStream, limits: Limits, path: Path) -> None:
    # Declared to be there, None where FFmpeg has no decoder.
    context = cast(VideoCodecContext | None, stream.codec_context)
    if context is None:
        raise NotAVideo(f"{path}: its video codec is not known", "convert it to H.264 first")
    if context.width * context.height > limits.frame_pixels:
        raise too_large(path, context.width, context.height, limits)
    # The option at opening guards the demuxer's own look at the pictures, this one the decoder.
    context.options = {**context.options, "max_pixels": str(limits.frame_pixels)}


def _claim(opened: Opened) -> tuple[int | None, bool]:
    """The claimed end of the video in ms, and whether it is the stream's own (or the file's)."""
    stream, container = opened.stream, opened.container
    if stream.duration:
        return opened.clock.milliseconds((stream.start_time or 0) + stream.duration), True
    if container.duration:
        claimed_ms = int(1000 * container.duration * MICROSECOND)
        # Matroska's duration is where it ends, counted from zero, as FFmpeg writes it.
        from_zero = container.format.name.startswith("matroska")
        return claimed_ms - (opened.clock.origin_ms if from_zero else 0), False
    return None, False


def _seek(opened: Opened, time_ms: int) -> bool:
    try:
        opened.container.seek(opened.clock.pts(time_ms), stream=opened.stream)
    except (*READ_ERRORS, OverflowError):
        return False
    return True


def _reason(error: Exception) -> str:
    said = getattr(error, "strerror", None) or str(error)
    return said.split(":")[0].rstrip(".").lower() or type(error).__name__

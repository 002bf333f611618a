"""Made clips whose truth is planted: every picture carries its own number in its pixels.

A picture is a grid of 4 columns and 4 rows: twelve bits of its number, most significant first, and
a last row of red, green, blue and white. What is read back proves which picture was decoded, which
way up, and in which colours, through any codec and size.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.packet import Packet
from av.video.stream import VideoStream

BITS = 12
COLOURS = ((220, 30, 30), (30, 200, 30), (30, 30, 220), (225, 225, 225))
MILLISECOND = Fraction(1, 1000)


@dataclass(frozen=True, slots=True)
class Clip:
    """How to make a clip, and what is true of it.

    times_ms: when each picture is presented on the encoder's axis. shown_ms: the same on the
    player's axis (from the container's start), where that differs. first_shown: the number of the
    first picture that is shown at all. cover: "before" or "after" the video, a still as a stream.
    opencv_refuses: a word of the reason, where it must refuse.
    """

    name: str
    times_ms: tuple[int, ...]
    codec: str = "libx264"
    width: int = 96
    height: int = 64
    pixel_format: str = "yuv420p"
    options: tuple[tuple[str, str], ...] = (("g", "12"), ("bf", "0"))
    muxer: tuple[tuple[str, str], ...] = ()
    time_base: Fraction = MILLISECOND
    aspect: Fraction = Fraction(1)
    clockwise: int = 0
    audio: bool = False
    cover: str = ""
    cut_ms: int = 0
    shown_ms: tuple[int, ...] = ()
    first_shown: int = 0
    interlaced: bool = False
    opencv_refuses: str = ""

    @property
    def truth(self) -> list[tuple[int, int]]:
        """(when it appears on the player's axis in ms, number) of each picture that is shown."""
        times = self.shown_ms or self.times_ms
        return [(time_ms, number + self.first_shown) for number, time_ms in enumerate(times)]

    def on_screen(self, time_ms: int) -> tuple[int, int]:
        """(when it appeared, number) of the picture that is on screen at a moment."""
        earlier = [entry for entry in self.truth if entry[0] <= time_ms]
        return earlier[-1] if earlier else self.truth[0]


def draw(number: int, width: int, height: int) -> npt.NDArray[np.uint8]:
    """The picture of this number, uint8 RGB [height, width, 3]."""
    cells = np.zeros((4, 4, 3), np.uint8)
    for bit in range(BITS):
        level = 225 if number >> (BITS - 1 - bit) & 1 else 25
        cells[bit // 4, bit % 4] = level
    cells[3] = COLOURS
    rows = np.arange(height) * 4 // height
    columns = np.arange(width) * 4 // width
    return cells[rows][:, columns]


def read_number(pixels: npt.NDArray[np.uint8]) -> int:
    """The number of a decoded picture, at any size; -1 when it is not upright or not in colour."""
    height, width = pixels.shape[:2]
    rows = [(2 * row + 1) * height // 8 for row in range(4)]
    columns = [(2 * column + 1) * width // 8 for column in range(4)]
    centres = pixels[rows][:, columns].astype(int)
    if np.abs(centres[3] - np.array(COLOURS)).max() > 60:
        return -1
    bits = centres[:3].mean(axis=2).reshape(-1) > 125
    return int("".join("01"[int(bit)] for bit in bits), 2)


def make(clip: Clip, folder: Path) -> Path:
    """Write a clip; gives its path."""
    path = folder / clip.name
    with av.open(str(path), "w", options=dict(clip.muxer)) as container:
        cover = _add_still(container, "mpeg4") if clip.cover == "before" else None
        stream = container.add_stream(clip.codec, rate=25, options=dict(clip.options))
        assert isinstance(stream, VideoStream)
        turned = clip.clockwise % 180 == 90
        stream.width, stream.height = (
            (clip.height, clip.width) if turned else (clip.width, clip.height)
        )
        stream.pix_fmt = clip.pixel_format
        stream.time_base = stream.codec_context.time_base = clip.time_base
        stream.sample_aspect_ratio = clip.aspect
        stream.codec_context.thread_count = 1
        audio = container.add_stream("aac", rate=16000) if clip.audio else None
        cover = _add_still(container, "png") if clip.cover == "after" else cover
        packets = list(_encode(clip, stream))
        if cover is not None:
            container.mux(cover)
        if audio is not None:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), "fltp", "mono")
            silence.sample_rate = 16000
            silence.pts = 0
            packets += audio.encode(silence) + audio.encode(None)
        packets.sort(key=lambda packet: (packet.dts or 0) * (packet.time_base or 1))
        for packet in packets:
            container.mux(packet)
    if clip.clockwise:
        _turn(path, clip.clockwise)
    return path


def _encode(clip: Clip, stream: VideoStream) -> Sequence["Packet[VideoStream]"]:
    packets: list[Packet[VideoStream]] = []
    for number, time_ms in enumerate(clip.times_ms):
        pixels = draw(number, clip.width, clip.height)
        pixels = np.ascontiguousarray(np.rot90(pixels, clip.clockwise // 90))
        frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format=clip.pixel_format)
        frame.pts = int(time_ms * MILLISECOND / clip.time_base)
        frame.time_base = clip.time_base
        packets += stream.encode(frame)
    packets += stream.encode(None)
    for packet in packets:
        cut = int(clip.cut_ms * MILLISECOND / (packet.time_base or clip.time_base))
        packet.pts = (packet.pts or 0) - cut
        packet.dts = (packet.dts or 0) - cut
    return packets


def _add_still(container: av.container.OutputContainer, codec: str) -> "Packet[VideoStream]":
    """One picture as another video stream; marked as a cover when it is a PNG."""
    stream = container.add_stream(codec, rate=1)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = 640, 640
    stream.pix_fmt = "rgb24" if codec == "png" else "yuv420p"
    if codec == "png":
        stream.disposition = av.stream.Disposition.attached_pic
    pixels = np.full((640, 640, 3), 200, np.uint8)
    frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format=stream.pix_fmt)
    frame.pts = 0
    return next(iter(stream.encode(frame) + stream.encode(None)))


def _turn(path: Path, clockwise: int) -> None:
    """Write a clockwise turn into the track header of an mp4 (ISO 14496-12, 8.3.2 and 6.2.2)."""
    one = 1 << 16
    across, down = {90: (one, -one), 270: (-one, one)}[clockwise]
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4 + 40
    struct.pack_into(">9i", data, start, 0, across, 0, down, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def _steady(count: int, fps: Fraction | int = 25) -> tuple[int, ...]:
    return tuple(int(1000 * number / fps) for number in range(count))


STEADY = _steady(60)
UNEVEN = tuple(40 * n + 13 * (n % 3) + 700 * (n > 20) + 60 * max(0, n - 40) for n in range(50))
TWENTY_FIFTHS = Fraction(1, 25)
VP9 = (("deadline", "realtime"), ("cpu-used", "8"), ("g", "12"))
OPEN_GROUPS = (("g", "12"), ("bf", "3"), ("x264-params", "open-gop=1:b-adapt=0"))

CLIPS = (
    Clip("steady.mp4", STEADY),
    Clip("reordered.mp4", STEADY, options=OPEN_GROUPS),
    Clip("reordered.mkv", STEADY, options=OPEN_GROUPS),
    Clip("uneven.mp4", UNEVEN, options=OPEN_GROUPS),
    Clip("uneven.mkv", UNEVEN),
    Clip("uneven.webm", UNEVEN, codec="libvpx-vp9", options=VP9),
    Clip("fine.mp4", _steady(60, Fraction(60000, 1001)), time_base=Fraction(1, 90000)),
    Clip("late-start.mkv", tuple(5000 + t for t in STEADY), shown_ms=STEADY),
    Clip("late-start.ts", tuple(5000 + t for t in STEADY), shown_ms=STEADY, options=OPEN_GROUPS),
    Clip(
        "mpeg2.ts",
        STEADY,
        codec="mpeg2video",
        options=(("g", "12"), ("bf", "2")),
        time_base=TWENTY_FIFTHS,
    ),
    Clip("late-video.mp4", tuple(2000 + t for t in STEADY), audio=True),
    Clip("late-video.mkv", tuple(2000 + t for t in STEADY), audio=True),
    Clip(
        "edited.mp4",
        STEADY,
        cut_ms=320,
        shown_ms=_steady(52),
        first_shown=8,
        options=(("g", "60"), ("bf", "0")),
    ),
    Clip("turned.mp4", STEADY, clockwise=90),
    Clip("turned-back.mp4", STEADY, clockwise=270),
    Clip("odd.webm", STEADY, codec="libvpx-vp9", options=VP9, width=97, height=63),
    Clip("wide-pixels.mp4", STEADY, aspect=Fraction(4, 3)),
    Clip(
        "interlaced.mp4",
        STEADY,
        options=(("g", "12"), ("flags", "+ildct"), ("x264-params", "tff=1")),
        interlaced=True,
        opencv_refuses="interlaced",
    ),
    Clip(
        "interlaced.ts",
        STEADY,
        codec="mpeg2video",
        options=(("g", "12"), ("flags", "+ildct+ilme")),
        time_base=TWENTY_FIFTHS,
        interlaced=True,
        opencv_refuses="interlaced",
    ),
    Clip(
        "av1.mp4",
        STEADY,
        codec="libsvtav1",
        options=(("preset", "8"), ("crf", "10"), ("g", "12")),
        opencv_refuses="AV1",
    ),
    Clip(
        "ten-bit.mp4",
        STEADY,
        codec="libx265",
        pixel_format="yuv420p10le",
        options=(("preset", "ultrafast"), ("x265-params", "keyint=12:bframes=3:log-level=none")),
    ),
    Clip("cover.mp4", STEADY, cover="after"),
    Clip("still-first.mkv", STEADY, cover="before", opencv_refuses="only the first stream"),
    Clip("refreshed.mp4", STEADY, options=(("g", "12"), ("x264-params", "intra-refresh=1"))),
    Clip("refreshed.ts", STEADY, options=(("g", "12"), ("x264-params", "intra-refresh=1"))),
    Clip("no-duration.mkv", STEADY, muxer=(("live", "1"),)),
    Clip("fragments.mp4", STEADY, muxer=(("movflags", "frag_keyframe+empty_moov"),)),
    Clip("mpeg4.avi", STEADY, codec="mpeg4", options=(("g", "12"),), time_base=TWENTY_FIFTHS),
    Clip("one-picture.mp4", (0,)),
    Clip("one-group.mp4", STEADY, options=(("g", "250"), ("bf", "3"))),
)

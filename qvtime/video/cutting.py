"""The cutting process: copies the packets of a span into a new container. One JSON line out.

{"start_ms", "end_ms"}: what a player will show of the video; or {"error", "message", "hint"}.
"""

import json
import resource
import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from qvtime.errors import OutputError, QvtimeError, VideoError, cause_of
from qvtime.settings import Limits
from qvtime.timeline import Span
from qvtime.video.clock import Clock
from qvtime.video.confining import confine
from qvtime.video.probe import READ_ERRORS, Opened, open_stream

FIRST_STEP_BACK_MS = 1000
MOST_REORDERED = 4
"""How many pictures may lie between when one is decoded and when it is shown."""

SOUND_BEHIND_MS = 2000
"""How far sound may lie behind the pictures of its time in a file."""


def main(task: dict[str, Any]) -> None:
    """Cut once, and say how it went; `qvtime.video.cut` makes the task."""
    limits = Limits(**task["limits"])
    confine({resource.RLIMIT_AS: limits.memory_bytes, resource.RLIMIT_CORE: 0})
    span = Span(task["start_ms"], task["end_ms"])
    answer: dict[str, object]
    try:
        shown = cut(Path(task["path"]), span, task["out_path"], task["format"], limits)
        answer = {"start_ms": shown.start_ms, "end_ms": shown.end_ms}
    except QvtimeError as error:
        name = type(error).__name__
        answer = {"error": name, "message": error.message, "hint": error.hint}
    sys.stdout.write(json.dumps(answer) + "\n")


def cut(path: Path, span: Span, out_path: str, format_name: str, limits: Limits) -> Span:
    """Cut in this process, into a file that is replaced; as `qvtime.video.cut.cut_clip` says."""
    opened = _open_before(path, span.start_ms, limits)
    with opened.container:
        sound = opened.container.streams.best("audio")
        tracks = _Tracks(opened, sound if isinstance(sound, AudioStream) else None, span)
        try:
            # Bit-exact: the same span of the same video gives the same bytes.
            with av.open(
                f"file:{out_path}", "w", format=format_name, options={"fflags": "+bitexact"}
            ) as clip:
                return tracks.copy(clip, hides=format_name == "mp4")
        except OSError as error:
            # Some of FFmpeg's refusals are of this kind and of the other.
            if isinstance(error, ValueError):
                raise _not_copied(path) from None
            raise OutputError(
                f"cannot write {out_path}: {cause_of(error)}", "choose another folder"
            ) from None
        except READ_ERRORS:
            raise _not_copied(path) from None


def _open_before(path: Path, start_ms: int, limits: Limits) -> Opened:
    """The video, before a keyframe at or before a moment; else at its start."""
    back_ms = 0
    while start_ms - back_ms > 0:
        opened = open_stream(path, limits)
        time = opened.clock.pts(start_ms - back_ms)
        try:
            opened.container.seek(time, stream=opened.stream)
            first_ms = next(_keyframes(opened), None)
            if first_ms is not None and first_ms <= start_ms:
                opened.container.seek(time, stream=opened.stream)
                return opened
        except READ_ERRORS:
            opened.container.close()
            break
        opened.container.close()
        back_ms = max(FIRST_STEP_BACK_MS, 2 * back_ms)
    return open_stream(path, limits)


def _keyframes(opened: Opened) -> Iterator[int]:
    for packet in opened.container.demux(opened.stream):
        if packet.is_keyframe and packet.pts is not None:
            yield opened.clock.milliseconds(packet.pts)


class _Tracks:
    """The streams of a video that go into a clip."""

    def __init__(self, opened: Opened, sound: AudioStream | None, span: Span) -> None:
        self._opened, self._sound, self._span = opened, sound, span
        self._origin = opened.clock.origin
        self._late: list[Packet[Any]] = []
        self._decoded: dict[int, int] = {}
        self._shown_end_ms = 0
        self._is_followed = False

    def copy(self, clip: OutputContainer, hides: bool) -> Span:
        """Copy what belongs into the clip; what a player will show of the video."""
        film, sound, span = self._opened.stream, self._sound, self._span
        into: dict[int, Any] = {film.index: clip.add_stream_from_template(film, opaque=True)}
        if sound is not None:
            into[sound.index] = clip.add_stream_from_template(sound, opaque=True)
        packets = self._packets()
        early, key_ms = self._read_to_start(packets)
        times_ms = [self._time(p) for p in early if p.stream.index == film.index]
        on_screen = [ms for ms in times_ms if key_ms <= ms <= span.start_ms]
        zero_ms = max(on_screen, default=key_ms) if hides else key_ms
        for packet in chain(early, packets):
            # Pictures that are shown before the keyframe lean on some from before it.
            if packet.stream.index != film.index or self._time(packet) >= key_ms:
                self._put(clip, into, packet, zero_ms)
        if not times_ms or (self._shown_end_ms <= span.start_ms and not self._is_followed):
            name = self._opened.container.name.removeprefix("file:")
            raise VideoError(f"{name}: has no pictures there to cut out", "it ends before")
        return Span(max(zero_ms, 0), max(self._shown_end_ms, zero_ms + 1))

    def _read_to_start(self, packets: "Iterator[Packet[Any]]") -> "tuple[list[Packet[Any]], int]":
        """From the last keyframe at or before the span to where the span begins; and when it is."""
        early: list[Packet[Any]] = []
        key_ms: int | None = None
        start_ms = self._span.start_ms
        for packet in packets:
            if packet.stream.index != self._opened.stream.index:
                early.append(packet)
                continue
            time_ms = self._time(packet)
            if packet.is_keyframe and (key_ms is None or time_ms <= start_ms):
                key_ms = time_ms
                early = [
                    sound
                    for sound in early
                    if sound.stream.index != packet.stream.index
                    and self._time(sound) > time_ms - SOUND_BEHIND_MS
                ]
            if key_ms is not None:
                early.append(packet)
                if self._decoded_ms(packet) > start_ms:
                    break
        return early, key_ms or 0

    def _packets(self) -> "Iterator[Packet[Any]]":
        """The packets of both streams, until the span is over in both."""
        film, sound = self._opened.stream, self._sound
        over_ms = self._span.end_ms + (SOUND_BEHIND_MS if sound is not None else 0)
        for packet in self._opened.container.demux([s for s in (film, sound) if s is not None]):
            if packet.pts is None or not packet.size:
                continue
            if packet.stream.index == film.index and self._decoded_ms(packet) >= over_ms:
                self._is_followed = True
                return
            yield packet

    def _put(
        self, clip: OutputContainer, into: dict[int, Any], packet: "Packet[Any]", zero_ms: int
    ) -> None:
        """Copy a packet that belongs into the clip, its times counted from `zero_ms`."""
        is_film = isinstance(packet.stream, VideoStream)
        time_ms, end_ms = self._time(packet), self._span.end_ms
        if not is_film:
            length_ms = 1000 * (packet.duration or 0) * (packet.time_base or 0)
            if time_ms < end_ms and time_ms + length_ms > zero_ms:
                self._mux(clip, into, packet, zero_ms)
            return
        if time_ms >= end_ms:
            # Shown too late, but an earlier picture that comes later in the file may lean on it.
            if self._decoded_ms(packet) < end_ms:
                self._late.append(packet)
            return
        for late in self._late:
            self._mux(clip, into, late, zero_ms)
        self._late.clear()
        self._mux(clip, into, packet, zero_ms)

    def _mux(
        self, clip: OutputContainer, into: dict[int, Any], packet: "Packet[Any]", zero_ms: int
    ) -> None:
        base = packet.time_base or Fraction(1, 1000)
        zero = round((Fraction(zero_ms, 1000) + self._origin) / base)
        if isinstance(packet.stream, VideoStream):
            shown_ms = self._time(packet) + int(1000 * (packet.duration or 0) * base)
            self._shown_end_ms = max(self._shown_end_ms, shown_ms)
        packet.pts = (packet.pts or 0) - zero
        packet.dts = self._decoding_time(packet, zero)
        packet.stream = into[packet.stream.index]
        clip.mux(packet)

    def _decoding_time(self, packet: "Packet[Any]", zero: int) -> int:
        """The packet's decoding time in the clip; Matroska does not have it for the first ones."""
        number, pts = packet.stream.index, packet.pts or 0
        before = self._decoded.get(number)
        if packet.dts is not None:
            dts = packet.dts - zero
        elif before is None:
            dts = pts - MOST_REORDERED * (packet.duration or 1)
        else:
            dts = before + 1
        if before is not None:
            dts = max(dts, before + 1)
        self._decoded[number] = dts
        return dts

    def _time(self, packet: "Packet[Any]") -> int:
        clock = Clock(packet.time_base or Fraction(1, 1000), self._origin)
        return clock.milliseconds(packet.pts if packet.pts is not None else packet.dts or 0)

    def _decoded_ms(self, packet: "Packet[Any]") -> int:
        clock = Clock(packet.time_base or Fraction(1, 1000), self._origin)
        return clock.milliseconds(packet.dts if packet.dts is not None else packet.pts or 0)


def _not_copied(path: Path) -> VideoError:
    return VideoError(
        f"{path}: cannot be cut without encoding it again", "convert it to H.264 in an mp4 first"
    )

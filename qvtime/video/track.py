"""The subtitle track in a container, through PyAV; read in the decoding process."""

from contextlib import suppress
from pathlib import Path
from typing import cast

from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle

from qvtime.settings import Limits
from qvtime.subtitles import Cue, Subtitles, in_order
from qvtime.timeline import Span
from qvtime.video.clock import Clock
from qvtime.video.cue_formats import make_cue, substation_words
from qvtime.video.probe import READ_ERRORS, Opened, open_stream
from qvtime.video.source import Beat, no_beat

TEXT_CODECS = frozenset(
    ("ass", "mov_text", "ssa", "srt", "subrip", "text", "webvtt", "realtext", "sami", "subviewer")
)
"""Others are pictures of text."""

UNKNOWN_LENGTH_MS = 3000
"""How long a cue is taken to last that does not say it."""

LONGEST_CUE_MS = 30_000
"""How long before a span reading begins: cues are found by their start."""

INTERLEAVED_MS = 5_000
"""How far a cue may lie behind the pictures of its time."""

_ASS_FIELDS_BEFORE_TEXT = 8


def read_track(
    path: Path, within: Span, limits: Limits | None = None, beat: Beat = no_beat
) -> Subtitles:
    """A span of the text track that a player would show, on the player's axis.

    Nothing when there is no such track. One that is marked as the default comes before the others.
    A cue that began more than LONGEST_CUE_MS before the span may be missing. Raises VideoError.
    """
    limits = limits or Limits()
    opened = open_stream(path, limits)
    with opened.container as container:
        track = _choose_track(container)
        if track is None:
            return Subtitles()
        for stream in container.streams:
            if stream.index != track.index:
                # Most containers then skip what it holds. The video's keyframes tell how far
                # reading has come.
                is_video = stream.index == opened.stream.index
                stream.discard = Discard.nonkey if is_video else Discard.all
        cues, dropped = _read(opened, track, within, limits, beat)
        language = track.language if track.language not in (None, "und") else None
        described = ", ".join(filter(None, (track.codec_context.name, language)))
        shown = (cue for cue in cues if cue.span.overlap_ms(within))
        return Subtitles(in_order(shown), f"track {track.index} ({described})", dropped)


def _choose_track(container: InputContainer) -> SubtitleStream | None:
    tracks = [
        track
        for track in container.streams.subtitles
        # Declared to be there, None where FFmpeg has no decoder.
        if cast(object, track.codec_context) is not None and track.codec_context.name in TEXT_CODECS
    ]
    marked = (track for track in tracks if track.disposition & Disposition.default)
    return next(marked, tracks[0] if tracks else None)


def _read(
    opened: Opened, track: SubtitleStream, within: Span, limits: Limits, beat: Beat
) -> tuple[list[Cue], int]:
    """The cues of a span, and how many could not be read; it ends where a cap is reached."""
    clock = Clock(track.time_base or opened.clock.time_base, opened.clock.origin)
    end_ms = within.end_ms + INTERLEAVED_MS
    cues: list[Cue] = []
    characters = dropped = 0
    try:
        if within.start_ms > LONGEST_CUE_MS:
            with suppress(*READ_ERRORS):  # then from the start
                start = opened.clock.pts(within.start_ms - LONGEST_CUE_MS)
                opened.container.seek(start, stream=opened.stream)
        for packet in opened.container.demux(track, opened.stream):
            beat()
            if packet.stream.index != track.index:
                if packet.dts is not None and opened.clock.milliseconds(packet.dts) > end_ms:
                    break
                continue
            try:
                cue = _cue(cast("Packet[SubtitleStream]", packet), clock)
            except READ_ERRORS:
                dropped += 1
                continue
            if cue is not None:
                cues.append(cue)
                characters += len(cue.text)
            if len(cues) >= limits.subtitle_cues or characters > limits.subtitle_bytes:
                break
    except READ_ERRORS:
        dropped += 1
    return cues, dropped


def _cue(packet: "Packet[SubtitleStream]", clock: Clock) -> Cue | None:
    """The cue in a packet; None when it says nothing (mp4 fills pauses) or is over at the start.

    Raises one of READ_ERRORS when it cannot be read.
    """
    if not packet.size:
        return None
    texts = [
        subtitle.ass.decode("utf-8", "replace").split(",", _ASS_FIELDS_BEFORE_TEXT)[-1]
        for subtitle in packet.decode()
        if isinstance(subtitle, AssSubtitle)
    ]
    if packet.pts is None:
        raise ValueError("a cue without a time")
    start_ms = clock.milliseconds(packet.pts)
    length = clock.milliseconds(packet.pts + packet.duration) - start_ms if packet.duration else 0
    end_ms = start_ms + (length or UNKNOWN_LENGTH_MS)
    cue = make_cue(max(0, start_ms), end_ms, " ".join(map(substation_words, texts)))
    return cue if cue is not None and cue.text else None

"""Subtitles that lie in the video itself: on its axis, up to a cap, a stretch at a time."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from av.packet import Packet

from qvtime.settings import Limits
from qvtime.subtitles import Spoken, Subtitles
from qvtime.timeline import Span
from qvtime.video.subtitles import read_subtitles
from qvtime.video.worker import open_video
from tests.unit.video.cues import Said, said
from tests.videos import STEADY, Clip, make


def mux(video: Path, name: str, cues: Said, offset_ms: int = 0, pictures: bool = False) -> Path:
    """The video again, with a track of these cues; `pictures` puts one of another kind before."""
    path = video.parent / name
    codec = "mov_text" if name.endswith(".mp4") else "subrip"
    with av.open(str(video)) as source, av.open(str(path), "w") as container:
        film = source.streams.video[0]
        stream = container.add_stream_from_template(film)
        if pictures:
            container.add_mux_stream("dvd_subtitle")
        track = container.add_mux_stream(codec)
        track.metadata["language"] = "ger"
        packets: list[Packet[Any]] = []
        for picture in source.demux(film):
            if picture.size:
                picture.stream = stream
                packets.append(picture)
        for start_ms, end_ms, text in cues:
            words = text.encode()
            data = len(words).to_bytes(2, "big") + words if codec == "mov_text" else words
            packet: Packet[Any] = Packet(data)
            packet.time_base = Fraction(1, 1000)
            packet.pts = packet.dts = start_ms + offset_ms
            packet.duration = end_ms - start_ms
            packet.stream = track
            packets.append(packet)
        for packet in sorted(packets, key=lambda p: (p.dts or 0) * p.time_base):
            container.mux(packet)
    return path


@pytest.mark.parametrize("decoder", ["pyav", "opencv"])
@pytest.mark.parametrize("name", ["subtitled.mkv", "subtitled.mp4"])
def test_a_track_in_the_video(video: Path, name: str, decoder: str) -> None:
    told = [(500, 1000, "Hello <i>you</i>"), (1250, 2000, "zwei <00:01> <time>1</time>")]
    path = mux(video, name, told)
    with open_video(path, decoder) as reader:
        before = reader.frames_at([0, 40]).pixels
        found = reader.embedded_subtitles()
        assert (reader.frames_at([0, 40]).pixels == before).all()
    assert said(found)[0] == (500, 1000, "Hello you")
    assert said(found)[1][:2] == (1250, 2000)
    assert not set(said(found)[1][2]) & set("<>")
    assert found.source in (
        "track 1 (srt, ger)",
        "track 1 (subrip, ger)",
        "track 1 (mov_text, ger)",
    )
    assert read_subtitles(str(path)) == found


def test_a_track_is_on_the_players_axis(tmp_path: Path) -> None:
    late = make(Clip("late.mkv", tuple(5000 + t for t in STEADY), shown_ms=STEADY), tmp_path)
    path = mux(late, "late-subtitled.mkv", [(500, 1000, "Hello")], offset_ms=5000)
    with open_video(path) as reader:
        assert reader.info.time_origin_ms == 5000
        assert said(reader.embedded_subtitles()) == [(500, 1000, "Hello")]


def test_pictures_of_text_are_passed_over(video: Path) -> None:
    path = mux(video, "both.mkv", [(500, 1000, "Hello")], pictures=True)
    found = read_subtitles(str(path))
    assert said(found) == [(500, 1000, "Hello")]
    assert (found.source or "").startswith("track 2")


def test_a_video_without_subtitles(video: Path) -> None:
    assert read_subtitles(str(video)) == Subtitles()


def test_a_track_ends_at_the_cap(video: Path) -> None:
    path = mux(video, "many.mkv", [(100 * n, 100 * n + 50, f"cue {n}") for n in range(40)])
    with open_video(path, limits=Limits(subtitle_cues=7)) as reader:
        assert len(reader.embedded_subtitles()) == 7
    with open_video(path, limits=Limits(subtitle_bytes=20)) as reader:
        assert len(reader.embedded_subtitles()) < 7


def test_a_long_track_is_read_a_stretch_at_a_time(tmp_path: Path) -> None:
    film = make(Clip("long.mkv", tuple(range(0, 1_300_000, 5000)), width=32, height=32), tmp_path)
    cues = [(t, t + 900, f"at {t}") for t in range(0, 1_300_000, 1000)]
    with open_video(mux(film, "long-subtitled.mkv", cues)) as reader:
        read: list[Span] = []

        def stretch(span: Span) -> Subtitles:
            read.append(span)
            return reader.embedded_subtitles(span)

        spoken = Spoken(read=stretch)
        assert said(list(spoken.within(Span(650_000, 651_500)))) == cues[650:652]
        assert spoken.source is not None
        assert said(list(spoken.within(Span(599_500, 601_000)))) == cues[599:601]
        assert said(list(spoken.within(Span(1_299_000, 1_299_500)))) == cues[1299:]
        assert read == [Span(600_000, 1_200_000), Span(0, 600_000), Span(1_200_000, 1_800_000)]
        assert spoken.dropped == 0
        assert said(reader.embedded_subtitles()) == cues

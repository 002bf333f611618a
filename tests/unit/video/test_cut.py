"""Cutting clips out: the pictures of the span, by the numbers in their pixels."""

import os
from pathlib import Path

import av
import pytest

from qvtime.errors import NotAVideo, OutputError, VideoError, VideoNotFound
from qvtime.settings import Limits
from qvtime.timeline import Span
from qvtime.video.cut import FORMATS, cut_clip, ending_for
from qvtime.video.cutting import cut
from qvtime.video.pyav import PyavSource
from qvtime.video.screen import LocalReader
from tests.videos import CLIPS, STEADY, Clip, make, read_number

# A refresh without keyframes cannot begin in its middle.
CUTTABLE = [clip for clip in CLIPS if not clip.name.startswith("refreshed")]
BY_NAME = {clip.name: clip for clip in CLIPS}
SPAN = Span(880, 1480)
SLACK_MS = 60
KEYS = (("g", "12"), ("bf", "0"), ("sc_threshold", "0"))


def numbers(path: Path, times_ms: list[int]) -> list[int]:
    with LocalReader(PyavSource(path, Limits())) as reader:
        return [read_number(pixels) for pixels in reader.frames_at(times_ms).pixels]


@pytest.mark.parametrize("clip", CUTTABLE, ids=lambda clip: clip.name)
def test_a_clip_shows_the_pictures_of_its_span(clip: Clip, tmp_path: Path) -> None:
    source = make(clip, tmp_path)
    with LocalReader(PyavSource(source, Limits())) as reader:
        ending = ending_for(reader.info.container)
        duration_ms, first_ms = reader.info.duration_ms, reader.info.first_frame_ms
    start_ms = min(first_ms + 900, max(0, duration_ms - 700))
    span = Span(start_ms, min(start_ms + 600, duration_ms))
    out = tmp_path / f"cut{ending}"
    shown = cut(source, span, str(out), FORMATS[ending], Limits())
    assert shown.start_ms <= max(span.start_ms, first_ms)
    with LocalReader(PyavSource(out, Limits())) as reader:
        assert reader.damage == ()
        assert abs(reader.info.duration_ms - shown.duration_ms) <= SLACK_MS
        times_ms = list(range(0, shown.duration_ms, 20))
        found = [read_number(pixels) for pixels in reader.frames_at(times_ms).pixels]
    for time_ms, number in zip(times_ms, found, strict=True):
        at_ms = shown.start_ms + time_ms
        # A picture that was on screen already when the clip begins gives way to the next one.
        earliest, latest = (clip.on_screen(at_ms + off)[1] for off in (-SLACK_MS, SLACK_MS))
        assert earliest <= number <= latest, f"at {at_ms} ms"


def test_an_mp4_begins_with_the_span_and_not_with_the_keyframe(tmp_path: Path) -> None:
    source = make(BY_NAME["one-group.mp4"], tmp_path)  # its only keyframe is the first picture
    out = tmp_path / "cut.mp4"
    shown = cut_clip(str(source), Span(1000, 1400), str(out))
    # Up to three pictures from after the span are there for others to lean on.
    assert shown.start_ms == 1000
    assert 1400 <= shown.end_ms <= 1520
    assert numbers(out, [0, 40, 360]) == [25, 26, 34]


def test_matroska_begins_with_the_keyframe(tmp_path: Path) -> None:
    source = make(
        Clip("keys.mkv", STEADY, options=KEYS), tmp_path
    )  # a keyframe every 12 pictures, 480 ms
    out = tmp_path / "cut.mkv"
    assert cut_clip(str(source), Span(1000, 1400), str(out)) == Span(960, 1400)
    assert numbers(out, [0, 40, 400]) == [24, 25, 34]


def test_sound_comes_along(tmp_path: Path) -> None:
    source = make(Clip("sound.mp4", STEADY, audio=True), tmp_path)
    out = tmp_path / "cut.mp4"
    cut_clip(str(source), Span(200, 800), str(out))
    with av.open(str(out)) as container:
        (track,) = container.streams.audio
        packets = [packet for packet in container.demux(track) if packet.size]
        base = track.time_base
        assert base is not None
        heard = sum(packet.duration or 0 for packet in packets) * base
        assert 0.5 <= heard <= 0.8


def test_the_same_cut_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("steady.mp4", "uneven.mkv"):
        source = make(BY_NAME[name], tmp_path)
        cuts = [tmp_path / f"{n}{source.suffix}" for n in (1, 2)]
        for out in cuts:
            cut_clip(str(source), SPAN, str(out))
        assert cuts[0].read_bytes() == cuts[1].read_bytes()
        for out in cuts:
            out.unlink()


def test_the_end_of_a_video_is_the_end_of_its_clip(tmp_path: Path) -> None:
    source = make(BY_NAME["steady.mp4"], tmp_path)
    shown = cut_clip(str(source), Span(2000, 9000), str(tmp_path / "cut.mp4"))
    assert shown == Span(2000, 2400)


def test_nothing_is_overwritten_and_nothing_is_left_behind(tmp_path: Path) -> None:
    source = make(BY_NAME["steady.mp4"], tmp_path)
    out = tmp_path / "mine.mp4"
    out.write_bytes(b"mine")
    with pytest.raises(OutputError, match="file exists"):
        cut_clip(str(source), SPAN, str(out))
    assert out.read_bytes() == b"mine"
    with pytest.raises(OutputError, match="no such file or directory"):
        cut_clip(str(source), SPAN, str(tmp_path / "missing" / "cut.mp4"))
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    for path, kind in ((text, NotAVideo), (tmp_path / "gone.mp4", VideoNotFound)):
        with pytest.raises(kind) as raised:
            cut_clip(str(path), SPAN, str(tmp_path / "cut.mp4"))
        assert str(path) in raised.value.message
    assert not (tmp_path / "cut.mp4").exists()


def test_a_span_after_the_end_is_no_clip(tmp_path: Path) -> None:
    source = make(BY_NAME["steady.mp4"], tmp_path)
    with pytest.raises(VideoError, match=r"steady\.mp4"):
        cut_clip(str(source), Span(60_000, 61_000), str(tmp_path / "cut.mp4"))
    assert not (tmp_path / "cut.mp4").exists()


def test_names_of_any_bytes(tmp_path: Path) -> None:
    source = make(BY_NAME["steady.mp4"], tmp_path)
    odd = source.rename(tmp_path / os.fsdecode(b"-caf\xe9 %03d.mp4"))
    out = tmp_path / os.fsdecode(b"http:\xff.mp4")
    assert cut_clip(str(odd), SPAN, str(out)) == SPAN
    assert numbers(out, [0]) == [22]

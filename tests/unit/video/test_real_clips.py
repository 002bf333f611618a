"""Clips that nobody here wrote, with times that others measured. Skipped where they are not."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from qvtime.errors import DamagedVideo, NotAVideo, UnsupportedVideo, VideoError
from qvtime.settings import Limits
from qvtime.video.file import check_file
from qvtime.video.opencv import OpencvSource
from qvtime.video.pyav import PyavSource
from qvtime.video.screen import LocalReader

FOLDER = Path(__file__).parents[4] / "shared" / "videos"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder of real clips is not here")


def open_real(name: str, seek_ahead_ms: int = 300) -> LocalReader:
    return LocalReader(PyavSource(check_file(FOLDER / name), Limits()), seek_ahead_ms)


def presented(source: PyavSource | OpencvSource) -> list[int]:
    times: list[int] = []
    while (picture := source.next_picture()) is not None:
        times.append(picture.presented_ms)
    return times


@pytest.mark.parametrize(
    ("name", "stream"),
    [("nasa_13013.mp4", 3), ("nasa_13013_rotated.mp4", 0), ("test_non_zero_start.mp4", 0)],
)
def test_every_picture_has_the_time_that_others_measured(name: str, stream: int) -> None:
    truth = FOLDER / "frame_times" / f"{name}.stream{stream}.all_frames_info.json"
    seconds = [Fraction(frame["pts_time"]) for frame in json.loads(truth.read_text())]
    for source_of in (PyavSource, OpencvSource) if stream == 0 else (PyavSource,):
        source = source_of(FOLDER / name, Limits())
        since_start = [1000 * (second - seconds[0]) for second in seconds]
        assert presented(source) == [int(time_ms + Fraction(1, 2)) for time_ms in since_start]
        source.close()


FACTS = {
    # name: (pictures, first ms, end ms, width, height, rotation)
    "one-by-one-person-detection.mp4": (1394, 0, 139_400, 768, 432, 0),
    "count-video.mp4": (245, 0, 24_457, 640, 480, 0),
    "discard_first_keyframe.mp4": (25, 0, 1000, 64, 64, 0),
    "av1_video.mkv": (125, 0, 5000, 640, 360, 0),
    "testsrc2_odd_height_and_width_vp9.mp4": (25, 0, 1000, 321, 241, 0),
    "testsrc-hevc.mp4": (60, 0, 2000, 640, 360, 0),
    "unordered.mov": (4, 0, 125, 50, 50, 0),
    "bipbop0.ts": (150, 0, 10_010, 192, 144, 0),
    "no_duration.webm": (74, 0, 4938, 1280, 720, 0),
    "-video-with-dash-.mp4": (5, 0, 5000, 1, 1, 0),
    "white.mp4": (300, 0, 10_000, 320, 240, 0),
    "minimal.mp4": (1, 0, 40, 320, 240, 0),
    "h264-png.mp4": (60, 0, 2000, 640, 360, 0),
    "nasa_13013_rotated.mp4": (17, 0, 567, 270, 480, 90),
    "sample_MKV_SRT.mkv": (74, 0, 4934, 176, 144, 0),
    "sample_MP4_SRT.mp4": (149, 0, 4967, 190, 240, 0),
}


@pytest.mark.parametrize("name", FACTS)
def test_what_is_in_them(name: str) -> None:
    pictures, first_ms, end_ms, width, height, rotation = FACTS[name]
    source = PyavSource(check_file(FOLDER / name), Limits())
    info = source.info
    assert len(presented(source)) == pictures
    assert source.damage == ()
    source.close()
    assert (info.width_px, info.height_px, info.rotation_degrees) == (width, height, rotation)
    assert info.first_frame_ms == first_ms
    assert abs(info.duration_ms - end_ms) <= 20


@pytest.mark.parametrize("name", [name for name in FACTS if FACTS[name][0] > 20])
def test_seeking_in_them_gives_what_reading_on_gives(name: str) -> None:
    end_ms = min(FACTS[name][2], 12_000)
    times = list(range(0, end_ms, max(1, end_ms // 24)))
    with open_real(name, seek_ahead_ms=10**9) as sequential:
        whole = sequential.frames_at(times, (64, 48))
    with open_real(name) as reader:
        for index in (20, 3, 11, 0, 23, 12):
            batch = reader.frames_at([times[index]], (64, 48))
            assert batch.presented_ms[0] == whole.presented_ms[index]
            assert np.array_equal(batch.pixels[0], whole.pixels[index])


def test_the_countdown_shows_its_digits_when_it_should() -> None:
    """Pictures within one digit's span differ less than pictures of two digits."""
    spans = [(0, 834), (834, 1668), (1668, 2502), (2502, 3470), (3470, 4338), (4338, 5172)]
    middles = [(start + end) // 2 for start, end in spans]
    with open_real("in.mp4") as reader:
        batch = reader.frames_at([time for middle in middles for time in (middle, middle + 33)])
        black = reader.frames_at([6500]).pixels
    pixels = batch.pixels.astype(int)
    same = [np.abs(pixels[n] - pixels[n + 1]).mean() for n in range(0, 12, 2)]
    other = [np.abs(pixels[n] - pixels[n + 2]).mean() for n in range(0, 10, 2)]
    assert max(same) < min(other)
    assert black.mean() < 20


def test_a_damaged_clip_is_read_as_far_as_it_goes() -> None:
    with open_real("corrupted.mp4") as reader:
        batch = reader.frames_at(list(range(0, 5000, 100)), (64, 48))
    assert len(batch) == 50
    assert any("could not be decoded" in sentence for sentence in batch.damage)


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("sine-3s-xhe-aac-44khz-mono.mp4", NotAVideo, "only audio"),
        ("zeroLength.ts", NotAVideo, "has no pictures"),
        ("zero_empty_stsc.mp4", DamagedVideo, "none of its pictures can be decoded"),
        ("chunk_out_of_range.mp4", NotAVideo, "header is damaged"),
        ("mp4Muxed.mp4", NotAVideo, "header is damaged"),
        ("count.h264", NotAVideo, "not a video container that qvtime reads"),
        ("frame_times", NotAVideo, "is a folder"),
        ("README.md", NotAVideo, "is not a video"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(
    name: str, kind: type[VideoError], reason: str
) -> None:
    with pytest.raises(kind, match=reason) as refused:
        open_real(name)
    assert name in refused.value.message


@pytest.mark.parametrize(
    ("name", "reason"),
    [("av1_video.mkv", "is AV1"), ("nasa_13013.mp4", "OpenCV reads only the first stream")],
)
def test_opencv_refuses_what_it_gets_wrong(name: str, reason: str) -> None:
    with pytest.raises(UnsupportedVideo, match=reason):
        OpencvSource(FOLDER / name, Limits())

"""What every decoder must give for every kind of video, or else refuse it by name.

The truth is planted in the clips. A new decoder is tested by adding it to SOURCES.
"""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qvtime.errors import UnsupportedVideo
from qvtime.settings import Limits
from qvtime.video.opencv import OpencvSource
from qvtime.video.pyav import PyavSource
from qvtime.video.screen import LocalReader
from tests.videos import CLIPS, Clip, read_number

SOURCES = {"pyav": PyavSource, "opencv": OpencvSource}
PAIRS = [
    pytest.param(clip, decoder, id=f"{clip.name}-{decoder}")
    for clip in CLIPS
    for decoder in SOURCES
    if not (decoder == "opencv" and clip.opencv_refuses)
]
SEEKS_SOON_MS = 100  # the clips are short: seek as a long video would

PathOf = Callable[[Clip], Path]


def open_local(path: Path, decoder: str, seek_ahead_ms: int = SEEKS_SOON_MS) -> LocalReader:
    return LocalReader(SOURCES[decoder](path, Limits()), seek_ahead_ms)


def moments(clip: Clip) -> list[int]:
    """Every picture's own moment, one between each and the next, and far beyond both ends."""
    shown = [time_ms for time_ms, _ in clip.truth]
    between = [time_ms + 7 for time_ms in shown]
    return sorted([-500, 0, *shown, *between, shown[-1] + 5000])


@pytest.mark.parametrize(("clip", "decoder"), PAIRS)
def test_the_picture_on_screen_at_every_moment(clip: Clip, decoder: str, clip_path: PathOf) -> None:
    times = moments(clip)
    with open_local(clip_path(clip), decoder) as reader:
        batch = reader.frames_at(times)
        info = reader.info
        assert batch.pixels.shape == (len(times), info.height_px, info.width_px, 3)
    got = list(zip(batch.presented_ms.tolist(), map(read_number, batch.pixels), strict=True))
    assert got == [clip.on_screen(time_ms) for time_ms in times]
    assert batch.times_ms.tolist() == times
    assert batch.damage == ()


@pytest.mark.parametrize(("clip", "decoder"), PAIRS)
def test_what_is_known_of_it(clip: Clip, decoder: str, clip_path: PathOf) -> None:
    with open_local(clip_path(clip), decoder) as reader:
        info = reader.info
    first_ms, last_ms = clip.truth[0][0], clip.truth[-1][0]
    assert info.decoder == decoder
    assert info.first_frame_ms == first_ms
    assert last_ms <= info.duration_ms <= last_ms + 200
    assert (info.width_px, info.height_px) == (round(clip.width * clip.aspect), clip.height)
    assert info.interlaced is clip.interlaced
    assert info.rotation_degrees in ((0,) if not clip.clockwise else (360 - clip.clockwise,))


@pytest.mark.parametrize(("clip", "decoder"), PAIRS)
def test_seeking_gives_what_reading_on_gives(clip: Clip, decoder: str, clip_path: PathOf) -> None:
    dice = random.Random(clip.name)
    times = moments(clip)
    with open_local(clip_path(clip), decoder, seek_ahead_ms=10**9) as sequential:
        whole = sequential.frames_at(times, (48, 32))
    with open_local(clip_path(clip), decoder) as reader:
        for _ in range(12):
            picked = sorted(dice.sample(range(len(times)), min(3, len(times))))
            batch = reader.frames_at([times[index] for index in picked], (48, 32))
            assert batch.presented_ms.tolist() == whole.presented_ms[picked].tolist()
            assert np.array_equal(batch.pixels, whole.pixels[picked])


@pytest.mark.parametrize(
    "clip", [clip for clip in CLIPS if clip.opencv_refuses], ids=lambda clip: clip.name
)
def test_opencv_refuses_by_name_what_it_gets_wrong(clip: Clip, clip_path: PathOf) -> None:
    with pytest.raises(UnsupportedVideo, match=clip.opencv_refuses) as refused:
        OpencvSource(clip_path(clip), Limits())
    assert refused.value.hint == "use --decoder pyav"


@pytest.mark.parametrize("size", [(32, 32), (200, 40), (97, 300), (1, 1)])
@pytest.mark.parametrize("decoder", SOURCES)
def test_any_size(size: tuple[int, int], decoder: str, clip_path: PathOf) -> None:
    turned = next(clip for clip in CLIPS if clip.clockwise)
    with open_local(clip_path(turned), decoder) as reader:
        batch = reader.frames_at([1000, 1000, 2000], size)
        by_rule = reader.frames_at([1000], lambda width, height: (width * 2, height * 2))
    assert batch.pixels.shape == (3, size[1], size[0], 3)
    assert by_rule.pixels.shape == (1, 2 * turned.height, 2 * turned.width, 3)
    assert read_number(by_rule.pixels[0]) == 25
    if min(size) >= 32:
        assert list(map(read_number, batch.pixels)) == [25, 25, 50]


def test_both_decoders_show_the_same(clip_path: PathOf) -> None:
    for clip in CLIPS:
        if clip.opencv_refuses:
            continue
        times = [time_ms for time_ms, _ in clip.truth]
        with open_local(clip_path(clip), "pyav") as reader:
            ours = reader.frames_at(times, (48, 32))
        with open_local(clip_path(clip), "opencv") as reader:
            theirs = reader.frames_at(times, (48, 32))
        difference = np.abs(ours.pixels.astype(int) - theirs.pixels).mean()
        assert difference < 4, clip.name


def test_no_moments_and_moments_out_of_order(clip_path: PathOf) -> None:
    with open_local(clip_path(CLIPS[0]), "pyav") as reader:
        assert len(reader.frames_at([])) == 0
        with pytest.raises(ValueError, match="in order"):
            reader.frames_at([100, 0])
        with pytest.raises(ValueError, match="no picture of"):
            reader.frames_at([0], (0, 10))

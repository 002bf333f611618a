"""When the screen seeks and when it reads on, on a source that counts."""

import numpy as np
import pytest

from qvtime.errors import NotAVideo
from qvtime.frames import Pixels, VideoInfo
from qvtime.video.screen import LocalReader
from qvtime.video.source import Picture, PictureSource


class Grey(Picture):
    def __init__(self, presented_ms: int) -> None:
        self.presented_ms = presented_ms

    def pixels(self, width_px: int, height_px: int) -> Pixels:
        return np.full((height_px, width_px, 3), self.presented_ms // 1000 % 256, np.uint8)


class CountingSource(PictureSource):
    """A picture a second; a keyframe every `group` pictures; seeks land `late_ms` too late."""

    def __init__(self, pictures: int, group: int, late_ms: int = 0) -> None:
        self.info = VideoInfo("clip", "none", "none", "none", 8, 8, 1000 * pictures, 0, 0)
        self.pictures, self.group, self.late_ms = pictures, group, late_ms
        self.position = self.jumps = self.decoded = 0

    def next_picture(self) -> Picture | None:
        if self.position >= self.pictures:
            return None
        self.position += 1
        self.decoded += 1
        return Grey(1000 * (self.position - 1))

    def jump(self, time_ms: int) -> bool:
        self.jumps += 1
        wanted = min(max(0, time_ms + self.late_ms) // 1000, self.pictures - 1)
        self.position = wanted // self.group * self.group
        return True

    def rewind(self) -> None:
        self.position = 0

    @property
    def damage(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        self.position = self.pictures


def test_dense_moments_are_read_in_one_go() -> None:
    source = CountingSource(1000, group=10)
    LocalReader(source).frames_at(range(0, 1_000_000, 5000))
    assert source.jumps == 0
    assert source.decoded == 997


def test_moments_far_apart_are_sought() -> None:
    source = CountingSource(10_000, group=10)
    batch = LocalReader(source).frames_at(range(0, 10_000_000, 100_000))
    assert batch.presented_ms.tolist() == list(range(0, 10_000_000, 100_000))
    assert source.decoded < 100 * 13


def test_seeking_is_given_up_where_keyframes_are_far_apart() -> None:
    source = CountingSource(5000, group=5000)
    LocalReader(source).frames_at(range(0, 5_000_000, 13_000))
    assert source.jumps == 1
    assert source.decoded < 5100


def test_seeks_that_land_late_are_tried_again_further_back() -> None:
    source = CountingSource(1000, group=10, late_ms=40_000)
    batch = LocalReader(source).frames_at([3_000, 500_500, 999_999])
    assert batch.presented_ms.tolist() == [3_000, 500_000, 999_000]


def test_no_picture_at_all() -> None:
    with pytest.raises(NotAVideo, match="no picture"):
        LocalReader(CountingSource(0, group=1)).frames_at([0])

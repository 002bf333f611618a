"""The two things a video is once it is open: what is known of it, and pictures with their times."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""A picture, uint8 RGB [H, W, 3], or several, [N, H, W, 3]."""

FRAMES_PER_PATCH = 2
"""Pictures in a temporal patch, the unit of time that a model sees."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What the container claims (`claimed_…`) and what was measured.

    Times are milliseconds on the player's axis: presentation time minus the container's start
    time, which is `time_origin_ms` on the container's own axis. Sizes are those of the upright,
    square-pixel picture. `duration_ms` is the end of the last picture as far as is known before
    decoding all of it; claims never size an allocation or end a loop.
    """

    path: str
    decoder: str
    container: str
    codec: str
    width_px: int
    height_px: int
    duration_ms: int
    time_origin_ms: int
    first_frame_ms: int
    rotation_degrees: int = 0
    interlaced: bool = False
    claimed_duration_ms: int | None = None
    claimed_fps: float | None = None
    claimed_frames: int | None = None


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """Pictures and the moments they stand for.

    pixels: uint8 RGB [N, H, W, 3].
    times_ms: int64 [N], the moments that were asked for; picture n is on screen at times_ms[n].
    presented_ms: int64 [N], when picture n appeared (its presentation time); at most times_ms[n],
    except before the first picture of a video, where the first one stands in.
    damage: what was found wrong while these were decoded, one sentence each.
    """

    pixels: Pixels
    times_ms: npt.NDArray[np.int64]
    presented_ms: npt.NDArray[np.int64]
    damage: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        count = len(self.times_ms)
        if self.pixels.ndim != 4 or self.pixels.shape[-1] != 3 or self.pixels.dtype != np.uint8:
            raise ValueError(f"pixels must be uint8 [N, H, W, 3], not {self.pixels.shape}")
        if len(self.pixels) != count or len(self.presented_ms) != count:
            raise ValueError(f"{len(self.pixels)} pictures for {count} times")

    def __len__(self) -> int:
        return len(self.times_ms)

    def at(self, times_ms: Sequence[int]) -> "FrameBatch":
        """The pictures of these moments, in this order. ValueError for one that is not here.

        self.times_ms in order of time.
        """
        if np.array_equal(self.times_ms, times_ms):
            return self
        places = np.searchsorted(self.times_ms, times_ms)
        if not np.array_equal(self.times_ms[places.clip(max=len(self) - 1)], times_ms):
            raise ValueError("there is no picture of some of these moments")
        return FrameBatch(
            self.pixels[places], self.times_ms[places], self.presented_ms[places], self.damage
        )

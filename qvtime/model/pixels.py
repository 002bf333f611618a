"""From pictures to what the vision tower reads: Qwen3-VL's patches, without its processor.

The order is the one of transformers' Qwen3-VL video processor: patches run over temporal patch,
2x2 merge block (row-major), place in the block; the numbers of a patch run over colour, frame,
row, column. Values are scaled from 0..255 to -1..1 (mean and deviation 0.5).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from qvtime.frames import FRAMES_PER_PATCH
from qvtime.ops.blocks import MERGE as MERGE
from qvtime.ops.patches import PATCH_NUMBERS
from qvtime.ops.patches import PATCH_PX as PATCH_PX

CELL_PX = PATCH_PX * MERGE
"""The side of one token of the language model, in pixels: sizes are multiples of it."""


@dataclass(frozen=True, slots=True)
class Grid:
    """How many patches a video has: temporal ones, rows, columns (before merging)."""

    times: int
    rows: int
    columns: int

    @property
    def tokens_per_time(self) -> int:
        """Tokens of the language model in one temporal patch."""
        return self.rows * self.columns // MERGE**2

    @property
    def patches(self) -> int:
        return self.times * self.rows * self.columns


def grid_of(pixels: npt.NDArray[np.uint8]) -> Grid:
    """The grid of pictures [N, H, W, 3]; an odd last picture makes a whole temporal patch.

    Raises ValueError when a side is not a multiple of 32 pixels or there is no picture.
    """
    frames, height, width, channels = pixels.shape
    if not frames or not height or not width or height % CELL_PX or width % CELL_PX:
        raise ValueError(f"pictures must be multiples of {CELL_PX} px, not {pixels.shape}")
    if channels != 3 or pixels.dtype != np.uint8:
        raise ValueError(f"pictures must be uint8 RGB, not {pixels.dtype} {pixels.shape}")
    times = -(-frames // FRAMES_PER_PATCH)
    return Grid(times, height // PATCH_PX, width // PATCH_PX)


def patches_of(pixels: npt.NDArray[np.uint8], device: str = "cpu") -> torch.Tensor:
    """Pictures, uint8 RGB [N, H, W, 3], as float32 [patches, 1536]; the last one fills up a pair.

    The bytes travel to `device` and become numbers there.
    """
    grid = grid_of(pixels)
    frames = torch.from_numpy(np.ascontiguousarray(pixels)).to(device)
    if len(frames) % FRAMES_PER_PATCH:
        frames = torch.cat((frames, frames[-1:]))
    blocks = frames.view(
        grid.times,
        FRAMES_PER_PATCH,
        grid.rows // MERGE,
        MERGE,
        PATCH_PX,
        grid.columns // MERGE,
        MERGE,
        PATCH_PX,
        3,
    ).permute(0, 2, 5, 3, 6, 8, 1, 4, 7)  # [T, h/2, w/2, 2, 2, colour, frame, row, column]
    values = blocks.to(torch.float32, memory_format=torch.contiguous_format)
    return values.div_(127.5).sub_(1.0).reshape(grid.patches, PATCH_NUMBERS)

"""Pictures as the vision tower reads them, in the order of Qwen3-VL's video processor.

Patches run over temporal patch, 2x2 block (row by row), place in the block; the numbers of a patch
over colour, picture, row, column. Values go from 0..255 to -1..1 (mean and deviation 0.5).
"""

import numpy as np
import torch

from qvtime.frames import FRAMES_PER_PATCH
from qvtime.ops.blocks import MERGE
from qvtime.ops.kernels import Kernels
from qvtime.ops.launch import DTYPE_NAMES, Launch, aligned, blocks_of

PATCH_PX = 16
PATCH_NUMBERS = 3 * FRAMES_PER_PATCH * PATCH_PX * PATCH_PX

THREADS = 256
ROWS_PER_PATCH = FRAMES_PER_PATCH * PATCH_PX


def patches_from(kernels: Kernels, pictures: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Patches [count, 1536] of `dtype`, on the device of the pictures.

    pictures: uint8 RGB [N, H, W, 3], contiguous, sides multiples of 32; an odd last picture fills
    up its pair.
    """
    if kernels.launcher is None:
        return _reference(pictures).to(dtype)
    frames, height, width, _ = pictures.shape
    if not pictures.is_contiguous() or pictures.dtype != torch.uint8:
        raise ValueError("pictures must be contiguous uint8")
    times = -(-frames // FRAMES_PER_PATCH)
    count = times * (height // PATCH_PX) * (width // PATCH_PX)
    patches = torch.empty((count, PATCH_NUMBERS), dtype=dtype, device=pictures.device)
    launch = Launch(
        "patches",
        f"patches_{DTYPE_NAMES[dtype]}",
        (blocks_of(count * ROWS_PER_PATCH, THREADS), 1),
        THREADS,
        (
            patches,
            aligned("pictures", pictures.flatten(1)),
            *map(np.int32, (frames, height, width, count)),
        ),
    )
    kernels.launch([launch] if count else [], [patches], lambda: [_reference(pictures).to(dtype)])
    return patches


def _reference(pictures: torch.Tensor) -> torch.Tensor:
    """Patches as float32 [count, 1536]."""
    if len(pictures) % FRAMES_PER_PATCH:
        pictures = torch.cat((pictures, pictures[-1:]))
    frames, height, width, colours = pictures.shape
    blocks = pictures.view(
        frames // FRAMES_PER_PATCH,
        FRAMES_PER_PATCH,
        height // PATCH_PX // MERGE,
        MERGE,
        PATCH_PX,
        width // PATCH_PX // MERGE,
        MERGE,
        PATCH_PX,
        colours,
    ).permute(0, 2, 5, 3, 6, 8, 1, 4, 7)  # [T, h/2, w/2, 2, 2, colour, picture, row, column]
    values = blocks.to(torch.float32, memory_format=torch.contiguous_format)
    return values.div_(127.5).sub_(1.0).reshape(blocks[..., 0, 0, 0, 0].numel(), PATCH_NUMBERS)

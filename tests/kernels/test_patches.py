"""Bytes of pictures as patches."""

import pytest
import torch

from qvtime.ops.kernels import REFERENCE, Kernels
from qvtime.ops.patches import patches_from

SIZES = [(1, 32, 32), (2, 32, 96), (5, 64, 32), (4, 96, 160)]
DTYPES = (torch.float32, torch.bfloat16, torch.float16)


def pictures(frames: int, height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (frames, height, width, 3), dtype=torch.uint8, generator=generator)


def one_by_one(frames: torch.Tensor) -> torch.Tensor:
    """The rule as nested loops over numbers of the grid, float32."""
    count, height, width, _ = frames.shape
    patches = []
    for first in range(0, count, 2):
        pair = frames[[first, min(first + 1, count - 1)]]
        for top in range(0, height, 32):
            for left in range(0, width, 32):
                for row, column in ((0, 0), (0, 16), (16, 0), (16, 16)):
                    y, x = top + row, left + column
                    cut = pair[:, y : y + 16, x : x + 16].permute(3, 0, 1, 2)
                    patches.append(cut.float().div(127.5).sub(1).flatten())
    return torch.stack(patches)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_they_are_the_planted_ones(
    size: tuple[int, int, int], dtype: torch.dtype, on_host: Kernels
) -> None:
    frames = pictures(*size)
    expected = one_by_one(frames).to(dtype)
    for kernels in (REFERENCE, on_host):
        assert torch.equal(patches_from(kernels, frames, dtype), expected)


def test_every_byte_has_its_number(on_host: Kernels) -> None:
    frames = torch.arange(256, dtype=torch.uint8).repeat(12).view(1, 32, 32, 3)
    numbers = patches_from(on_host, frames, torch.float32)
    found = torch.tensor(sorted(set(numbers.flatten().tolist())))
    assert torch.equal(found, torch.arange(256).float() / 127.5 - 1)


def test_pictures_that_are_not_laid_out_are_refused(on_host: Kernels) -> None:
    with pytest.raises(ValueError, match="contiguous uint8"):
        patches_from(on_host, pictures(2, 64, 64)[:, ::2], torch.float32)
    crooked = pictures(3, 32, 32).flatten()[3:6147].view(2, 32, 32, 3)
    with pytest.raises(ValueError, match="16 bytes"):
        patches_from(on_host, crooked, torch.float32)

"""Patches against the stock processor.

golden_patches.npz was made with transformers 5.23.0 and torchvision 0.28.0 from `frames` (three
random pictures) by

    Qwen3VLVideoProcessor()(videos=[frames as T,C,H,W], do_sample_frames=False, do_resize=False)
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from transformers import Qwen2VLImageProcessorPil

from qvtime.model.pixels import Grid, grid_of, patches_of

Pictures = Callable[..., npt.NDArray[np.uint8]]
GOLDEN = Path(__file__).with_name("golden_patches.npz")


def stock_patches(frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """The stock recipe, step by step, for pictures that need no resizing."""
    if len(frames) % 2:
        frames = np.concatenate((frames, frames[-1:]))
    times, rows, columns = len(frames) // 2, frames.shape[1] // 16, frames.shape[2] // 16
    scaled = (frames.transpose(0, 3, 1, 2) / 255 - 0.5) / 0.5  # [N, 3, H, W]
    blocks = scaled.reshape(times, 2, 3, rows // 2, 2, 16, columns // 2, 2, 16)
    ordered = blocks.transpose(0, 3, 6, 4, 7, 2, 1, 5, 8)
    return ordered.reshape(times * rows * columns, 1536).astype(np.float32)


def test_patches_are_those_of_the_stock_video_processor() -> None:
    with np.load(GOLDEN) as golden:
        frames, expected, grid = golden["frames"], golden["patches"], golden["grid"]
    assert grid_of(frames) == Grid(*grid.tolist())
    patches = patches_of(frames)
    assert patches.dtype == torch.float32
    np.testing.assert_allclose(patches.numpy(), expected, atol=1e-6)
    np.testing.assert_allclose(stock_patches(frames), expected, atol=1e-6)


def test_two_equal_pictures_are_what_the_stock_image_processor_makes_of_one(
    pictures: Pictures,
) -> None:
    picture = pictures(1, 64, 96)
    stock = Qwen2VLImageProcessorPil(
        patch_size=16,
        merge_size=2,
        temporal_patch_size=2,
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )
    out = stock(Image.fromarray(picture[0]), do_resize=False, return_tensors="np")
    ours = patches_of(np.concatenate((picture, picture)))
    np.testing.assert_allclose(ours.numpy(), out["pixel_values"], atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32))
def test_patches_follow_the_stock_recipe(
    pictures: Pictures, count: int, height: int, width: int, seed: int
) -> None:
    frames = pictures(count, 32 * height, 32 * width, seed)
    patches = patches_of(frames).numpy()
    assert len(patches) == grid_of(frames).patches
    np.testing.assert_allclose(patches, stock_patches(frames), atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 33, 32, 3), (2, 32, 16, 3), (0, 32, 32, 3), (2, 32, 32, 4)])
def test_other_sizes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="pictures must be"):
        patches_of(np.zeros(shape, np.uint8))

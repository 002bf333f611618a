"""The faster tower against the stock one."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch

from qvtime.model.pixels import grid_of, patches_of
from qvtime.model.vision import VideoFeatures, batched_attention, video_features
from qvtime.model.weights import LoadedModel

Pictures = Callable[..., npt.NDArray[np.uint8]]


@torch.inference_mode()
def stock_features(stock: torch.nn.Module, pixels: npt.NDArray[np.uint8]) -> list[torch.Tensor]:
    """What transformers' own tower gives: merged features, then every DeepStack level."""
    grid = grid_of(pixels)
    seen = stock.model.visual(  # type: ignore[union-attr, operator]
        patches_of(pixels),
        grid_thw=torch.tensor([[grid.times, grid.rows, grid.columns]]),
        return_dict=True,
    )
    return [seen.pooler_output, *seen.deepstack_features]


@torch.inference_mode()
def our_features(loaded: LoadedModel, pixels: npt.NDArray[np.uint8], chunk: int) -> VideoFeatures:
    return video_features(loaded.model, pixels, chunk)


@pytest.mark.parametrize("size", [(2, 32, 32), (6, 96, 96), (7, 32, 160), (4, 128, 64)])
@pytest.mark.parametrize("chunk", [1, 60, 4096])
def test_the_fast_tower_equals_the_stock_one(
    loaded: LoadedModel,
    stock: torch.nn.Module,
    pictures: Pictures,
    size: tuple[int, int, int],
    chunk: int,
) -> None:
    pixels = pictures(*size)
    ours = our_features(loaded, pixels, chunk)
    assert ours.grid == grid_of(pixels)
    for mine, theirs in zip(
        (ours.pooled, *ours.deepstack), stock_features(stock, pixels), strict=True
    ):
        # Relative to the features' own size, which random weights make large.
        difference = (mine - theirs).abs().max() / theirs.abs().max()
        assert difference < 1e-5
        assert theirs.std() > 0.1


def test_the_stock_tower_was_left_alone(loaded: LoadedModel, stock: torch.nn.Module) -> None:
    assert type(stock) is type(loaded.model)
    assert stock.config.vision_config._attn_implementation == "sdpa"  # type: ignore[union-attr]


def test_unequal_stretches_are_refused() -> None:
    packed = torch.zeros(1, 2, 7, 4)
    with pytest.raises(ValueError, match="equal stretches"):
        batched_attention(
            torch.nn.Identity(), packed, packed, packed, None, torch.tensor([0, 3, 7, 7])
        )
    with pytest.raises(ValueError, match="limits"):
        batched_attention(torch.nn.Identity(), packed, packed, packed, None)

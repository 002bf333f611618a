"""Vision features as plain arrays, to be kept, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from qvtime.model.pixels import Grid
from qvtime.model.vision import VideoFeatures
from qvtime.model.weights import LoadedModel

_POOLED = "pooled"
# NumPy has no bfloat16: its bits travel as integers.
_BITS = {torch.float32: np.float32, torch.float16: np.float16, torch.bfloat16: np.uint16}


def arrays_of(features: VideoFeatures) -> dict[str, npt.NDArray[Any]]:
    """Every level as an array [tokens, hidden] of its own, bit for bit: "pooled", "deepstack.0" …

    bfloat16 comes out as uint16.
    """
    levels = {_POOLED: features.pooled} | {
        _level(number): level for number, level in enumerate(features.deepstack)
    }
    return {name: _array(level) for name, level in levels.items()}


def strongest(features: VideoFeatures) -> npt.NDArray[np.float32]:
    """How each temporal patch looks, as one row: float32 [times, hidden], the most of its tokens.

    The most, not the mean: what is small in the picture shows too.
    """
    grid, pooled = features.grid, features.pooled
    rows = pooled.detach().view(grid.times, grid.tokens_per_time, -1).amax(1)
    looks: npt.NDArray[np.float32] = rows.float().cpu().numpy()
    return looks


def features_of(
    arrays: Mapping[str, npt.NDArray[Any]], loaded: LoadedModel, grid: Grid
) -> VideoFeatures:
    """The features that `arrays_of` made arrays of, for this model, on its device.

    ValueError when they are not those of such a grid in this model.
    """
    config = loaded.model.config
    count = len(config.vision_config.deepstack_visual_indexes)
    names = [_POOLED, *map(_level, range(count))]
    shape = (grid.times * grid.tokens_per_time, config.get_text_config().hidden_size)
    if arrays.keys() != set(names):
        raise ValueError(f"features have the levels {sorted(arrays)}, not {names}")
    for name, array in arrays.items():
        if array.shape != shape or array.dtype != _BITS[loaded.dtype]:
            raise ValueError(f"{name} is {array.dtype} {array.shape}, not {loaded.dtype} {shape}")
    pooled, *deepstack = (_tensor(arrays[name], loaded) for name in names)
    return VideoFeatures(grid, pooled, tuple(deepstack))


def _level(number: int) -> str:
    return f"deepstack.{number}"


def _array(level: torch.Tensor) -> npt.NDArray[Any]:
    level = level.detach().cpu().contiguous()
    if level.dtype == torch.bfloat16:
        return level.view(torch.int16).numpy().view(np.uint16)
    array: npt.NDArray[Any] = level.numpy()
    return array


def _tensor(array: npt.NDArray[Any], loaded: LoadedModel) -> torch.Tensor:
    if loaded.dtype == torch.bfloat16:
        bits = torch.from_numpy(array.view(np.int16).copy())
        return bits.view(torch.bfloat16).to(loaded.device)
    return torch.from_numpy(array.copy()).to(loaded.device)  # copied: what was read is read-only

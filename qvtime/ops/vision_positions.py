"""The vision tower's learned positions, stretched over the patches of a picture.

The rule is transformers' (`get_vision_interpolation_indices_and_weights`, bilinear, the corners of
the picture at the corners of the table); its rounding points too. Every picture of a video gets the
same, so it is computed once.
"""

from collections.abc import Sequence
from math import isqrt

import numpy as np
import torch

from qvtime.ops.blocks import MERGE, block_order
from qvtime.ops.kernels import Kernels
from qvtime.ops.launch import DTYPE_NAMES, MOST_SHARES, Launch, aligned

CHANNELS_PER_THREAD = 8
MOST_THREADS = 256

ENOUGH_BLOCKS = 4096
"""So many keep a GPU busy; with fewer patches in a picture, its times are shared among blocks."""


def add_vision_positions(
    kernels: Kernels, hidden: torch.Tensor, table: torch.Tensor, rows: int, columns: int
) -> None:
    """Add, in place, its position to every patch.

    hidden: [times * rows * columns, channels], patches in the order of `block_order`;
    table: [side * side, channels], of the same dtype.
    """
    patches, channels = rows * columns, hidden.shape[1]
    times = len(hidden) // patches
    if kernels.launcher is None:
        hidden.view(times, patches, channels).add_(_learned(table, rows, columns))
        return
    if channels % CHANNELS_PER_THREAD or not hidden.is_contiguous() or not table.is_contiguous():
        raise ValueError("channels must come in eights, one patch after the other")
    launch = Launch(
        "vision_positions",
        f"vision_positions_{DTYPE_NAMES[hidden.dtype]}",
        (patches, max(1, min(times, ENOUGH_BLOCKS // patches, MOST_SHARES))),
        min(MOST_THREADS, -(-channels // CHANNELS_PER_THREAD // 32) * 32),
        (
            aligned("hidden", hidden),
            aligned("table", table),
            *map(np.int32, (times, rows, columns, _side(table), MERGE, channels)),
        ),
    )

    def reference() -> Sequence[torch.Tensor]:
        summed = hidden.view(times, patches, channels) + _learned(table, rows, columns)
        return [summed.view_as(hidden)]

    kernels.launch([launch] if times else [], [hidden], reference)


def _side(table: torch.Tensor) -> int:
    return isqrt(len(table))


def _learned(table: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """The position of every patch of one picture, [rows * columns, channels], in table's dtype."""
    side = _side(table)
    row, column = block_order(rows, columns, table.device)
    tops, downs = _taps(row, rows, side)
    lefts, alongs = _taps(column, columns, side)
    corners = (tops[:, :, None] * side + lefts[:, None, :]).flatten(1)  # [patches, 4]
    weights = (downs[:, :, None] * alongs[:, None, :]).flatten(1)
    return (table[corners] * weights[:, :, None]).sum(1).to(table.dtype)


def _taps(place: torch.Tensor, count: int, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The two neighbours in the table of each place of an axis, [places, 2], and their weights."""
    where = place.float() * (side - 1) / max(1, count - 1)
    first = where.floor()
    offsets = torch.arange(2, device=place.device)
    weights = 1 - (where[:, None] - first[:, None] - offsets).abs()
    return (first.long()[:, None] + offsets).clamp(max=side - 1), weights

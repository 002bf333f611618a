"""Interleaved MRoPE: cosines and sines of a prompt's three-dimensional positions.

The rule is `Qwen3VLTextRotaryEmbedding` of transformers: one ladder of frequencies; pair j turns
with the height where j % 3 == 1 and j < 3 * section[1], with the width where j % 3 == 2 and
j < 3 * section[2], with the time otherwise. Each pair is here once; transformers has it twice.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch

from qvtime.ops.kernels import Kernels
from qvtime.ops.launch import INDEX_NAMES, Launch, blocks_of

THREADS = 256


def mrope_table(
    kernels: Kernels,
    positions: torch.Tensor,
    inv_freq: torch.Tensor,
    scaling: float,
    section: Sequence[int],
) -> torch.Tensor:
    """(cos, sin) of every token and pair, float32 [tokens, pairs, 2].

    positions: int32 or int64 [3, tokens] (time, height, width), any stride between the three;
    inv_freq: float32 [pairs], the model's own; scaling: YaRN's factor, else 1; section: how many
    pairs each axis has, of which those of height and width are used.
    """
    _, height, width = section
    pairs = len(inv_freq)
    if kernels.launcher is None:
        return _reference(positions, inv_freq, scaling, height, width)
    if inv_freq.dtype != torch.float32 or not inv_freq.is_contiguous() or positions.stride(1) != 1:
        raise ValueError("frequencies must be float32 neighbours, positions of an axis neighbours")
    tokens = positions.shape[1]
    table = torch.empty((tokens, pairs, 2), dtype=torch.float32, device=positions.device)
    launch = Launch(
        "mrope_table",
        f"mrope_table_{INDEX_NAMES[positions.dtype]}",
        (blocks_of(tokens * pairs, THREADS), 1),
        THREADS,
        (
            table,
            positions,
            np.int64(positions.stride(0)),
            inv_freq,
            np.float32(scaling),
            np.int32(tokens),
            np.int32(pairs),
            np.int32(height),
            np.int32(width),
        ),
    )
    kernels.launch(
        [launch] if tokens else [],
        [table],
        lambda: [_reference(positions, inv_freq, scaling, height, width)],
    )
    return table


def _reference(
    positions: torch.Tensor, inv_freq: torch.Tensor, scaling: float, height: int, width: int
) -> torch.Tensor:
    axes = _axes(len(inv_freq), height, width, positions.device)
    angles = positions.float()[axes].T * inv_freq.float()  # [tokens, pairs]
    return torch.stack((angles.cos(), angles.sin()), dim=-1) * scaling


@cache
def _axes(pairs: int, height: int, width: int, device: torch.device) -> torch.Tensor:
    """Which axis turns each pair, int64 [pairs]."""
    pair = torch.arange(pairs, device=device)
    axes = torch.zeros_like(pair)
    axes[(pair % 3 == 1) & (pair < 3 * height)] = 1
    axes[(pair % 3 == 2) & (pair < 3 * width)] = 2
    return axes

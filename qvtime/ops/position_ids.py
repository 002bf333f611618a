"""Three-dimensional positions of a whole prompt, from a description of its stretches.

The rule is `Qwen3VLModel.get_rope_index` of transformers; qvtime.model.positions makes the
stretches, one a run of words or a temporal patch.
"""

import numpy as np
import torch

from qvtime.ops.kernels import Kernels
from qvtime.ops.launch import Launch, blocks_of

THREADS = 256


def position_ids(kernels: Kernels, stretches: torch.Tensor, tokens: int) -> torch.Tensor:
    """Positions of every token, int64 [3, tokens] (time, height, width), on stretches' device.

    stretches: int32 [count, 4], contiguous: first token, first position p, rows, columns; sorted,
    the first begins at token 0. rows = 0: words, at p, p + 1, … on all axes. Otherwise a patch of
    rows x columns merged tokens, at time p, rows from p and columns from p.
    """
    if kernels.launcher is None:
        return _reference(stretches, tokens)
    if stretches.dtype != torch.int32 or not stretches.is_contiguous():
        raise ValueError("stretches must be contiguous int32")
    positions = torch.empty((3, tokens), dtype=torch.int64, device=stretches.device)
    counts = np.int32(len(stretches)), np.int32(tokens)
    launch = Launch(
        "position_ids",
        "position_ids_i64",
        (blocks_of(tokens, THREADS), 1),
        THREADS,
        (positions, np.int64(positions.stride(0)), stretches, *counts),
    )
    kernels.launch([launch] if tokens else [], [positions], lambda: [_reference(stretches, tokens)])
    return positions


def _reference(stretches: torch.Tensor, tokens: int) -> torch.Tensor:
    first, position, rows, columns = stretches.long().unbind(1)
    ends = torch.cat((first[1:], first.new_tensor([tokens])))
    lengths = ends - first
    place = torch.arange(tokens, device=stretches.device)
    place = place - first.repeat_interleave(lengths, output_size=tokens)
    wide = columns.clamp(min=1).repeat_interleave(lengths, output_size=tokens)
    words = (rows == 0).repeat_interleave(lengths, output_size=tokens)
    offsets = torch.stack((torch.zeros_like(place), place // wide, place % wide))
    return torch.where(words, place, offsets) + position.repeat_interleave(
        lengths, output_size=tokens
    )

"""The vision tower's two-dimensional rotation (`apply_rotary_pos_emb_vision` of transformers)."""

from collections.abc import Sequence

import numpy as np
import torch

from qvtime.ops.blocks import block_order
from qvtime.ops.kernels import Kernels
from qvtime.ops.launch import DTYPE_NAMES, Launch, aligned, blocks_of

HEAD_DIMS = (64, 72)
"""What the kernel is compiled for."""

THREADS = 256
PAIRS_PER_THREAD = 4

GROUPS_PER_TOKEN = 4
"""Threads that share a token's chunk of pairs; each walks over every so many-th head."""


def vision_rope_table(inv_freq: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """(cos, sin) of every patch of a picture and pair, float32 [patches, head_dim / 2, 2].

    inv_freq: [head_dim / 4]; the first half of the pairs turns with the row, the second with the
    column, both with the same frequencies.
    """
    row, column = block_order(rows, columns, inv_freq.device)
    frequencies = inv_freq.float()
    angles = torch.cat((row[:, None] * frequencies, column[:, None] * frequencies), -1)
    return torch.stack((angles.cos(), angles.sin()), -1)


def vision_rope(kernels: Kernels, qkv: torch.Tensor, table: torch.Tensor) -> None:
    """Rotate, in place, queries and keys of packed qkv [times * patches, 3, heads, head_dim].

    table: of `vision_rope_table`, the same for every picture.
    """
    tokens, _, heads, head_dim = qkv.shape
    turned = qkv[:, :2]
    if kernels.launcher is None:
        turned.copy_(_reference(turned, table))
        return
    if head_dim not in HEAD_DIMS:
        raise ValueError(f"the kernel is made for heads of {HEAD_DIMS}, not of {head_dim}")
    if not qkv.is_contiguous() or not table.is_contiguous():
        raise ValueError("qkv and its table must be contiguous")
    groups = min(GROUPS_PER_TOKEN, 2 * heads)
    threads = tokens * groups * (head_dim // 2 // PAIRS_PER_THREAD)
    launch = Launch(
        "vision_rope",
        f"vision_rope_{DTYPE_NAMES[qkv.dtype]}_{head_dim}",
        (blocks_of(threads, THREADS), 1),
        THREADS,
        (aligned("qkv", qkv), table, *map(np.int32, (tokens, len(table), heads, groups))),
    )

    def reference() -> Sequence[torch.Tensor]:
        return [torch.cat((_reference(turned, table), qkv[:, 2:]), 1)]

    kernels.launch([launch] if tokens else [], [qkv], reference)


def _reference(turned: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """Queries and keys [tokens, 2, heads, head_dim], rotated: computed in float32, rounded once."""
    pictures = turned.view(-1, len(table), *turned.shape[1:]).float()
    cosine, sine = table[:, None, None].unbind(-1)  # [patches, 1, 1, head_dim / 2]
    # In few passes, into what is there already: new memory costs a CPU more than the arithmetic.
    rotated = pictures * torch.cat((cosine, cosine), -1)
    first, second = pictures.chunk(2, -1)
    rotated_first, rotated_second = rotated.chunk(2, -1)
    rotated_first.addcmul_(second, sine, value=-1)
    rotated_second.addcmul_(first, sine)
    return rotated.flatten(0, 1).to(turned.dtype)

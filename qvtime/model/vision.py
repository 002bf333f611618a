"""The vision tower of Qwen3-VL, computed faster with the same weights.

Two changes, neither of which changes what is computed: the patch embedding, a convolution whose
stride equals its kernel, is a matrix product; and all temporal patches of a chunk go through one
attention call, since they are equally large and do not attend to each other. For the latter
reason a long video goes through the tower in chunks of temporal patches, and loses nothing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from qvtime.model.pixels import FRAMES_PER_PATCH, Grid, grid_of, patches_of

CHUNK_PATCHES = 4096
"""How many patches the tower takes at once: its activations are a few kB each."""

# transformers hands the packed sequence over whole to implementations whose name says "flash";
# all others are called once a temporal patch.
BATCHED_ATTENTION = "qvtime_batched_flash"


def batched_attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    cu_seq_lens_q: torch.Tensor | None = None,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attention within each of the equally long stretches of a packed sequence.

    query, key, value: [1, heads, tokens, head_dim]; cu_seq_lens_q: int [stretches + 1].
    Returns [1, tokens, heads, head_dim].
    """
    if cu_seq_lens_q is None:
        raise ValueError("packed attention needs the limits of its stretches")
    stretches = len(cu_seq_lens_q) - 1
    heads, tokens, head_dim = query.shape[1:]
    length = tokens // stretches
    if length * stretches != tokens:
        raise ValueError(f"{tokens} tokens are not {stretches} equal stretches")

    def split(packed: torch.Tensor) -> torch.Tensor:
        stretched = packed[0].view(heads, stretches, length, head_dim).transpose(0, 1)
        return stretched.to(value.dtype)  # the rotation leaves fp32 under autocast

    mixed = functional.scaled_dot_product_attention(
        split(query), split(key), split(value), scale=scaling
    )  # [stretches, heads, length, head_dim]
    return mixed.transpose(1, 2).reshape(1, tokens, heads, head_dim), None


def matrix_patch_embed(embed: Any, patches: torch.Tensor) -> torch.Tensor:
    """What the tower's patch embedding gives, as one matrix product: [patches, hidden]."""
    weight = embed.proj.weight
    flat = patches.view(-1, weight[0].numel()).to(weight.dtype)
    return functional.linear(flat, weight.view(weight.shape[0], -1), embed.proj.bias)


def speed_up_vision(model: Any) -> None:
    """Make the tower of this Qwen3-VL (dense or MoE) use both changes, in place."""
    ALL_ATTENTION_FUNCTIONS.register(BATCHED_ATTENTION, batched_attention)
    tower = model.model.visual
    # Set on the tower's own config: `set_attn_implementation` looks the name up on the hub.
    tower.config._attn_implementation = BATCHED_ATTENTION
    embed = tower.patch_embed
    embed.forward = lambda patches: matrix_patch_embed(embed, patches)


@dataclass(frozen=True, slots=True)
class VideoFeatures:
    """What the tower says of a video.

    pooled: [tokens, hidden], in the order of the prompt's `<|video_pad|>`; deepstack: the same
    shape for every level that the language model adds to its first layers.
    """

    grid: Grid
    pooled: torch.Tensor
    deepstack: tuple[torch.Tensor, ...]


def video_features(
    model: Any, pixels: npt.NDArray[np.uint8], chunk_patches: int = CHUNK_PATCHES
) -> VideoFeatures:
    """Pictures, uint8 RGB [N, H, W, 3], seen by this model's tower, in its dtype, on its device."""
    grid = grid_of(pixels)
    tower = model.model.visual
    times = max(1, chunk_patches // (grid.rows * grid.columns))
    pooled: list[torch.Tensor] = []
    levels: list[list[torch.Tensor]] = [[] for _ in tower.deepstack_visual_indexes]
    for first in range(0, grid.times, times):
        chunk = pixels[first * FRAMES_PER_PATCH : (first + times) * FRAMES_PER_PATCH]
        count = min(times, grid.times - first)
        seen = tower(
            patches_of(chunk, str(tower.device)).to(tower.dtype),
            grid_thw=torch.tensor([[count, grid.rows, grid.columns]], device=tower.device),
            return_dict=True,
        )
        pooled.append(seen.pooler_output)
        for level, features in zip(levels, seen.deepstack_features, strict=True):
            level.append(features)
    return VideoFeatures(grid, torch.cat(pooled), tuple(torch.cat(level) for level in levels))

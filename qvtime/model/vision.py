"""The vision tower of Qwen3-VL, computed faster with the same weights.

None of it changes what is computed. The patch embedding, a convolution whose stride equals its
kernel, is a matrix product. All temporal patches of a chunk go through one attention call a layer,
since they are equally large and do not attend to each other; for the same reason a long video goes
through the tower in chunks of temporal patches, and loses nothing. Positions are those of one
picture, computed once, and the operations around attention are those of qvtime.ops.

`video_features` walks the tower's modules by itself; `speed_up_vision` changes a tower that is
walked by transformers, as in training.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from qvtime.frames import FRAMES_PER_PATCH
from qvtime.model.pixels import Grid, grid_of
from qvtime.ops.kernels import REFERENCE, Kernels
from qvtime.ops.patches import patches_from
from qvtime.ops.vision_positions import add_vision_positions
from qvtime.ops.vision_rope import vision_rope, vision_rope_table

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
    model: Any,
    pixels: npt.NDArray[np.uint8],
    chunk_patches: int = CHUNK_PATCHES,
    kernels: Kernels = REFERENCE,
) -> VideoFeatures:
    """Pictures, uint8 RGB [N, H, W, 3], seen by this model's tower, in its dtype, on its device.

    They travel there as bytes, and become numbers there.
    """
    grid = grid_of(pixels)
    tower = model.model.visual
    table = vision_rope_table(tower.rotary_pos_emb.inv_freq, grid.rows, grid.columns)
    times = max(1, chunk_patches // (grid.rows * grid.columns))
    chunks: list[list[torch.Tensor]] = []
    for first in range(0, grid.times, times):
        pictures = pixels[first * FRAMES_PER_PATCH : (first + times) * FRAMES_PER_PATCH]
        sent = torch.from_numpy(np.ascontiguousarray(pictures)).to(tower.device)
        patches = patches_from(kernels, sent, tower.dtype)
        chunks.append(_walk(tower, patches, grid, table, kernels))
    pooled, *deepstack = (torch.cat(parts) for parts in zip(*chunks, strict=True))
    return VideoFeatures(grid, pooled, tuple(deepstack))


def _walk(
    tower: Any, patches: torch.Tensor, grid: Grid, table: torch.Tensor, kernels: Kernels
) -> list[torch.Tensor]:
    """What the tower says of patches [n, 1536]: merged features, then every DeepStack level."""
    hidden = matrix_patch_embed(tower.patch_embed, patches)
    learned = tower.pos_embed.weight
    add_vision_positions(kernels, hidden, learned, grid.rows, grid.columns)
    merged: dict[int, torch.Tensor] = {}
    for place, block in enumerate(tower.blocks):
        hidden = hidden + _attention(block.attn, block.norm1(hidden), table, kernels)
        hidden = hidden + block.mlp(block.norm2(hidden))
        if place in tower.deepstack_visual_indexes:
            level = tower.deepstack_visual_indexes.index(place)
            merged[level] = tower.deepstack_merger_list[level](hidden)
    return [tower.merger(hidden), *(merged[level] for level in sorted(merged))]


def _attention(
    attention: Any, hidden: torch.Tensor, table: torch.Tensor, kernels: Kernels
) -> torch.Tensor:
    """Attention within each picture, [patches, channels]; all pictures are alike in size."""
    packed = attention.qkv(hidden).view(len(hidden), 3, attention.num_heads, -1)
    vision_rope(kernels, packed, table)
    pictures = packed.view(-1, len(table), *packed.shape[1:])  # [times, patches, 3, heads, D]
    query, key, value = pictures.permute(2, 0, 3, 1, 4).unbind(0)
    mixed = functional.scaled_dot_product_attention(query, key, value, scale=attention.scaling)
    mixed_out: torch.Tensor = attention.proj(mixed.transpose(1, 2).reshape(len(hidden), -1))
    return mixed_out

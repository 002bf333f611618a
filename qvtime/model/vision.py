"""The vision tower of Qwen3-VL, computed faster with the same weights.

Two changes, neither of which changes what is computed: the patch embedding, a convolution whose
stride equals its kernel, is a matrix product; and all temporal patches of a chunk go through one
attention call, since they are equally large and do not attend to each other.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

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

    mixed = F.scaled_dot_product_attention(
        split(query), split(key), split(value), scale=scaling
    )  # [stretches, heads, length, head_dim]
    return mixed.transpose(1, 2).reshape(1, tokens, heads, head_dim), None


def matrix_patch_embed(embed: Any, patches: torch.Tensor) -> torch.Tensor:
    """What the tower's patch embedding gives, as one matrix product: [patches, hidden]."""
    weight = embed.proj.weight
    flat = patches.view(-1, weight[0].numel()).to(weight.dtype)
    return F.linear(flat, weight.view(weight.shape[0], -1), embed.proj.bias)


def speed_up_vision(model: Any) -> None:
    """Make the tower of this Qwen3-VL (dense or MoE) use both changes, in place."""
    ALL_ATTENTION_FUNCTIONS.register(BATCHED_ATTENTION, batched_attention)
    tower = model.model.visual
    # Set on the tower's own config: `set_attn_implementation` looks the name up on the hub.
    tower.config._attn_implementation = BATCHED_ATTENTION
    embed = tower.patch_embed
    embed.forward = lambda patches: matrix_patch_embed(embed, patches)

"""The operations of qvtime.ops in the place of transformers' own, in a loaded Qwen3-VL.

Two kinds of module of this one model get another `forward`, with the same weights and arguments:
the text model's rotary embedding, which gives one table instead of cosines and sines in halves,
and every text attention, which norms, rotates and stores in one step. The dense and the
mixture-of-experts classes name these parts alike. No class is changed, so other models in the
process stay as they are. The vision tower is walked by qvtime.model.vision.
"""

import sys
from functools import partial
from typing import Any

import torch
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from qvtime.model.cache import RoomyLayer
from qvtime.ops.kernels import Kernels
from qvtime.ops.launch import DTYPE_NAMES
from qvtime.ops.mrope_table import mrope_table
from qvtime.ops.qk_norm_rope import HEAD_DIMS, qk_norm_rope
from qvtime.ops.vision_rope import HEAD_DIMS as VISION_HEAD_DIMS

FIXED_ROPES = frozenset(("default", "linear", "yarn"))
"""Kinds of rotation whose frequencies do not change with the length of a prompt."""


def why_no_kernels(config: Any, dtype: torch.dtype) -> str | None:
    """Why a model of this config cannot have the CUDA kernels, or None when it can."""
    text, vision = config.text_config, config.vision_config
    vision_head = vision.hidden_size // vision.num_heads
    if dtype not in DTYPE_NAMES:
        return f"they have no {str(dtype).removeprefix('torch.')}"
    if text.rope_parameters["rope_type"] not in FIXED_ROPES:
        return f"they have no rotation of type {text.rope_parameters['rope_type']}"
    if text.head_dim not in HEAD_DIMS:
        return f"its attention heads are {text.head_dim} numbers wide, not 64 or 128"
    if vision_head not in VISION_HEAD_DIMS:
        return f"its vision heads are {vision_head} numbers wide, not 64 or 72"
    return None


def install_kernels(model: Any, kernels: Kernels) -> None:
    """Let the text model of this Qwen3-VL (dense or mixture of experts) run `kernels`, in place."""
    text = model.model.language_model
    if text.config.rope_parameters["rope_type"] not in FIXED_ROPES:
        return  # transformers' own forward passes adapt the frequencies as they go
    text.rotary_emb.forward = partial(_turns, text.rotary_emb, kernels)
    for layer in text.layers:
        layer.self_attn.forward = partial(_attend, layer.self_attn, kernels)


def remove_kernels(model: Any) -> None:
    """Give the text model transformers' own forward passes back, in place: they have gradients."""
    text = model.model.language_model
    for module in (text.rotary_emb, *(layer.self_attn for layer in text.layers)):
        vars(module).pop("forward", None)


def _turns(
    rotary: Any, kernels: Kernels, hidden_states: torch.Tensor, position_ids: torch.Tensor
) -> tuple[torch.Tensor]:
    """What every layer rotates by: one table, float32 [batch, tokens, head_dim / 2, 2].

    position_ids: [3, batch, tokens].
    """
    _, batch, tokens = position_ids.shape
    table = mrope_table(
        kernels,
        position_ids.reshape(3, batch * tokens),
        rotary.inv_freq.float(),
        rotary.attention_scaling,
        rotary.mrope_section,
    )
    return (table.view(batch, tokens, -1, 2),)


def _layer(cache: Any, place: int) -> RoomyLayer | None:
    """The layer of a cache that keys and values can be written into, if it is of that kind."""
    layers = [] if cache is None else cache.layers  # stock caches grow theirs as they are used
    layer = layers[place] if place < len(layers) else None
    return layer if isinstance(layer, RoomyLayer) else None


def _attention_of(attention: Any) -> Any:
    """The function that its config asks for; "eager" is in the module of each kind of model."""
    chosen = attention.config._attn_implementation
    eager = vars(sys.modules[type(attention).__module__])["eager_attention_forward"]
    return ALL_ATTENTION_FUNCTIONS.get_interface(chosen, eager)


def _attend(
    attention: Any,
    kernels: Kernels,
    hidden_states: torch.Tensor,
    position_embeddings: tuple[torch.Tensor],
    attention_mask: torch.Tensor | None,
    past_key_values: Any = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The attention of transformers, norm, rotation and cache in one step of qvtime.ops."""
    shape = hidden_states.shape[:-1]
    heads = (*shape, -1, attention.head_dim)
    q = attention.q_proj(hidden_states).view(heads)  # [batch, tokens, heads, head_dim]
    k = attention.k_proj(hidden_states).view(heads)
    v = attention.v_proj(hidden_states).view(heads)
    layer = _layer(past_key_values, attention.layer_idx)
    if layer is not None:
        k_out, v_out = layer.make_room(k.transpose(1, 2))
    else:
        k_out, v_out = (torch.empty_like(x.transpose(1, 2)) for x in (k, v))
    queries = qk_norm_rope(
        kernels,
        q,
        k,
        v,
        attention.q_norm.weight,
        attention.k_norm.weight,
        attention.q_norm.variance_epsilon,
        position_embeddings[0],
        k_out,
        v_out,
    )
    if layer is not None:
        keys, values = layer.keys, layer.values
    elif past_key_values is not None:
        keys, values = past_key_values.update(k_out, v_out, attention.layer_idx)
    else:
        keys, values = k_out, v_out
    mixed, weights = _attention_of(attention)(
        attention,
        queries,
        keys,
        values,
        attention_mask,
        dropout=0.0,
        scaling=attention.scaling,
        **kwargs,
    )
    return attention.o_proj(mixed.reshape(*shape, -1)), weights

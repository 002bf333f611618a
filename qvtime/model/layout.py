"""How weights lie in memory: on a CPU, in the order in which one token reads them fastest.

A product of one row and a wide matrix is, with the weights as checkpoints have them, one short sum
for every output; column by column it is a few long additions, which MKL does in a quarter to two
thirds of the time (docs/benchmarks/kernels.md). For many rows it makes no difference. What reads
the same input (queries, keys and values; the gate and what it lets through) lies side by side, as
one matrix that is wide enough.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

WIDE = 2
"""A matrix with at least so many outputs for every input is wide; others are slower by columns."""


def lay_out(model: Any) -> None:
    """Put the wide matrices of a Qwen3-VL's text model in columns, in place: float32, on a CPU.

    Shapes and values stay, only strides change; a tied embedding changes with its head. In half
    precision, on a GPU and where weights are quantized nothing is done.
    """
    text = model.model.language_model
    together = [parts for layer in text.layers for parts in side_by_side(layer)]
    taken = {id(part) for parts in together for part in parts}
    alone = [(part,) for part in (*text.modules(), model.lm_head) if id(part) not in taken]
    for parts in (*together, *alone):
        if all(_is_plain(part) for part in parts):
            _put_in_columns(parts)


def side_by_side(layer: Any) -> Iterator[tuple[Any, ...]]:
    """The parts of a layer that read the same input: of its attention, of its MLP if it has one."""
    yield tuple(getattr(layer.self_attn, name) for name in ("q_proj", "k_proj", "v_proj"))
    if hasattr(layer.mlp, "gate_proj"):  # experts keep theirs in another form
        yield layer.mlp.gate_proj, layer.mlp.up_proj


def joined(parts: tuple[Any, ...]) -> torch.Tensor | None:
    """The weights of parts as the one matrix as which `lay_out` put them; None where it did not."""
    if not all(_is_plain(part) and part.bias is None for part in parts):
        return None
    weights = [part.weight for part in parts]
    first = weights[0]
    place = first.data_ptr()
    for weight in weights:
        if weight.data_ptr() != place or weight.stride() != first.stride():
            return None
        place += weight.shape[0] * weight.stride(0) * weight.itemsize
    if first.stride() != (1, sum(weight.shape[0] for weight in weights)):
        return None
    joint: torch.Tensor = first.detach().as_strided(
        (first.stride(1), first.shape[1]), first.stride()
    )
    return joint


def _is_plain(part: Any) -> bool:
    if type(part) is not nn.Linear:
        return False
    return part.weight.dtype == torch.float32 and part.weight.device.type == "cpu"


def _put_in_columns(parts: tuple[Any, ...]) -> None:
    if sum(part.out_features for part in parts) < WIDE * parts[0].in_features:
        return
    columns = torch.cat([part.weight.data.t() for part in parts], 1)  # [inputs, all outputs]
    sizes = [part.out_features for part in parts]
    for part, own in zip(parts, torch.split(columns, sizes, 1), strict=True):
        part.weight.data = own.t()

"""How weights lie in memory: on a CPU, in the order in which one token reads them fastest.

A product of one row and a wide matrix is, with the weights as checkpoints have them, one short sum
for every output; column by column it is a few long additions, which MKL does in a quarter to two
thirds of the time (docs/benchmarks/kernels.md). For many rows it makes no difference.
"""

from typing import Any

import torch
from torch import nn

WIDE = 2
"""A matrix with more than so many outputs for every input is wide; others are slower by columns."""


def lay_out(model: Any) -> None:
    """Put the wide matrices of a Qwen3-VL's text model in columns, in place: float32, on a CPU.

    Shapes and values stay, only strides change; a tied embedding changes with its head. In half
    precision, on a GPU and where weights are quantized nothing is done.
    """
    for part in (*model.model.language_model.modules(), model.lm_head):
        if type(part) is not nn.Linear or part.out_features <= WIDE * part.in_features:
            continue
        weight = part.weight
        if weight.dtype == torch.float32 and weight.device.type == "cpu":
            weight.data = weight.data.t().contiguous().t()

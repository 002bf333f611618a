"""Weights by columns: other strides, the same numbers."""

from copy import deepcopy

import torch

from qvtime.model.layout import lay_out
from qvtime.ops.kernels import REFERENCE
from tests.kernels.test_model import Question, dense, lively


def test_wide_matrices_lie_in_columns_and_say_the_same() -> None:
    model = lively(dense, 64, 64, dtype=torch.float32)
    model.requires_grad_(False)
    laid = deepcopy(model)
    lay_out(laid)
    named = dict(laid.named_parameters())
    columns = {name for name, weight in named.items() if weight.ndim == 2 and weight.stride(0) == 1}
    # 64 numbers become 4 heads of 64; everything else is twice as wide at most.
    assert columns == {
        f"model.language_model.layers.{layer}.self_attn.q_proj.weight" for layer in range(4)
    }
    assert all(torch.equal(named[name], weight) for name, weight in model.named_parameters())
    question = Question()
    expected = question.by_kernels(model, REFERENCE)
    assert torch.allclose(question.by_kernels(laid, REFERENCE), expected, atol=1e-4)


def test_half_precision_stays_as_it_is() -> None:
    model = lively(dense, 64, 64, dtype=torch.bfloat16)
    model.lm_head = torch.nn.Linear(64, 512, bias=False, dtype=torch.bfloat16)
    lay_out(model)
    assert all(weight.is_contiguous() for weight in model.parameters())

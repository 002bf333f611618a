"""Weights by columns: other strides, the same numbers."""

from copy import deepcopy

import torch

from qvtime.model.layout import joined, lay_out, side_by_side
from qvtime.ops.kernels import REFERENCE
from tests.kernels.test_model import Question, dense, lively, mixture


def test_wide_matrices_lie_in_columns_and_say_the_same() -> None:
    model = lively(dense, 64, 64, dtype=torch.float32)
    model.requires_grad_(False)
    laid = deepcopy(model)
    lay_out(laid)
    named = dict(laid.named_parameters())
    columns = {name for name, weight in named.items() if weight.ndim == 2 and weight.stride(0) == 1}
    # 64 numbers become 4 heads of queries and 2 of keys and of values, and twice 128 in the MLP.
    assert columns == {
        f"model.language_model.layers.{layer}.{part}_proj.weight"
        for layer in range(4)
        for part in ("self_attn.q", "self_attn.k", "self_attn.v", "mlp.gate", "mlp.up")
    }
    assert all(torch.equal(named[name], weight) for name, weight in model.named_parameters())
    question = Question()
    expected = question.by_kernels(model, REFERENCE)
    assert torch.allclose(question.by_kernels(laid, REFERENCE), expected, atol=1e-4)


def test_what_reads_the_same_lies_as_one_matrix_until_it_does_not() -> None:
    model = lively(dense, 64, 64, dtype=torch.float32)
    model.requires_grad_(False)
    layer = model.model.language_model.layers[1]
    assert [joined(parts) for parts in side_by_side(layer)] == [None, None]
    lay_out(model)
    for parts in side_by_side(layer):
        joint = joined(parts)
        assert joint is not None
        assert torch.equal(joint, torch.cat([part.weight for part in parts]))
        assert joint.data_ptr() == parts[0].weight.data_ptr(), "it takes no memory of its own"
        assert joined(parts[1:]) is None, "it is all of them"
        assert joined(parts[::-1]) is None
    _, gated = side_by_side(layer)
    layer.mlp.up_proj.weight.data = layer.mlp.up_proj.weight.data.clone()
    assert joined(gated) is None


def test_of_experts_only_the_attention_is_joined() -> None:
    model = lively(mixture, 64, 64, dtype=torch.float32)
    model.requires_grad_(False)
    expected = Question().by_kernels(model, REFERENCE)
    lay_out(model)
    layer = model.model.language_model.layers[-1]
    (attention,) = side_by_side(layer)
    assert joined(attention) is not None
    assert torch.allclose(Question().by_kernels(model, REFERENCE), expected, atol=1e-4)


def test_half_precision_stays_as_it_is() -> None:
    model = lively(dense, 64, 64, dtype=torch.bfloat16)
    model.lm_head = torch.nn.Linear(64, 512, bias=False, dtype=torch.bfloat16)
    lay_out(model)
    assert all(weight.is_contiguous() for weight in model.parameters())

"""Norm, rotation and the cache, against float64 and against transformers."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.models.qwen3_vl.modeling_qwen3_vl import (
    Qwen3VLTextRMSNorm,
    apply_rotary_pos_emb,
)

from qvtime.ops.kernels import REFERENCE, Kernels
from qvtime.ops.mrope_table import mrope_table
from qvtime.ops.qk_norm_rope import qk_norm_rope
from tests.kernels import truth
from tests.kernels.cases import SECTIONS, far_positions, frequencies, numbers
from tests.kernels.host import HostLauncher

EPS = 1e-6
DTYPES = (torch.float32, torch.bfloat16, torch.float16)
LAYOUTS = [(32, 8), (16, 8), (32, 4), (4, 2), (5, 1)]
"""Heads of queries and of keys: the 4B and 8B, the 2B, the 30B-A3B, the demo, an odd one."""


class Inputs:
    """Random projections of one batch, and a cache full of NaN."""

    def __init__(
        self,
        tokens: int,
        heads: tuple[int, int] = (5, 1),
        head_dim: int = 128,
        dtype: torch.dtype = torch.float32,
        batch: int = 1,
        seed: int = 0,
    ) -> None:
        q_heads, kv_heads = heads
        self.q = numbers((batch, tokens, q_heads, head_dim), dtype, "cpu", seed)
        self.k = numbers((batch, tokens, kv_heads, head_dim), dtype, "cpu", seed + 1) * 3
        self.v = numbers((batch, tokens, kv_heads, head_dim), dtype, "cpu", seed + 2)
        self.weights = 1 + numbers((2, head_dim), dtype, "cpu", seed + 3) / 8
        positions = far_positions(batch * tokens, "cpu", seed)
        self.table = mrope_table(
            REFERENCE, positions, frequencies(head_dim), 1.0, SECTIONS[head_dim]
        ).view(batch, tokens, head_dim // 2, 2)
        self.room = torch.full((2, batch, kv_heads, tokens + 9, head_dim), torch.nan).to(dtype)

    def run(self, kernels: Kernels, slots: torch.Tensor | None = None) -> torch.Tensor:
        """The queries; keys and values go to the cache, after four rows that stay."""
        k_out, v_out = self.room[..., 4:-2, :]
        return qk_norm_rope(
            kernels,
            self.q,
            self.k,
            self.v,
            self.weights[0],
            self.weights[1],
            EPS,
            self.table,
            k_out,
            v_out,
            slots,
        )

    def truth(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Queries and keys, float64 [batch, heads, tokens, head_dim]."""
        table = self.table.unsqueeze(2)
        q, k = (
            truth.rotate(truth.rms_norm(x, weight, EPS), table).transpose(1, 2)
            for x, weight in zip((self.q, self.k), self.weights, strict=True)
        )
        return q, k

    @property
    def tokens(self) -> int:
        return self.q.shape[1]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("heads", LAYOUTS)
@pytest.mark.parametrize(("head_dim", "tokens"), [(128, 1), (128, 70), (64, 5), (64, 65)])
def test_it_is_the_float64_one(
    dtype: torch.dtype, heads: tuple[int, int], head_dim: int, tokens: int, on_host: Kernels
) -> None:
    inputs = Inputs(tokens, heads, head_dim, dtype)
    true_q, true_k = inputs.truth()
    for kernels in (REFERENCE, on_host):
        inputs.room.fill_(torch.nan)
        truth.assert_near(inputs.run(kernels), true_q)
        truth.assert_near(inputs.room[0, :, :, 4 : 4 + tokens], true_k)
        assert torch.equal(inputs.room[1, :, :, 4 : 4 + tokens], inputs.v.transpose(1, 2))
        assert inputs.room[:, :, :, :4].isnan().all()
        assert inputs.room[:, :, :, 4 + tokens :].isnan().all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("head_dim", [64, 128])
@torch.inference_mode()
def test_it_is_nearer_the_truth_than_transformers(
    dtype: torch.dtype, head_dim: int, on_host: Kernels
) -> None:
    inputs = Inputs(37, (8, 2), head_dim, dtype)
    norms: list[Any] = [Qwen3VLTextRMSNorm(head_dim, EPS).to(dtype) for _ in range(2)]
    for norm, weight in zip(norms, inputs.weights, strict=True):
        norm.weight.copy_(weight)
    cosine, sine = torch.cat((inputs.table, inputs.table), 2).to(dtype).unbind(-1)
    theirs = apply_rotary_pos_emb(
        norms[0](inputs.q).transpose(1, 2), norms[1](inputs.k).transpose(1, 2), cosine, sine
    )
    for kernels in (REFERENCE, on_host):
        ours = inputs.run(kernels), inputs.room[0, :, :, 4 : 4 + 37]
        for mine, other, true in zip(ours, theirs, inputs.truth(), strict=True):
            my_error = (mine.double() - true).norm() / true.norm()
            their_error = (other.double() - true).norm() / true.norm()
            assert my_error <= 1.05 * their_error
            assert their_error < 4 * torch.finfo(dtype).eps


@given(data=st.data())
@settings(max_examples=80)
def test_any_shape_any_strides_any_slots(
    data: st.DataObject, library_for_all: HostLauncher
) -> None:
    draw = data.draw
    tokens = draw(st.integers(1, 80), "tokens")
    heads = draw(st.integers(1, 9), "q_heads"), draw(st.integers(1, 3), "kv_heads")
    inputs = Inputs(
        tokens,
        heads,
        draw(st.sampled_from([64, 128]), "head_dim"),
        draw(st.sampled_from(DTYPES), "dtype"),
        draw(st.integers(1, 2), "batch"),
        draw(st.integers(0, 9), "seed"),
    )
    packed = torch.cat((inputs.q, inputs.k, inputs.v), 2)
    if draw(st.booleans(), "packed"):  # rows of one projection, further apart than their length
        inputs.q, inputs.k, inputs.v = packed.tensor_split((heads[0], sum(heads)), 2)
    slots = None
    if draw(st.booleans(), "slots"):
        order = draw(st.permutations(range(-3, tokens)), "slots")[:tokens]
        slots = torch.tensor(order)
    library_for_all.seed = draw(st.integers(0, 3), "schedule")
    inputs.room.zero_()
    inputs.run(Kernels("check", library_for_all), slots)


@pytest.fixture(scope="module")
def library_for_all(library: Any) -> HostLauncher:
    return HostLauncher(library)


@pytest.mark.parametrize("tokens", [3, 70])
def test_no_order_of_threads_changes_a_bit(tokens: int, library: Any) -> None:
    results = []
    for seed in range(6):
        inputs = Inputs(tokens, (5, 2), 128, torch.bfloat16)
        inputs.room.zero_()
        queries = inputs.run(Kernels("cuda", HostLauncher(library, seed)))
        results.append((queries, inputs.room))
    for queries, room in results[1:]:
        assert torch.equal(queries, results[0][0])
        assert torch.equal(room, results[0][1])


def test_queries_keys_and_values_may_lie_apart_differently(on_host: Kernels) -> None:
    """Rows of three rooms, each with another distance from token to token."""
    inputs, apart = Inputs(5, (4, 2)), Inputs(5, (4, 2))
    for room, name in enumerate(("q", "k", "v")):
        packed = getattr(apart, name)
        wide = torch.full((1, 5, packed.shape[2] + 1 + room, 128), torch.nan)
        wide[:, :, : packed.shape[2]] = packed
        setattr(apart, name, wide[:, :, : packed.shape[2]])
    assert torch.equal(apart.run(on_host), inputs.run(on_host))
    assert torch.equal(apart.room[..., 4:9, :], inputs.room[..., 4:9, :])


def test_a_token_without_a_slot_is_not_kept(on_host: Kernels) -> None:
    inputs = Inputs(4)
    inputs.run(on_host, torch.tensor([2, -1, 0, -7]))
    kept = inputs.room[:, 0, :, 4:-2]
    assert kept[:, :, [1, 3, 4, 5, 6]].isnan().all()
    assert torch.equal(kept[1, :, [2, 0]], inputs.v[0, [0, 2]].transpose(0, 1))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda i: setattr(i, "q", i.q[..., ::2]), "neighbouring"),
        (lambda i: setattr(i, "q", i.q[..., :32]), "heads of"),
        (lambda i: setattr(i, "k", i.k.transpose(1, 2).contiguous().transpose(1, 2)), "side by"),
        (lambda i: setattr(i, "table", i.table.transpose(1, 2)), "contiguous"),
        (lambda i: setattr(i, "v", torch.cat((i.v, i.v), -1)[..., 1:129]), "16 bytes"),
    ],
)
def test_what_is_not_laid_out_is_refused(spoil: Any, said: str, on_host: Kernels) -> None:
    inputs = Inputs(4, (4, 2))
    spoil(inputs)
    with pytest.raises(ValueError, match=said):
        inputs.run(on_host)

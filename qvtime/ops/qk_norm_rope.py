"""Between projections and attention: norm and rotate queries and keys, put keys and values away.

Computed in float32 with one rounding at the end, where transformers rounds five times on the way
(`Qwen3VLTextRMSNorm`, `apply_rotary_pos_emb`): the same in float32, nearer the truth in bfloat16.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional

from qvtime.ops.kernels import Kernels
from qvtime.ops.launch import DTYPE_NAMES, Launch, aligned, blocks_of

HEAD_DIMS = (64, 128)
"""What the kernel is compiled for."""

THREADS, LANES = 128, 8

FEW_TOKENS = 64
"""Below it each row has its own lanes, for latency; from it on lanes share a token's cosines."""

GROUPS_PER_TOKEN = 16


def qk_norm_rope(
    kernels: Kernels,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    q_weight: torch.Tensor,
    k_weight: torch.Tensor,
    eps: float,
    table: torch.Tensor,
    k_out: torch.Tensor,
    v_out: torch.Tensor,
    slots: torch.Tensor | None = None,
) -> torch.Tensor:
    """Rotated queries [batch, q_heads, tokens, head_dim]; keys and values go to k_out and v_out.

    q, k, v: [batch, tokens, heads, head_dim], heads side by side, any stride between tokens;
    q_weight, k_weight: [head_dim]; table: float32 [batch, tokens, head_dim / 2, 2] of mrope_table;
    k_out, v_out: [batch, kv_heads, room, head_dim], any strides. Token n goes to row n of them, or
    to row slots[n] (int64 [tokens]; below 0: nowhere, queries are rotated all the same).
    """
    if kernels.launcher is None:
        queries, keys, values = _reference(q, k, v, q_weight, k_weight, eps, table)
        _put(k_out, keys, slots)
        _put(v_out, values, slots)
        return queries

    def reference() -> list[torch.Tensor]:
        queries, keys, values = _reference(q, k, v, q_weight, k_weight, eps, table)
        expected = [queries, k_out.clone(), v_out.clone()]
        _put(expected[1], keys, slots)
        _put(expected[2], values, slots)
        return expected

    q_out = torch.empty(q.shape, dtype=q.dtype, device=q.device)
    launches = _launches(q, k, v, q_weight, k_weight, eps, table, q_out, k_out, v_out, slots)
    queries = q_out.transpose(1, 2)
    kernels.launch(launches, [queries, k_out, v_out], reference)
    return queries


def _put(room: torch.Tensor, new: torch.Tensor, slots: torch.Tensor | None) -> None:
    if slots is None:
        room[:, :, : new.shape[2]] = new
    else:
        room[:, :, slots[slots >= 0]] = new[:, :, slots >= 0]


def _reference(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    q_weight: torch.Tensor,
    k_weight: torch.Tensor,
    eps: float,
    table: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Queries, keys, values, each [batch, heads, tokens, head_dim]."""
    cosine, sine = table.unsqueeze(2).unbind(-1)  # [batch, tokens, 1, head_dim / 2]

    def turned(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        normed = functional.rms_norm(x.float(), weight.shape, weight.float(), eps)
        a, b = normed.chunk(2, -1)
        both = torch.cat((a * cosine - b * sine, b * cosine + a * sine), -1)
        return both.to(x.dtype).transpose(1, 2)

    return turned(q, q_weight), turned(k, k_weight), v.transpose(1, 2)


def _launches(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    q_weight: torch.Tensor,
    k_weight: torch.Tensor,
    eps: float,
    table: torch.Tensor,
    q_out: torch.Tensor,
    k_out: torch.Tensor,
    v_out: torch.Tensor,
    slots: torch.Tensor | None,
) -> Iterator[Launch]:
    """One launch a row of the batch."""
    batch, tokens, q_heads, head_dim = q.shape
    kv_heads = k.shape[2]
    if head_dim not in HEAD_DIMS:
        raise ValueError(f"the kernel is made for heads of {HEAD_DIMS}, not of {head_dim}")
    for name, x in (("q", q), ("k", k), ("v", v)):
        if aligned(name, x).stride(2) != head_dim and x.shape[2] > 1:
            raise ValueError(f"the heads of {name} must be side by side")
    for name, x in (
        ("k_out", k_out),
        ("v_out", v_out),
        ("q_weight", q_weight),
        ("k_weight", k_weight),
    ):
        aligned(name, x)
    if not table.is_contiguous() or (slots is not None and not slots.is_contiguous()):
        raise ValueError("the table and the slots must be contiguous")
    rows = q_heads + 2 * kv_heads
    groups = rows if tokens < FEW_TOKENS else min(rows, GROUPS_PER_TOKEN)
    for one in range(batch if tokens else 0):
        yield Launch(
            "qk_norm_rope",
            f"qk_norm_rope_{DTYPE_NAMES[q.dtype]}_{head_dim}",
            (blocks_of(tokens * groups * LANES, THREADS), 1),
            THREADS,
            (
                q[one],
                k[one],
                v[one],
                np.int64(q.stride(1)),
                np.int64(k.stride(1)),
                np.int64(v.stride(1)),
                q_weight,
                k_weight,
                np.float32(eps),
                table[one],
                slots,
                q_out[one],
                np.int64(q_out.stride(1)),
                np.int64(q_out.stride(2)),
                k_out[one],
                np.int64(k_out.stride(2)),
                np.int64(k_out.stride(1)),
                v_out[one],
                np.int64(v_out.stride(2)),
                np.int64(v_out.stride(1)),
                np.int32(tokens),
                np.int32(q_heads),
                np.int32(kv_heads),
                np.int32(groups),
            ),
        )

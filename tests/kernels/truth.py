"""The operations once more, in float64 and as plainly as they can be said."""

import torch


def mrope_table(
    positions: torch.Tensor, inv_freq: torch.Tensor, scaling: float, section: tuple[int, int, int]
) -> torch.Tensor:
    """float64 [tokens, pairs, 2]. The angle is the float32 product that models are trained with."""
    pairs = len(inv_freq)
    axes = [0] * pairs
    for pair in range(1, 3 * section[1], 3):
        axes[pair] = 1
    for pair in range(2, 3 * section[2], 3):
        axes[pair] = 2
    angles = torch.stack(
        [positions[axes[pair]].float() * inv_freq[pair] for pair in range(pairs)], -1
    ).double()
    return torch.stack((angles.cos(), angles.sin()), -1) * scaling


def rms_norm(x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
    """float64, over the last axis."""
    wide = x.double()
    return wide / (wide.square().mean(-1, keepdim=True) + eps).sqrt() * weight.double()


def rotate(x: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """float64: pairs (i, i + half) of the last axis turned by table [..., half, 2]."""
    a, b = x.double().chunk(2, -1)
    cosine, sine = table.double().unbind(-1)
    return torch.cat((a * cosine - b * sine, b * cosine + a * sine), -1)


def error_bound(truth: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """How far one rounding to `dtype` and a few dozen float32 roundings may lead from the truth.

    The latter are relative to the largest element of the row, as a rotation mixes two of them.
    """
    kind = torch.finfo(dtype)
    single = 24 * torch.finfo(torch.float32).eps * truth.abs().amax(-1, keepdim=True)
    return 0.505 * kind.eps * truth.abs() + single + kind.tiny * kind.eps


def assert_near(ours: torch.Tensor, truth: torch.Tensor) -> None:
    """Every element of `ours` is the truth but for rounding."""
    excess = (ours.double() - truth).abs() - error_bound(truth, ours.dtype)
    assert ours.isfinite().all()
    assert float(excess.max()) <= 0, f"{float(excess.max()):.3g} beyond rounding"

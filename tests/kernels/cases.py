"""For every entry point of kernels/ an ordinary case of odd sizes, on any device."""

from collections.abc import Callable, Mapping

import torch

from qvtime.ops.kernels import Kernels
from qvtime.ops.mrope_table import mrope_table
from qvtime.ops.patches import patches_from
from qvtime.ops.position_ids import position_ids
from qvtime.ops.qk_norm_rope import qk_norm_rope
from qvtime.ops.vision_positions import add_vision_positions
from qvtime.ops.vision_rope import vision_rope, vision_rope_table
from tests.kernels.host import ENTRIES

DTYPES = {
    "bf16": torch.bfloat16,
    "f16": torch.float16,
    "f32": torch.float32,
    "i32": torch.int32,
    "i64": torch.int64,
}
SECTIONS = {128: (24, 20, 20), 64: (12, 10, 10)}
THETA = 5_000_000.0


def frequencies(head_dim: int, device: str = "cpu") -> torch.Tensor:
    """The text model's ladder, float32 [head_dim / 2]."""
    exponents = torch.arange(0, head_dim, 2, device=device).float() / head_dim
    return 1.0 / THETA**exponents


def numbers(shape: tuple[int, ...], dtype: torch.dtype, device: str, seed: int) -> torch.Tensor:
    """Normal random numbers, the same on every device."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator).to(dtype).to(device)


def far_positions(tokens: int, device: str, seed: int = 0) -> torch.Tensor:
    """Random positions up to the longest context, int64 [3, tokens]."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 262_144, (3, tokens), generator=generator).to(device)


def _mrope_table(kernels: Kernels, dtype: torch.dtype, _: int, device: str, tokens: int) -> None:
    positions = far_positions(tokens, device).to(dtype)
    mrope_table(kernels, positions, frequencies(128, device), 1.0, SECTIONS[128])


def _qk_norm_rope(
    kernels: Kernels, dtype: torch.dtype, head_dim: int, device: str, tokens: int
) -> None:
    heads, kv_heads = 5, 2
    rows = numbers((1, tokens, heads + 2 * kv_heads, head_dim), dtype, device, 1)
    q, k, v = rows.tensor_split((heads, heads + kv_heads), 2)
    weights = 1 + numbers((2, head_dim), dtype, device, 2) / 8
    angles = numbers((1, tokens, head_dim // 2), torch.float32, device, 3)
    table = torch.stack((angles.cos(), angles.sin()), -1)
    room = torch.zeros((2, 1, kv_heads, tokens + 3, head_dim), dtype=dtype, device=device)
    places = torch.randperm(tokens + 3, generator=torch.Generator().manual_seed(4))[:tokens]
    places[:1] = -1
    for slots in (None, places.to(device)):
        qk_norm_rope(kernels, q, k, v, weights[0], weights[1], 1e-6, table, room[0], room[1], slots)


def _vision_positions(
    kernels: Kernels, dtype: torch.dtype, _: int, device: str, tokens: int
) -> None:
    rows, columns, channels = 4, 6, 144
    hidden = numbers((tokens * rows * columns, channels), dtype, device, 5)
    table = numbers((48 * 48, channels), dtype, device, 6) / 4
    add_vision_positions(kernels, hidden, table, rows, columns)


def _vision_rope(
    kernels: Kernels, dtype: torch.dtype, head_dim: int, device: str, tokens: int
) -> None:
    inv_freq = (10_000.0 ** -torch.arange(0, 1, 4 / head_dim)[: head_dim // 4]).to(device)
    table = vision_rope_table(inv_freq, 2, 6)
    vision_rope(kernels, numbers((tokens * 12, 3, 5, head_dim), dtype, device, 7), table)


def _position_ids(kernels: Kernels, _: torch.dtype, __: int, device: str, tokens: int) -> None:
    stretches, token, position = [], 0, 0
    while token < tokens:
        stretches += [[token, position, 0, 0], [token + 3, position + 3, 2, 5]]
        token, position = token + 13, position + 8
    rows = [row for row in stretches if row[0] < tokens]
    table = torch.tensor(rows, dtype=torch.int32, device=device).view(-1, 4)
    position_ids(kernels, table, tokens)


def _patches(kernels: Kernels, dtype: torch.dtype, _: int, device: str, tokens: int) -> None:
    generator = torch.Generator().manual_seed(8)
    pictures = torch.randint(0, 256, (tokens, 32, 96, 3), generator=generator, dtype=torch.uint8)
    patches_from(kernels, pictures.to(device), dtype)


_RUNNERS: Mapping[str, Callable[[Kernels, torch.dtype, int, str, int], None]] = {
    "mrope_table": _mrope_table,
    "qk_norm_rope": _qk_norm_rope,
    "vision_positions": _vision_positions,
    "vision_rope": _vision_rope,
    "position_ids": _position_ids,
    "patches": _patches,
}


def run_case(entry: str, kernels: Kernels, device: str, tokens: int) -> None:
    """Run an entry on `device` with about so many tokens, pictures or temporal patches."""
    kernel = ENTRIES[entry]
    dtype, _, head_dim = entry.removeprefix(kernel + "_").partition("_")
    _RUNNERS[kernel](kernels, DTYPES[dtype], int(head_dim or 0), device, tokens)

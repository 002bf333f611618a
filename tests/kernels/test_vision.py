"""The tower's positions and rotation, against float64 and against transformers."""

from typing import Any

import pytest
import torch
from torch.nn import functional
from transformers.models.qwen3_vl.configuration_qwen3_vl import Qwen3VLVisionConfig
from transformers.models.qwen3_vl.modeling_qwen3_vl import (
    Qwen3VLVisionRotaryEmbedding,
    apply_rotary_pos_emb_vision,
)
from transformers.vision_utils import (
    get_vision_interpolation_indices_and_weights,
    get_vision_position_ids,
)

from qvtime.ops.blocks import block_order
from qvtime.ops.kernels import REFERENCE, Kernels
from qvtime.ops.vision_positions import ENOUGH_BLOCKS, add_vision_positions
from qvtime.ops.vision_rope import vision_rope, vision_rope_table
from tests.kernels import truth
from tests.kernels.cases import numbers

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
GRIDS = [(1, 4, 6), (3, 6, 6), (1, 60, 8), (2, 2, 2), (1, 2, 100), (1, 48, 48), (2, 16, 28)]
SIDE = 48

every_dtype = pytest.mark.parametrize("dtype", DTYPES)
every_grid = pytest.mark.parametrize("grid", GRIDS)


def grid_thw(grid: tuple[int, int, int]) -> torch.Tensor:
    return torch.tensor([grid])


@every_dtype
@every_grid
@pytest.mark.parametrize("channels", [64, 1152])
def test_positions_are_those_of_transformers(
    grid: tuple[int, int, int], channels: int, dtype: torch.dtype, on_host: Kernels
) -> None:
    times, rows, columns = grid
    indices, weights = get_vision_interpolation_indices_and_weights(
        grid_thw(grid), SIDE, align_corners=True, spatial_merge_size=2
    )
    table = numbers((SIDE * SIDE, channels), dtype, "cpu", 1) / 4
    hidden = numbers((times * rows * columns, channels), dtype, "cpu", 2)
    theirs = hidden + (table[indices] * weights[:, :, None]).sum(1).to(dtype)
    for kernels in (REFERENCE, on_host):
        ours = hidden.clone()
        add_vision_positions(kernels, ours, table, rows, columns)
        assert torch.equal(ours, theirs)


@every_grid
def test_positions_are_those_of_interpolate(grid: tuple[int, int, int], on_host: Kernels) -> None:
    """torch's own bilinear interpolation in float64, its corners at the table's corners."""
    times, rows, columns = grid
    table = numbers((SIDE * SIDE, 16), torch.float32, "cpu", 3)
    picture = table.double().T.reshape(1, 16, SIDE, SIDE)
    stretched = functional.interpolate(
        picture, (rows, columns), mode="bilinear", align_corners=True
    )
    row, column = block_order(rows, columns)
    expected = stretched[0, :, row, column].T.repeat(times, 1)
    for kernels in (REFERENCE, on_host):
        ours = torch.zeros(times * rows * columns, 16)
        add_vision_positions(kernels, ours, table, rows, columns)
        # Places in the table are float32: off by half an ulp of 48, and so are the weights.
        assert float((ours - expected).abs().max()) < 48 * torch.finfo(torch.float32).eps * 4


@every_dtype
@every_grid
@pytest.mark.parametrize("head_dim", [64, 72])
def test_the_rotation_is_the_float64_one_and_that_of_transformers(
    grid: tuple[int, int, int], head_dim: int, dtype: torch.dtype, on_host: Kernels
) -> None:
    heads = 3
    config = Qwen3VLVisionConfig(hidden_size=heads * head_dim, num_heads=heads)
    rotary: Any = Qwen3VLVisionRotaryEmbedding(config)
    position_ids = get_vision_position_ids(grid_thw(grid), 2)
    cosine, sine = rotary(torch.empty(1), position_ids)
    count, (times, rows, columns) = len(position_ids), grid
    table = vision_rope_table(rotary.inv_freq, rows, columns)
    whole = table.repeat(times, 1, 1)
    theirs_table = torch.stack((cosine, sine), -1)[:, : head_dim // 2]
    assert float((whole - theirs_table).abs().max()) <= 2 * torch.finfo(torch.float32).eps
    qkv = numbers((count, 3, heads, head_dim), dtype, "cpu", 4)
    theirs = apply_rotary_pos_emb_vision(qkv[:, 0], qkv[:, 1], cosine, sine)
    true = truth.rotate(qkv[:, :2], whole[:, None, None])
    for kernels in (REFERENCE, on_host):
        ours = qkv.clone()
        vision_rope(kernels, ours, table)
        truth.assert_near(ours[:, :2], true)
        assert torch.equal(ours[:, 2], qkv[:, 2])
        for mine, other in zip(ours[:, :2].unbind(1), theirs, strict=True):
            assert float((mine != other).float().mean()) < 2e-3 or dtype == torch.float32
            torch.testing.assert_close(mine, other, rtol=torch.finfo(dtype).eps, atol=1e-6)


def test_blocks_walk_over_the_times_that_they_share(on_host: Kernels) -> None:
    """So many patches that not every time has blocks of its own."""
    rows, columns, times = 48, 48, 5
    assert ENOUGH_BLOCKS // (rows * columns) < times
    hidden = torch.zeros(times * rows * columns, 8)
    table = numbers((SIDE * SIDE, 8), torch.float32, "cpu", 5)
    add_vision_positions(on_host, hidden, table, rows, columns)
    row, column = block_order(rows, columns)
    expected = table[row * SIDE + column].repeat(times, 1)  # as large as the table: its own rows
    assert torch.allclose(hidden, expected, atol=1e-5)


def test_nothing_is_written_beside(on_host: Kernels) -> None:
    guard = torch.full((3, 40, 3, 2, 64), 7.0)
    table = vision_rope_table(torch.ones(16), 4, 10)
    vision_rope(on_host, guard[1], table)
    assert (guard[[0, 2]] == 7).all()
    assert not (guard[1] == 7).all()
    hidden = torch.zeros(3, 40, 64)
    add_vision_positions(on_host, hidden[1], torch.ones(16, 64), 4, 10)
    assert (hidden[[0, 2]] == 0).all()
    assert torch.allclose(hidden[1], torch.ones(40, 64), atol=1e-6)


def test_what_is_not_laid_out_is_refused(on_host: Kernels) -> None:
    table = vision_rope_table(torch.ones(16), 2, 2)
    with pytest.raises(ValueError, match="heads of"):
        vision_rope(on_host, torch.zeros(4, 3, 1, 32), table)
    with pytest.raises(ValueError, match="contiguous"):
        vision_rope(on_host, torch.zeros(4, 3, 2, 64)[:, :, ::2], table)
    with pytest.raises(ValueError, match="eights"):
        add_vision_positions(on_host, torch.zeros(4, 12), torch.zeros(4, 12), 2, 2)

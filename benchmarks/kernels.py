"""How fast the CUDA kernels are, beside a copy of the same bytes and torch.compile, in one run.

    python benchmarks/kernels.py [--rounds 50]

Shapes of Qwen3-VL-4B in bf16; random numbers. For every operation: the kernel, a copy that moves as
many bytes, the reference as written, and the reference through torch.compile with fixed shapes.
Times are medians of CUDA events, the cache of the GPU flushed before each round.
"""
# ruff: noqa: T201 (a benchmark prints)

import argparse
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from qvtime.errors import QvtimeError
from qvtime.ops.kernels import REFERENCE, Kernels, choose_kernels
from qvtime.ops.mrope_table import mrope_table
from qvtime.ops.patches import patches_from
from qvtime.ops.position_ids import position_ids
from qvtime.ops.qk_norm_rope import qk_norm_rope
from qvtime.ops.vision_positions import add_vision_positions
from qvtime.ops.vision_rope import vision_rope, vision_rope_table

Q_HEADS, KV_HEADS, HEAD_DIM, VISION_HEADS, VISION_HEAD_DIM, ROWS, COLUMNS = (
    32,
    8,
    128,
    16,
    64,
    16,
    28,
)
SECTION = (24, 20, 20)
FLUSH_BYTES = 256 << 20
"""More than the L2 cache of any GPU."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something to measure. bytes_moved: what it reads and writes at least."""

    name: str
    bytes_moved: int
    run: Callable[[Kernels], object]


def table_task(tokens: int) -> Task:
    positions = torch.randint(0, 200_000, (3, tokens), device="cuda")
    inv_freq = torch.rand(HEAD_DIM // 2, device="cuda")
    return Task(
        f"mrope_table, {tokens} tokens",
        tokens * (24 + 4 * HEAD_DIM),
        lambda kernels: mrope_table(kernels, positions, inv_freq, 1.0, SECTION),
    )


def text_task(tokens: int) -> Task:
    heads = Q_HEADS + 2 * KV_HEADS
    projected = torch.randn(1, tokens, heads, HEAD_DIM, device="cuda").bfloat16()
    q, k, v = (
        part.contiguous() for part in projected.tensor_split((Q_HEADS, Q_HEADS + KV_HEADS), 2)
    )
    weights = torch.ones(2, HEAD_DIM, device="cuda", dtype=torch.bfloat16)
    table = torch.rand(1, tokens, HEAD_DIM // 2, 2, device="cuda")
    cache = torch.empty(2, 1, KV_HEADS, tokens + 512, HEAD_DIM, device="cuda", dtype=q.dtype)

    def run(kernels: Kernels) -> object:
        room = cache[..., :tokens, :]
        return qk_norm_rope(kernels, q, k, v, weights[0], weights[1], 1e-6, table, room[0], room[1])

    return Task(
        f"qk_norm_rope, {tokens} tokens", tokens * (4 * heads * HEAD_DIM + 4 * HEAD_DIM), run
    )


def rope_task(times: int) -> Task:
    table = vision_rope_table(torch.rand(VISION_HEAD_DIM // 4, device="cuda"), ROWS, COLUMNS)
    patches = times * ROWS * COLUMNS
    shape = (patches, 3, VISION_HEADS, VISION_HEAD_DIM)
    qkv = torch.randn(shape, device="cuda", dtype=torch.bfloat16)
    return Task(
        f"vision_rope, {patches} patches",
        patches * 8 * VISION_HEADS * VISION_HEAD_DIM,
        lambda kernels: vision_rope(kernels, qkv, table),
    )


def positions_task(times: int) -> Task:
    channels, patches = VISION_HEADS * VISION_HEAD_DIM, times * ROWS * COLUMNS
    hidden = torch.zeros(patches, channels, device="cuda", dtype=torch.bfloat16)
    table = torch.randn(48 * 48, channels, device="cuda", dtype=torch.bfloat16)
    return Task(
        f"vision_positions, {patches} patches",
        patches * 4 * channels,
        lambda kernels: add_vision_positions(kernels, hidden, table, ROWS, COLUMNS),
    )


def patches_task(times: int) -> Task:
    shape = (2 * times, 16 * ROWS, 16 * COLUMNS, 3)
    pictures = torch.randint(0, 256, shape, device="cuda", dtype=torch.uint8)
    return Task(
        f"patches, {times * ROWS * COLUMNS} patches",
        times * ROWS * COLUMNS * 1536 * 3,
        lambda kernels: patches_from(kernels, pictures, torch.bfloat16),
    )


def ids_task(tokens: int) -> Task:
    rows = []
    for first in range(0, tokens, 122):  # ten words, a patch of 8 x 14
        rows += [[first, first // 3, 0, 0], [first + 10, first // 3 + 10, 8, 14]]
    stretches = torch.tensor(
        [row for row in rows if row[0] < tokens], dtype=torch.int32, device="cuda"
    )
    return Task(
        f"position_ids, {tokens} tokens",
        24 * tokens,
        lambda kernels: position_ids(kernels, stretches, tokens),
    )


def median_us(work: Callable[[], object], rounds: int, flush: torch.Tensor) -> float:
    """The median time of `work` on the GPU, in µs, after three rounds that do not count."""
    cuda: Any = torch.cuda
    spent: list[float] = []
    for turn in range(rounds + 3):
        flush.zero_()
        cuda._sleep(200_000)  # the processor gets ahead, so that its launches do not count
        start, end = (cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        end.synchronize()
        if turn >= 3:
            spent.append(1000 * start.elapsed_time(end))
    return statistics.median(spent)


def measure(task: Task, kernels: Kernels, rounds: int, flush: torch.Tensor) -> None:
    """One line of the table."""
    source = torch.empty(max(1, task.bytes_moved // 2), dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    torch._dynamo.reset()
    compiled = torch.compile(task.run, dynamic=False)
    works: list[Callable[[], object]] = [
        lambda: task.run(kernels),
        lambda: target.copy_(source),
        lambda: task.run(REFERENCE),
        lambda: compiled(REFERENCE),
    ]
    kernel, copy, eager, inductor = (median_us(work, rounds, flush) for work in works)
    print(
        f"{task.name:32}{task.bytes_moved / 1e6:9.2f}{kernel:11.1f}{copy:9.1f}{inductor:11.1f}"
        f"{eager:9.1f}{copy / kernel:9.0%}{inductor / kernel:9.1f}x"
        f"{task.bytes_moved / kernel / 1e6:7.2f}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()
    try:
        kernels = choose_kernels("cuda", "cuda")
    except QvtimeError as error:
        print(error.message, file=sys.stderr)
        return error.exit_code
    torch.manual_seed(0)
    flush = torch.empty(FLUSH_BYTES, dtype=torch.uint8, device="cuda")
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, bf16, Qwen3-VL-4B's shapes")
    print(f"{'':32}{'MB':>9}{'kernel µs':>11}{'copy µs':>9}{'compile µs':>11}{'eager µs':>9}"
          f"{'of copy':>9}{'faster':>10}{'TB/s':>7}")  # fmt: skip
    tasks = [table_task(32_768), *map(text_task, (1, 64, 4096, 32_768))]
    tasks += [rope_task(110), positions_task(110), patches_task(110), ids_task(32_768)]
    with torch.inference_mode():
        for task in tasks:
            measure(task, kernels, options.rounds, flush)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""What it takes to launch a kernel: entry point, sizes, and arguments whose C types are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import torch

Argument: TypeAlias = torch.Tensor | np.int32 | np.int64 | np.float32 | None
"""A tensor is its address, None a null pointer; numbers are typed, since nothing converts them:
a kernel that wants a float and is handed a Python number reads garbage."""

DTYPE_NAMES = {torch.bfloat16: "bf16", torch.float16: "f16", torch.float32: "f32"}
"""How a dtype is called in the name of an entry point."""

INDEX_NAMES = {torch.int32: "i32", torch.int64: "i64"}

MOST_THREADS = 2**31 - 1
"""Kernels count their threads in 32 bits."""

MOST_SHARES = 65535
"""The largest second dimension of a grid."""

ALIGNED_BYTES = 16
"""Kernels load so many bytes at once, from addresses that are multiples of it."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One kernel on one grid: `entry` of `kernel`.cu, blocks (x, y), threads a block."""

    kernel: str
    entry: str
    blocks: tuple[int, int]
    threads: int
    arguments: Sequence[Argument]


class Launcher(Protocol):
    """Something that runs kernels."""

    def __call__(self, launch: Launch) -> None:
        """Run it, after everything that torch was asked for on the tensors' device."""
        ...


def blocks_of(work: int, threads: int) -> int:
    """Blocks for so many threads. Raises ValueError for more than 32 bits count."""
    if work > MOST_THREADS:
        raise ValueError(f"{work} threads are too many for one launch")
    return -(-work // threads)


def aligned(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """`tensor`, if rows of it can be loaded 16 bytes at a time. Raises ValueError."""
    if tensor.stride(-1) != 1 or tensor.data_ptr() % ALIGNED_BYTES:
        raise ValueError(f"{name} must have neighbouring elements at a multiple of 16 bytes")
    for stride, size in zip(tensor.stride()[:-1], tensor.shape[:-1], strict=True):
        if size > 1 and stride * tensor.element_size() % ALIGNED_BYTES:
            raise ValueError(f"{name} must have rows at multiples of 16 bytes")
    return tensor

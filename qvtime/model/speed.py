"""How fast this machine multiplies and reads memory, in a twentieth of a second: for estimates."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional

MEASURED_SECONDS = 0.05
MOST_FLOPS = 1e9
READ_BYTES = 64 << 20
REACHED_SHARE = 0.5
"""What a model reaches of one matrix product after the other: it does other things in between."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Multiplications and additions a second, and bytes of weights read a second."""

    flops: float
    bytes_per_second: float


def measure_speed(device: str, dtype: torch.dtype, hidden: int, feed_forward: int) -> Speed:
    """What a model with layers of this size would reach here, roughly."""
    rows = max(16, min(512, int(MOST_FLOPS / (2 * hidden * feed_forward))))
    tokens = torch.ones((rows, hidden), dtype=dtype, device=device)
    weight = torch.ones((feed_forward, hidden), dtype=dtype, device=device)
    multiplied = _times_a_second(device, lambda: functional.linear(tokens, weight))
    held = torch.ones(READ_BYTES, dtype=torch.uint8, device=device)
    read = _times_a_second(device, lambda: held.clone())
    flops = multiplied * 2.0 * rows * hidden * feed_forward
    return Speed(REACHED_SHARE * flops, REACHED_SHARE * read * 2 * READ_BYTES)


def _times_a_second(device: str, work: Callable[[], object]) -> float:
    work()  # warms up
    _wait(device)
    started, done, spent = time.perf_counter(), 0, 0.0
    while spent < MEASURED_SECONDS:
        work()
        _wait(device)
        done += 1
        spent = time.perf_counter() - started
    return done / spent


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)

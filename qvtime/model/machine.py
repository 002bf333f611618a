"""What this machine has to run a model on: its memory and its GPUs."""

import os
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from qvtime.ops.cuda import why_no_cuda

CGROUP = Path("/sys/fs/cgroup")
PACKAGES = (
    *("torch", "transformers", "huggingface-hub", "tokenizers", "safetensors"),
    *("av", "opencv-python", "numpy", "accelerate", "bitsandbytes"),
    *("cupy-cuda12x", "cupy-cuda13x"),
)


@dataclass(frozen=True, slots=True)
class Gpu:
    """A CUDA device that torch can use. capability: "9.0"."""

    device: str
    name: str
    capability: str
    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Machine:
    """memory_bytes and free_bytes: of the host, of which a container may have less.

    free_bytes is None where the system does not say. cpu_bfloat16: whether the CPU is quick with
    it. no_kernels: why there are no CUDA kernels.
    """

    system: str
    python: str
    cores: int
    threads: int
    cpu_bfloat16: bool
    memory_bytes: int | None
    free_bytes: int | None
    gpus: tuple[Gpu, ...]
    torch_cuda: str | None
    no_kernels: str | None
    versions: dict[str, str | None]

    def room_bytes(self, device: str) -> int | None:
        """The memory that is free on `cpu` or a CUDA device; None when nobody knows."""
        if device == "cpu":
            return self.free_bytes
        wanted = "cuda:0" if device == "cuda" else device
        return next((gpu.free_bytes for gpu in self.gpus if gpu.device == wanted), None)


def look_around() -> Machine:
    """This machine, now."""
    total, free = host_memory()
    return Machine(
        system=f"{sys.platform} {os.uname().machine}" if hasattr(os, "uname") else sys.platform,
        python=sys.version.split()[0],
        cores=_cores(),
        threads=torch.get_num_threads(),
        cpu_bfloat16=multiplies_bfloat16("cpu"),
        memory_bytes=total,
        free_bytes=free,
        gpus=_gpus(),
        torch_cuda=getattr(torch.version, "cuda", None),
        no_kernels=why_no_cuda(),
        versions={name: _version(name) for name in PACKAGES},
    )


def free_memory(device: str) -> int | None:
    """Bytes that a model on this device can still take; None where nobody knows.

    Of a CUDA device with what torch keeps for itself there; `device` is `cpu` or one of CUDA.
    """
    if device == "cpu":
        return host_memory()[1]
    free, _ = torch.cuda.mem_get_info(device)
    return int(free) + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def multiplies_bfloat16(device: str) -> bool:
    """Whether products of bfloat16 matrices are as fast there as float32's, or faster.

    A CPU without instructions for them takes 6 to 60 times as long for what is longer than a word.
    """
    if device != "cpu":
        return True
    # Nothing public says it; torch's own compiler asks here.
    asked = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return asked is not None and bool(asked())


def host_memory() -> tuple[int | None, int | None]:
    """Bytes in all, and those that can be had without swapping; within this container's limit."""
    total, free = _meminfo(Path("/proc/meminfo"))
    limit = _number(CGROUP / "memory.max")
    used = _number(CGROUP / "memory.current")
    if limit is None or (total is not None and limit >= total):
        return total, free
    left = limit if used is None else max(0, limit - used)
    return limit, left if free is None else min(free, left)


def _meminfo(path: Path) -> tuple[int | None, int | None]:
    try:
        lines = path.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None, None
    held = {line.partition(":")[0]: line.split() for line in lines}
    total, free = (held.get(key, []) for key in ("MemTotal", "MemAvailable"))
    return _kilobytes(total), _kilobytes(free)


def _kilobytes(words: list[str]) -> int | None:
    return int(words[1]) * 1024 if len(words) > 1 and words[1].isdecimal() else None


def _number(path: Path) -> int | None:
    try:
        text = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return int(text) if text.isdecimal() else None


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _gpus() -> tuple[Gpu, ...]:
    if not torch.cuda.is_available():
        return ()
    gpus = []
    for number in range(torch.cuda.device_count()):
        held = torch.cuda.get_device_properties(number)
        free, total = torch.cuda.mem_get_info(number)
        capability = f"{held.major}.{held.minor}"
        gpus.append(Gpu(f"cuda:{number}", held.name, capability, total, free))
    return tuple(gpus)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None

"""Launching kernels on a CUDA device, with CuPy, on torch's own stream and in torch's memory.

CuPy only compiles and launches: nothing is allocated or converted by it. Compiled kernels are kept
on disk by CuPy (CUPY_CACHE_DIR), and in memory here.
"""

from functools import cache
from typing import Any

import numpy as np
import torch

from qvtime.errors import ModelError
from qvtime.ops.launch import Argument, Launch
from qvtime.ops.source import kernel_source

OPTIONS = ("--std=c++17",)


def why_no_cuda() -> str | None:
    """Why no kernel can be launched in this process, or None when they can."""
    if not torch.cuda.is_available():
        return "this machine has no CUDA device that torch can use"
    try:
        import cupy
    except ImportError as error:
        major = str(getattr(torch.version, "cuda", None)).partition(".")[0]
        return f"CuPy cannot be imported ({error}); pip install 'qvtime[cuda{major}]'"
    if not cupy.cuda.is_available():
        return "CuPy finds no CUDA device"
    return None


class CudaLauncher:
    """Runs kernels (see launch.Launcher) on the device of their tensors.

    The first launch of an entry compiles or loads it, and must come before any capture of a
    CUDA graph.
    """

    def __call__(self, launch: Launch) -> None:
        """Launch on torch's current stream. Raises ModelError when it cannot be compiled."""
        device = next(one.device for one in launch.arguments if isinstance(one, torch.Tensor))
        stream = torch.cuda.current_stream(device).cuda_stream
        with torch.cuda.device(device), _stream(stream):
            _function(launch.kernel, launch.entry, device.index)(
                launch.blocks, (launch.threads,), tuple(map(_raw, launch.arguments))
            )


def _raw(argument: Argument) -> np.generic:
    """What CuPy copies into the launch: addresses as 64-bit numbers, other numbers as they are."""
    if argument is None:
        return np.int64(0)
    if isinstance(argument, torch.Tensor):
        return np.int64(argument.data_ptr())
    return argument


class _Address:
    """A stream by its address, in the protocol that CuPy takes; older torch does not speak it."""

    def __init__(self, address: int) -> None:
        self._address = address

    def __cuda_stream__(self) -> tuple[int, int]:
        return 0, self._address


@cache
def _stream(address: int) -> Any:
    """torch's stream as CuPy sees it. CuPy launches on its own current stream, never on torch's."""
    import cupy

    return cupy.cuda.Stream.from_external(_Address(address))


@cache
def _function(kernel: str, entry: str, device: int) -> Any:
    """The entry point on this device, compiled once and kept."""
    import cupy

    try:
        # extern "C" entry points: name_expressions would keep older CuPy from its cache on disk.
        module = cupy.RawModule(code=kernel_source(kernel), options=OPTIONS, backend="nvrtc")
        return module.get_function(entry)
    except (cupy.cuda.compiler.CompileException, cupy.cuda.runtime.CUDARuntimeError) as error:
        said = " ".join(str(error).split())[:200]
        raise ModelError(
            f"The kernel {entry} cannot be made ready for the GPU: {said}.",
            "Use `--kernels reference`.",
        ) from error

"""NVIDIA's run-time compiler without a GPU, as CuPy calls it: source in, cubin and remarks out."""

import ctypes
from functools import cache
from importlib.metadata import PackageNotFoundError, files
from typing import Any

OPTIONS = ("-ftz=true", "--device-as-default-execution-space")
"""What CuPy adds to a module's own options."""


def installed() -> bool:
    """Whether the compiler is there: the package has no build for every system."""
    try:
        return bool(files("nvidia-cuda-nvrtc"))
    except PackageNotFoundError:
        return False


@cache
def _library() -> Any:
    paths = {path.name: str(path.locate()) for path in files("nvidia-cuda-nvrtc") or ()}
    for kind in ("libnvrtc-builtins.so", "libnvrtc.so"):  # the second wants the first
        found = next(path for name, path in paths.items() if name.startswith(kind))
        library = ctypes.CDLL(found)
    return library


def compile_cubin(source: str, options: tuple[str, ...]) -> tuple[bytes, str]:
    """The machine code for the architecture that `options` name, and what the compiler remarked.

    Raises RuntimeError with the remarks when it does not compile.
    """
    nvrtc, program, size = _library(), ctypes.c_void_p(), ctypes.c_size_t()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None)
    raw = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
    try:
        failed = nvrtc.nvrtcCompileProgram(program, len(options), raw)
        nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        remarks = ctypes.create_string_buffer(size.value)
        nvrtc.nvrtcGetProgramLog(program, remarks)
        if failed:
            raise RuntimeError(remarks.value.decode())
        nvrtc.nvrtcGetCUBINSize(program, ctypes.byref(size))
        cubin = ctypes.create_string_buffer(size.value)
        nvrtc.nvrtcGetCUBIN(program, cubin)
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return cubin.raw, remarks.value.decode()

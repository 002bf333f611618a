"""The kernels of kernels/, compiled for the CPU by a C++ compiler and launched like on a GPU."""

import ctypes
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from qvtime.ops.launch import Argument, Launch
from qvtime.ops.source import KERNELS, kernel_source, kernels_folder

SHIM = Path(__file__).parent
COMPILER = shutil.which("g++") or shutil.which("clang++")
STRICT = ("-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas", "-Wno-unused-parameter")
SANITIZED = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")

FINISH = """
extern "C" const char* shim_types(const char* name) {
    const shim::Entry* entry = shim::find(entries, name);
    return entry ? entry->types.c_str() : nullptr;
}
extern "C" const char* shim_launch(
    const char* name, unsigned x, unsigned y, unsigned threads, void** arguments, unsigned seed) {
    const shim::Entry* entry = shim::find(entries, name);
    shim::launch({x, y, 1}, threads, seed, [&] { entry->call(arguments); });
    return shim::error.c_str();
}
"""
"""How such a library is called; `entries` lists its kernels."""


def entry_names(kernel: str) -> list[str]:
    """The entry points of a kernel, as its text names them."""
    dtypes = r"(?:bf16|f16|f32|i32|i64)(?:_[0-9]+)?"
    names = re.findall(rf"\b{kernel}_{dtypes}\b", kernel_source(kernel))
    return sorted(set(names))


ENTRIES = {entry: kernel for kernel in KERNELS for entry in entry_names(kernel)}
"""Every entry point, and its kernel."""


def build(folder: Path, options: Sequence[str] = (), sources: Path | None = None) -> Path:
    """A library of all kernels in `sources` (default: kernels/) as ordinary functions."""
    program = ['#include "shim.h"']
    program += [f'#include "{kernel}.cu"' for kernel in KERNELS]
    listed = ", ".join(f'shim::entry("{entry}", &{entry})' for entry in ENTRIES)
    program += [f"static const std::vector<shim::Entry> entries = {{{listed}}};", FINISH]
    text, library = folder / "kernels.cpp", folder / "kernels.so"
    text.write_text("\n".join(program), "utf-8")
    command = [COMPILER or "g++", "-std=c++20", "-O1", "-fPIC", "-shared", "-ffp-contract=off"]
    command += [*STRICT, *options, f"-I{SHIM}", f"-I{sources or kernels_folder()}"]
    done = subprocess.run(
        [*command, str(text), "-o", str(library)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return library


class HostLauncher:
    """Launches the entries of such a library (see qvtime.ops.launch.Launcher); notes which ran.

    Raises TypeError when the arguments are not exactly those of the entry, RuntimeError when the
    launch is one that a GPU would refuse or never end.
    """

    def __init__(self, library: Path, seed: int = 0) -> None:
        self._library = ctypes.CDLL(str(library))
        self._library.shim_types.restype = ctypes.c_char_p
        self._library.shim_launch.restype = ctypes.c_char_p
        self.seed = seed
        self.launched: list[str] = []

    def __call__(self, launch: Launch) -> None:
        """Run it to its end."""
        name = launch.entry.encode()
        types = self._library.shim_types(name)
        ours = "".join(map(_type, launch.arguments))
        if types is None or types.decode() != ours:
            raise TypeError(f"{launch.entry} takes {types!r}, not {ours}")
        values = [_value(argument) for argument in launch.arguments]
        addresses = (ctypes.c_void_p * len(values))(*(ctypes.addressof(one) for one in values))
        error = self._library.shim_launch(
            name, *launch.blocks, launch.threads, addresses, self.seed
        )
        if error:
            raise RuntimeError(f"{launch.entry}: {error.decode()}")
        self.launched.append(launch.entry)


def _type(argument: Argument) -> str:
    """The letter of an argument in Entry::types of shim.h; "?" for what no kernel takes."""
    if argument is None or isinstance(argument, torch.Tensor):
        return "p"
    return {np.int32: "i", np.int64: "l", np.float32: "f"}.get(type(argument), "?")


def _value(
    argument: Argument,
) -> ctypes.c_void_p | ctypes.c_int | ctypes.c_longlong | ctypes.c_float:
    if argument is None:
        return ctypes.c_void_p(None)
    if isinstance(argument, torch.Tensor):
        return ctypes.c_void_p(argument.data_ptr())
    if isinstance(argument, np.float32):
        return ctypes.c_float(float(argument))
    if isinstance(argument, np.int64):
        return ctypes.c_longlong(int(argument))
    return ctypes.c_int(int(argument))

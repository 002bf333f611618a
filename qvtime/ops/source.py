"""The text of the CUDA kernels, as a compiler takes it."""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

KERNELS = (
    "mrope_table",
    "qk_norm_rope",
    "vision_positions",
    "vision_rope",
    "position_ids",
    "patches",
)
"""Every kernel; NAME.cu holds its entry points, all of which begin with NAME."""

_OWN_HEADER = re.compile(r'^#include "([a-z_]+\.cuh)"$', re.MULTILINE)


def kernels_folder() -> Path:
    """Where the .cu files are: in the installed package, or beside it in the repository."""
    inside = Path(str(files("qvtime"))) / "kernels"
    return inside if inside.is_dir() else inside.parents[1] / "kernels"


@cache
def kernel_source(kernel: str) -> str:
    """The text of a kernel with our own header written into it.

    CuPy's cache knows only this text: a header that it included would change unnoticed.
    """
    folder = kernels_folder()

    def header(match: re.Match[str]) -> str:
        return (folder / match[1]).read_text("utf-8").replace("#pragma once\n", "")

    return _OWN_HEADER.sub(header, (folder / f"{kernel}.cu").read_text("utf-8"))

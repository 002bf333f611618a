"""NVIDIA's compiler takes every kernel, for every GPU from Turing to Blackwell."""

import re

import pytest

from qvtime.ops.cuda import OPTIONS
from qvtime.ops.source import KERNELS, kernel_source
from tests.kernels import nvrtc
from tests.kernels.host import entry_names

ARCHITECTURES = ("sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120")

MOST_REGISTERS = 128
"""Twice what the hungriest kernel takes: with more, fewer than half of the warps fit."""

pytestmark = pytest.mark.skipif(
    not nvrtc.installed(), reason="nvidia-cuda-nvrtc has no build for this system"
)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("kernel", KERNELS)
def test_it_compiles_without_spills(kernel: str, architecture: str) -> None:
    options = (*OPTIONS, *nvrtc.OPTIONS, f"-arch={architecture}", "--ptxas-options=-v")
    cubin, remarks = nvrtc.compile_cubin(kernel_source(kernel), options)
    assert cubin[:4] == b"\x7fELF"
    compiled = re.findall(r"Compiling entry function '(\w+)' for '(\w+)'", remarks)
    assert sorted(compiled) == [(entry, architecture) for entry in entry_names(kernel)]
    spills = re.findall(r"(\d+) bytes spill stores, (\d+) bytes spill loads", remarks)
    assert spills == [("0", "0")] * len(compiled)
    registers = [int(count) for count in re.findall(r"Used (\d+) registers", remarks)]
    assert len(registers) == len(compiled)
    assert max(registers) <= MOST_REGISTERS
    assert "warning" not in remarks


def test_what_does_not_compile_is_said() -> None:
    with pytest.raises(RuntimeError, match='identifier "nonsense" is undefined'):
        nvrtc.compile_cubin("__global__ void f() { nonsense; }", ("-arch=sm_90",))

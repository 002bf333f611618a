"""Which implementation runs, and what a wrong launch or a wrong kernel comes to."""

from pathlib import Path

import numpy as np
import pytest
import torch

from qvtime.errors import ModelError
from qvtime.ops import kernels as kernels_module
from qvtime.ops.cuda import why_no_cuda
from qvtime.ops.kernels import REFERENCE, Kernels, choose_kernels, rounding_bound
from qvtime.ops.launch import Launch, aligned, blocks_of
from qvtime.ops.patches import patches_from
from qvtime.settings import KernelMode
from tests.kernels.host import SHIM, HostLauncher, build


def launch_of(*arguments: object, entry: str = "position_ids_i64") -> Launch:
    return Launch("position_ids", entry, (1, 1), 32, arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["auto", "reference"])
def test_a_cpu_has_references(mode: KernelMode) -> None:
    assert choose_kernels(mode, "cpu") is REFERENCE


@pytest.mark.parametrize("mode", ["cuda", "check"])
def test_a_forced_choice_fails_with_the_reason(mode: KernelMode) -> None:
    with pytest.raises(ModelError, match="the model runs on cpu") as raised:
        choose_kernels(mode, "cpu")
    assert "--kernels reference" in (raised.value.hint or "")
    with pytest.raises(ModelError, match="heads of 12"):
        choose_kernels(mode, "cuda", "heads of 12")


def test_auto_says_why_it_did_not_take_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels_module, "why_no_cuda", lambda: "CuPy is away")
    assert choose_kernels("auto", "cuda") == Kernels("reference", note="CuPy is away")
    assert choose_kernels("auto", "cuda", "heads of 12").note == "heads of 12"
    monkeypatch.setattr(kernels_module, "why_no_cuda", lambda: None)
    assert choose_kernels("auto", "cuda").name == "cuda"
    assert choose_kernels("check", "cuda:1").name == "check"


def test_a_machine_without_a_gpu_says_so() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    assert why_no_cuda() == "this machine has no CUDA device that torch can use"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (torch.zeros(3), np.int64(1), torch.zeros(4), np.int32(1)),
        (torch.zeros(3), np.int32(1), torch.zeros(4), np.int32(1), np.int32(1)),
        (torch.zeros(3), np.int64(1), torch.zeros(4), np.int32(1), 1),
        (torch.zeros(3), np.int64(1), torch.zeros(4), np.int32(1), np.float32(1)),
    ],
)
def test_arguments_must_be_those_of_the_kernel(
    arguments: tuple[object, ...], launcher: HostLauncher
) -> None:
    """The check on which all other tests rest: nothing but this looks at the packing."""
    with pytest.raises(TypeError, match=r"takes b.plpii., not"):
        launcher(launch_of(*arguments))


def test_an_unknown_entry_is_no_launch(launcher: HostLauncher) -> None:
    with pytest.raises(TypeError, match="position_ids_i8 takes None"):
        launcher(launch_of(entry="position_ids_i8"))


@pytest.mark.parametrize("blocks", [(0, 1), (1, 0), (1, 65536)])
def test_a_grid_that_no_gpu_takes(blocks: tuple[int, int], launcher: HostLauncher) -> None:
    room = torch.zeros(3, dtype=torch.int64)
    stretches = torch.zeros(4, dtype=torch.int32)
    numbers = np.int64(1), stretches, np.int32(1), np.int32(1)
    with pytest.raises(RuntimeError, match="grid"):
        launcher(Launch("position_ids", "position_ids_i64", blocks, 32, (room, *numbers)))


def test_check_finds_a_kernel_that_is_wrong(library: Path, tmp_path: Path) -> None:
    """One number off by two roundings, in a kernel whose source is changed."""
    from qvtime.ops.source import kernels_folder

    for path in kernels_folder().iterdir():
        if path.suffix in (".cu", ".cuh"):
            text = path.read_text("utf-8").replace("/ 127.5f - 1.f", "/ 127.5f - 0.99f")
            (tmp_path / path.name).write_text(text, "utf-8")
    wrong = Kernels("check", HostLauncher(build(tmp_path, sources=tmp_path)))
    frames = torch.zeros(2, 32, 32, 3, dtype=torch.uint8)
    with pytest.raises(ModelError, match="patches_f32 gives something else") as raised:
        patches_from(wrong, frames, torch.float32)
    assert "6144 of 6144" in raised.value.message
    right = Kernels("check", HostLauncher(library))
    patches_from(right, frames, torch.float32)


def test_there_is_nothing_to_launch_with() -> None:
    with pytest.raises(ValueError, match="nothing that could launch"):
        REFERENCE.launch([], [], list)


def test_the_bound_is_one_rounding_wide() -> None:
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        values = torch.linspace(1, 2, 100).to(dtype)
        eps = torch.finfo(dtype).eps
        assert (rounding_bound(values) >= eps * values.float()).all()
        assert (rounding_bound(values) < 1.1 * eps * values.float() + 1e-5).all()
    assert (rounding_bound(torch.arange(3)) == 0).all()
    assert rounding_bound(torch.empty(0)).shape == (0,)


def test_more_than_32_bits_of_threads_are_refused() -> None:
    assert blocks_of(2**31 - 1, 256) == 2**23
    with pytest.raises(ValueError, match="too many"):
        blocks_of(2**31, 256)


def test_addresses_between_sixteens_are_refused() -> None:
    room = torch.zeros(4, 24)
    assert aligned("room", room[:, :16]) is not None
    for crooked in (room[:, 1:17], room[:, ::2], torch.zeros(4, 23)[:, :16]):
        with pytest.raises(ValueError, match="16 bytes"):
            aligned("room", crooked)


SUM = """
#include "shim.h"
template <bool BARRIER> void sum_block(const float* in, float* out) {
    static float shared[64];
    shared[threadIdx.x] = in[threadIdx.x];
    __syncthreads();
    for (unsigned step = 32; step; step >>= 1) {
        if (threadIdx.x < step) shared[threadIdx.x] += shared[threadIdx.x + step];
        if (BARRIER) __syncthreads();
    }
    if (threadIdx.x == 0) *out = shared[0];
}
void some_leave(const float* in, float* out) {
    if (threadIdx.x > 5) return;
    *out = __shfl_xor_sync(0xffffffffu, in[threadIdx.x], 1);
}
void some_wait(const float* in, float* out) {
    if (threadIdx.x > 5) __syncthreads();
    *out = in[0];
}
static const std::vector<shim::Entry> entries = {
    shim::entry("with_barrier", &sum_block<true>), shim::entry("without", &sum_block<false>),
    shim::entry("some_leave", &some_leave), shim::entry("some_wait", &some_wait)};
"""


@pytest.fixture(scope="module")
def shim_library(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import subprocess

    from tests.kernels.host import COMPILER, FINISH

    folder = tmp_path_factory.mktemp("shim")
    source = folder / "sum.cpp"
    source.write_text(SUM + FINISH, "utf-8")
    command = [str(COMPILER), "-std=c++20", "-O1", "-fPIC", "-shared", f"-I{SHIM}"]
    subprocess.run([*command, str(source), "-o", str(folder / "sum.so")], check=True)
    return folder / "sum.so"


def sums(library: Path, entry: str) -> set[float]:
    """What comes out under twenty orders of threads."""
    numbers, out = torch.arange(64).float() * 37 % 101, torch.zeros(1)
    found = set()
    for seed in range(1, 21):
        HostLauncher(library, seed)(Launch("", entry, (1, 1), 64, (numbers, out)))
        found.add(float(out))
    return found


def test_a_missing_barrier_shows(shim_library: Path) -> None:
    assert len(sums(shim_library, "with_barrier")) == 1
    assert len(sums(shim_library, "without")) > 1


@pytest.mark.parametrize("entry", ["some_leave", "some_wait"])
def test_a_split_warp_or_block_shows(entry: str, shim_library: Path) -> None:
    with pytest.raises(RuntimeError, match="thread"):
        sums(shim_library, entry)

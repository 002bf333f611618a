"""The kernels on a CUDA device: equal to their references, in graphs, on streams, within bounds."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch

from qvtime.errors import ModelError
from qvtime.model.kernels import install_kernels
from qvtime.ops import cuda as cuda_module
from qvtime.ops.cuda import CudaLauncher
from qvtime.ops.kernels import REFERENCE, Kernels, choose_kernels
from qvtime.ops.launch import Argument, Launch
from qvtime.ops.qk_norm_rope import qk_norm_rope
from tests.kernels.cases import numbers, run_case
from tests.kernels.host import COMPILER, ENTRIES, HostLauncher, build
from tests.kernels.test_model import Question, dense, lively, mixture
from tests.kernels.test_qk_norm_rope import Inputs

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(300)]

every_entry = pytest.mark.parametrize("entry", ENTRIES)


@pytest.fixture(scope="module")
def checked() -> Kernels:
    """`--kernels check`, forced: no kernel is left out because something is missing."""
    return choose_kernels("check", "cuda")


@every_entry
@pytest.mark.parametrize("tokens", [1, 67, 1031])
def test_it_equals_its_reference(entry: str, tokens: int, checked: Kernels) -> None:
    run_case(entry, checked, "cuda", tokens)


class Recorder:
    """A launcher that keeps the launches for later."""

    def __init__(self) -> None:
        self.launches: list[Launch] = []

    def __call__(self, launch: Launch) -> None:
        self.launches.append(launch)


def recorded(entry: str, tokens: int = 131) -> list[Launch]:
    """The launches of an ordinary case, not yet run; their tensors hold what they shall work on."""
    recorder = Recorder()
    run_case(entry, Kernels("cuda", recorder), "cuda", tokens)
    return recorder.launches


def tensors(launch: Launch) -> list[torch.Tensor]:
    return [one for one in launch.arguments if isinstance(one, torch.Tensor)]


def result_of(launch: Launch, work: Callable[[], None]) -> list[torch.Tensor]:
    """All tensors of a launch after `work`; before it everything is as it was."""
    before = [tensor.clone() for tensor in tensors(launch)]
    torch.cuda.synchronize()
    work()
    torch.cuda.synchronize()
    after = [tensor.clone() for tensor in tensors(launch)]
    for tensor, value in zip(tensors(launch), before, strict=True):
        tensor.copy_(value)
    return after


def same(ours: list[torch.Tensor], theirs: list[torch.Tensor]) -> bool:
    """Bit for bit, also where there is NaN in memory that nothing writes to."""
    return all(
        torch.equal(a.contiguous().view(torch.uint8), b.contiguous().view(torch.uint8))
        for a, b in zip(ours, theirs, strict=True)
    )


@every_entry
def test_a_graph_replays_it(entry: str) -> None:
    launcher = CudaLauncher()
    for launch in recorded(entry):
        expected = result_of(launch, lambda launch=launch: launcher(launch))  # type: ignore[misc]
        graph = torch.cuda.CUDAGraph()
        before = [tensor.clone() for tensor in tensors(launch)]
        with torch.cuda.graph(graph):
            launcher(launch)
        assert same(tensors(launch), before)  # captured, not run
        assert same(result_of(launch, graph.replay), expected)
        assert same(result_of(launch, graph.replay), expected)


@every_entry
def test_it_runs_on_torchs_current_stream(entry: str) -> None:
    """Its input comes late, on a stream that is not the default one."""
    launcher = CudaLauncher()
    for launch in recorded(entry):
        expected = result_of(launch, lambda launch=launch: launcher(launch))  # type: ignore[misc]
        right = [tensor.clone() for tensor in tensors(launch)]

        def late(launch: Launch = launch, right: list[torch.Tensor] = right) -> None:
            cuda: Any = torch.cuda
            stream = cuda.Stream()
            for tensor in tensors(launch):
                tensor.zero_()
            torch.cuda.synchronize()
            with cuda.stream(stream):
                cuda._sleep(20_000_000)  # some 10 ms
                for tensor, value in zip(tensors(launch), right, strict=True):
                    tensor.copy_(value)
                launcher(launch)
            stream.synchronize()

        assert same(result_of(launch, late), expected)


def test_nothing_beside_the_outputs_is_written() -> None:
    """Every output within a larger room of a planted pattern."""
    launcher = CudaLauncher()
    for entry in ENTRIES:
        for launch in recorded(entry, 37):
            guarded: list[Argument] = []
            rooms: list[torch.Tensor] = []
            for argument in launch.arguments:
                if not isinstance(argument, torch.Tensor):
                    guarded.append(argument)
                    continue
                room = torch.full((argument.numel() + 512,), 77, device="cuda").to(argument.dtype)
                inside = room[256:-256].view(argument.shape)
                inside.copy_(argument)
                if not argument.is_contiguous():
                    inside, room = argument, argument.new_empty(0)
                guarded.append(inside)
                rooms.append(room)
            launcher(Launch(launch.kernel, launch.entry, launch.blocks, launch.threads, guarded))
            torch.cuda.synchronize()
            for room in rooms:
                assert (room[:256] == 77).all(), entry
                assert (room[-256:] == 77).all(), entry


@pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler to compare with")
def test_it_is_what_the_processor_says(tmp_path: Path) -> None:
    """The same text on both machines: equal but for the device's own sincosf and rsqrtf."""
    host = Kernels("cuda", HostLauncher(build(tmp_path)))
    device = choose_kernels("cuda", "cuda")
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        ours, theirs = (Inputs(70, (8, 2), 128, dtype) for _ in range(2))
        for name in ("q", "k", "v", "weights", "table", "room"):
            setattr(theirs, name, getattr(theirs, name).cuda())
        queries = ours.run(host).float(), theirs.run(device).cpu().float()
        bound = 2 * torch.finfo(dtype).eps
        torch.testing.assert_close(*queries, rtol=bound, atol=1e-5)
        rooms = ours.room.float(), theirs.room.cpu().float()
        torch.testing.assert_close(*rooms, rtol=bound, atol=1e-5, equal_nan=True)


@pytest.mark.parametrize("make", [dense, mixture])
@pytest.mark.parametrize(("head_dim", "vision_head_dim"), [(128, 64), (64, 72)])
def test_a_whole_model_says_the_same(
    make: Callable[..., torch.nn.Module], head_dim: int, vision_head_dim: int, checked: Kernels
) -> None:
    """Every operation is checked as it runs, and the logits are those of the references."""
    question = Question()
    stock = lively(make, head_dim, vision_head_dim, dtype=torch.float32).cuda()
    logits = []
    for kernels in (REFERENCE, checked, choose_kernels("cuda", "cuda")):
        model = deepcopy(stock)
        install_kernels(model, kernels)
        logits.append(question.by_kernels(model, kernels))
    scale = float(logits[0].abs().max())
    for ours in logits[1:]:
        assert float((ours - logits[0]).abs().max()) < 1e-3 * scale


def test_a_cache_of_more_than_32_bits_of_numbers() -> None:
    """The last rows of 2 heads x 9 million tokens x 128, and nothing before them."""
    if torch.cuda.mem_get_info()[0] < 14e9:
        pytest.skip("this takes 14 GB of free memory on the GPU")
    tokens, room = 3, 9_000_000
    inputs = Inputs(tokens, (8, 2), 128, torch.bfloat16)
    inputs.run(REFERENCE)
    expected = inputs.room[:, 0, :, 4 : 4 + tokens].cuda()
    cache = torch.zeros((2, 1, 2, room, 128), dtype=torch.bfloat16, device="cuda")
    qk_norm_rope(
        choose_kernels("cuda", "cuda"),
        inputs.q.cuda(),
        inputs.k.cuda(),
        inputs.v.cuda(),
        inputs.weights[0].cuda(),
        inputs.weights[1].cuda(),
        1e-6,
        inputs.table.cuda(),
        cache[0],
        cache[1],
        torch.arange(room - tokens, room, device="cuda"),
    )
    torch.testing.assert_close(cache[:, 0, :, -tokens:], expected, rtol=2**-7, atol=1e-5)
    for half in cache[:, 0].unbind():
        for head in half:
            assert not head[:-tokens].any()


def test_a_kernel_that_does_not_compile_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_module, "kernel_source", lambda kernel: "nonsense")
    cuda_module._function.cache_clear()
    pictures = numbers((1,), torch.float32, "cuda", 0)
    launch = Launch("patches", "patches_f32", (1, 1), 32, (pictures,))
    with pytest.raises(ModelError, match="patches_f32 cannot be made ready"):
        CudaLauncher()(launch)
    cuda_module._function.cache_clear()

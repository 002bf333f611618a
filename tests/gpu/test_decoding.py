"""A captured step on a CUDA device: what it replays is what the layers say, walked over."""

from copy import deepcopy
from typing import Any

import pytest
import torch

from qvtime.model import cache
from qvtime.model.decoding import choose_decoding, make_decoder
from qvtime.model.kernels import install_kernels
from qvtime.model.step import StepDecoder, TokenStep
from qvtime.model.walk import Walker
from qvtime.ops.kernels import REFERENCE, Kernels, choose_kernels
from tests.kernels.test_model import Question, dense, lively, mixture

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(300)]

BEGINNING, TOKENS = [5, 6, 7, 8], (9, 12, 30, 7, 7, 21, 3)


@pytest.fixture(scope="module")
def kernels() -> Kernels:
    return choose_kernels("cuda", "cuda")


def on_device(head_dim: int, dtype: torch.dtype, kernels: Kernels) -> Any:
    model = lively(dense, head_dim, 64, dtype=dtype).cuda()
    install_kernels(model, kernels)
    return model


class Reading:
    """A decoder, a memory that begins with a few words, and what each further token gives."""

    def __init__(self, decoder: Any, layers: int) -> None:
        self.decoder, self.cache = decoder, cache.roomy_cache(layers)
        decoder.logits(self.cache, BEGINNING, torch.arange(len(BEGINNING)).expand(3, -1))

    def add(self, token: int) -> torch.Tensor:
        place = int(self.cache.get_seq_length())
        logits: torch.Tensor = self.decoder.logits(self.cache, [token], torch.full((3, 1), place))
        return logits


@torch.inference_mode()
@pytest.mark.parametrize("head_dim", [64, 128])
@pytest.mark.parametrize(
    ("dtype", "bound"),
    [(torch.float32, 1e-4), (torch.bfloat16, 2**-5), (torch.float16, 2**-8)],
)
def test_replays_equal_the_walk(
    head_dim: int, dtype: torch.dtype, bound: float, kernels: Kernels
) -> None:
    model = on_device(head_dim, dtype, kernels)
    assert choose_decoding(model, kernels).described == "graph"
    step = Reading(make_decoder(model, kernels), 4)
    assert isinstance(step.decoder, StepDecoder)
    walk = Reading(Walker(model, kernels), 4)
    for token in TOKENS:
        ours, theirs = step.add(token), walk.add(token)
        assert theirs.std() > 0.3
        assert float((ours - theirs).abs().max()) < bound * float(theirs.abs().max())
    for memory in (step.cache, walk.cache):  # the next question
        cache.shorten(memory, len(BEGINNING) + 1)
    again = step.add(TOKENS[1])
    assert float((again - walk.add(TOKENS[1])).abs().max()) < bound * float(again.abs().max())


@torch.inference_mode()
def test_a_graph_is_captured_once_for_a_room(
    kernels: Kernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And anew when the memory has moved; what was returned stays as it is."""
    monkeypatch.setattr(cache, "ROOM_TOKENS", 3)
    captures = 0
    capture = TokenStep._capture

    def counted(step: TokenStep) -> None:
        nonlocal captures
        captures += 1
        capture(step)

    monkeypatch.setattr(TokenStep, "_capture", counted)
    model = on_device(64, torch.float32, kernels)
    step = Reading(StepDecoder(Walker(model, kernels)), 4)
    walk = Reading(Walker(model, kernels), 4)
    pairs = [(step.add(token), walk.add(token)) for token in TOKENS]
    assert captures == 2  # rooms of 4 + 3 tokens, then of 8 + 3
    for ours, theirs in pairs:
        assert float((ours - theirs).abs().max()) < 1e-4 * float(theirs.abs().max())


@torch.inference_mode()
def test_a_graph_on_a_stream_of_its_own(kernels: Kernels) -> None:
    model = on_device(128, torch.float32, kernels)
    expected = [Reading(Walker(model, kernels), 4).add(TOKENS[0])]
    cuda: Any = torch.cuda
    stream = cuda.Stream()
    with cuda.stream(stream):
        ours = Reading(make_decoder(model, kernels), 4).add(TOKENS[0])
    stream.synchronize()
    assert float((ours - expected[0]).abs().max()) < 1e-4 * float(expected[0].abs().max())


@torch.inference_mode()
def test_experts_are_walked_over_and_the_answers_are_those_of_the_cpu(kernels: Kernels) -> None:
    question = Question()
    stock = lively(mixture, 64, 64, dtype=torch.float32)
    expected = question.by_kernels(deepcopy(stock), REFERENCE)
    model = stock.cuda()
    install_kernels(model, kernels)
    assert choose_decoding(model, kernels).name == "walk"
    ours = question.by_kernels(model, kernels).cpu()
    assert float((ours - expected).abs().max()) < 1e-3 * float(expected.abs().max())

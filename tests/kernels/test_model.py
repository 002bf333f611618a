"""A whole Qwen3-VL in miniature with every operation replaced by its kernel, run on the CPU.

The bound is the model's own: its kernels may move the logits by no more than a few more roundings
of every weight would.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLMoeConfig,
    Qwen3VLMoeForConditionalGeneration,
)

from qvtime.model.kernels import install_kernels, why_no_kernels
from qvtime.model.pixels import Grid, patches_of
from qvtime.model.prefix import prefill
from qvtime.model.vision import video_features
from qvtime.ops.kernels import REFERENCE, Kernels
from qvtime.ops.source import KERNELS
from tests.kernels.host import ENTRIES, HostLauncher

WORDS, PAD, START, END = 40, 40, 41, 42
ROUNDINGS = 4
"""More of them than one kernel replaces or adds on the way of a number through a layer."""

Config = dict[str, Any]


def shapes(head_dim: int, vision_head_dim: int) -> Config:
    return {
        "text_config": {
            "vocab_size": 64,
            "hidden_size": 64,
            "intermediate_size": 96,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": head_dim,
            "max_position_embeddings": 4096,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 5_000_000.0,
                "mrope_section": {128: [24, 20, 20], 64: [12, 10, 10]}[head_dim],
                "mrope_interleaved": True,
            },
        },
        "vision_config": {
            "depth": 4,
            "hidden_size": 2 * vision_head_dim,
            "intermediate_size": 96,
            "num_heads": 2,
            "out_hidden_size": 64,
            "num_position_embeddings": 144,
            "deepstack_visual_indexes": [0, 1, 2],
        },
        "image_token_id": 43,
        "video_token_id": PAD,
        "vision_start_token_id": START,
        "vision_end_token_id": END,
    }


def dense(head_dim: int, vision_head_dim: int) -> Any:
    return Qwen3VLForConditionalGeneration(Qwen3VLConfig(**shapes(head_dim, vision_head_dim)))


def mixture(head_dim: int, vision_head_dim: int) -> Any:
    config = shapes(head_dim, vision_head_dim)
    experts = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
    config["text_config"] |= experts
    return Qwen3VLMoeForConditionalGeneration(Qwen3VLMoeConfig(**config))


class Question:
    """Three temporal patches of noise with words between, and a question."""

    def __init__(self) -> None:
        random = np.random.default_rng(0)
        self.pixels = random.integers(0, 256, (5, 64, 96, 3), dtype=np.uint8)
        self.grid = Grid(3, 4, 6)
        self.prefix: list[int] = []
        for length in (1, 4, 3):
            self.prefix += [*random.integers(0, WORDS, length), START, *[PAD] * 6, END]
        self.tail = [int(word) for word in random.integers(0, WORDS, 7)]

    @torch.inference_mode()
    def by_transformers(self, model: Any) -> torch.Tensor:
        """Logits after every token of the question."""
        ids = torch.tensor([self.prefix + self.tail])
        grid = torch.tensor([[self.grid.times, self.grid.rows, self.grid.columns]])
        logits: torch.Tensor = model(
            input_ids=ids,
            pixel_values_videos=patches_of(self.pixels).to(model.dtype),
            video_grid_thw=grid,
            mm_token_type_ids=2 * (ids == PAD).int(),
            use_cache=False,
        ).logits[0, -len(self.tail) :]
        return logits.float()

    @torch.inference_mode()
    def by_kernels(self, model: Any, kernels: Kernels) -> torch.Tensor:
        """The same: the first five tokens of the question at once, the others one by one."""
        features = video_features(model, self.pixels, 48, kernels)
        prefix = prefill(model, self.prefix, features, PAD, kernels)
        steps = [self.tail[:5], *([token] for token in self.tail[5:])]
        return torch.stack([prefix.add(step) for step in steps])


def lively(make: Callable[[int, int], Any], *head_dims: int, dtype: torch.dtype) -> Any:
    """Weights large enough for the logits to depend on everything that went in."""
    torch.manual_seed(0)
    model = make(*head_dims).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim >= 2:
                parameter.mul_(4)
    for parameter in model.parameters():  # as a checkpoint is loaded: frequencies stay float32
        parameter.data = parameter.to(dtype)
    return model


@torch.no_grad()
def rounded_once_more(model: Any) -> Any:
    """A copy with every weight moved by up to one rounding of its dtype."""
    moved = deepcopy(model)
    generator = torch.Generator().manual_seed(1)
    for parameter in moved.parameters():
        shake = 2 * torch.rand(parameter.shape, generator=generator) - 1
        parameter.copy_(parameter.float() * (1 + torch.finfo(model.dtype).eps * shake))
    return moved


@pytest.mark.parametrize(
    ("make", "dtype"),
    [
        (dense, torch.float32),
        (dense, torch.bfloat16),
        (mixture, torch.float32),  # in bfloat16 a rounding may send a token to another expert
    ],
)
@pytest.mark.parametrize(("head_dim", "vision_head_dim"), [(128, 64), (64, 72)])
def test_the_logits_are_those_of_transformers(
    make: Callable[[int, int], Any],
    dtype: torch.dtype,
    head_dim: int,
    vision_head_dim: int,
    launcher: HostLauncher,
) -> None:
    stock = lively(make, head_dim, vision_head_dim, dtype=dtype)
    question = Question()
    rows = [4, 5, 6]
    theirs = question.by_transformers(stock)[rows]
    noise = float((question.by_transformers(rounded_once_more(stock))[rows] - theirs).abs().max())
    assert noise < theirs.std()
    model = deepcopy(stock)
    assert why_no_kernels(model.config, dtype) is None
    for kernels in (Kernels("check", launcher), REFERENCE):
        install_kernels(model, kernels)
        ours = question.by_kernels(model, kernels)
        assert float((ours - theirs).abs().max()) <= ROUNDINGS * noise
    assert {ENTRIES[entry] for entry in launcher.launched} == set(KERNELS)


def test_a_wrong_axis_is_beyond_the_bound(on_host: Kernels) -> None:
    """The bound would not hold for a mistake: rows that do not turn with the height."""
    stock = lively(dense, 128, 64, dtype=torch.float32)
    question = Question()
    theirs = question.by_transformers(stock)[4:]
    noise = float((question.by_transformers(rounded_once_more(stock))[4:] - theirs).abs().max())
    model = deepcopy(stock)
    model.model.language_model.rotary_emb.mrope_section = [24, 0, 20]
    install_kernels(model, on_host)
    ours = question.by_kernels(model, on_host)
    assert float((ours - theirs).abs().max()) > 20 * noise


def test_other_models_are_left_alone(on_host: Kernels) -> None:
    changed, other = (lively(dense, 64, 64, dtype=torch.float32) for _ in range(2))
    install_kernels(changed, on_host)
    question = Question()
    assert torch.equal(
        question.by_transformers(other),
        question.by_transformers(lively(dense, 64, 64, dtype=torch.float32)),
    )
    assert "forward" not in vars(other.model.language_model.layers[0].self_attn)


def test_a_batch_of_two_and_stock_caches_work_too(on_host: Kernels) -> None:
    model = lively(dense, 64, 64, dtype=torch.float32)
    ids = torch.randint(0, WORDS, (2, 9), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        theirs = model(input_ids=ids).logits
        install_kernels(model, on_host)
        start = model(input_ids=ids[:, :5], use_cache=True)
        rest = model(input_ids=ids[:, 5:], past_key_values=start.past_key_values)
    ours = torch.cat((start.logits, rest.logits), 1)
    assert float((ours - theirs).abs().max()) < 1e-4 * float(theirs.abs().max())


@pytest.mark.parametrize(
    ("part", "name", "value", "said"),
    [
        ("text_config", "head_dim", 96, "heads are 96"),
        ("vision_config", "num_heads", 4, "vision heads are 32"),
    ],
)
def test_what_has_no_kernel_is_said(part: str, name: str, value: int, said: str) -> None:
    config = Qwen3VLConfig(**shapes(128, 64))
    assert why_no_kernels(config, torch.bfloat16) is None
    setattr(getattr(config, part), name, value)
    assert said in (why_no_kernels(config, torch.bfloat16) or "")


def test_double_precision_and_changing_frequencies_have_no_kernel() -> None:
    config = Qwen3VLConfig(**shapes(128, 64))
    assert "float64" in (why_no_kernels(config, torch.float64) or "")
    text: Any = config.text_config
    text.rope_parameters["rope_type"] = "dynamic"
    assert "dynamic" in (why_no_kernels(config, torch.float32) or "")

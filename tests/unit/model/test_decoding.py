"""Three ways to read on, one result: over the layers, at fixed addresses, by transformers."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import disk_offload
from peft import LoraConfig, inject_adapter_in_model
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

from qvtime.model import cache
from qvtime.model.decoding import Decoder, StockDecoder, choose_decoding, make_decoder
from qvtime.model.generate import generate
from qvtime.model.kernels import install_kernels
from qvtime.model.prefix import VideoPrefix, prefill
from qvtime.model.prompt import encode_question, encode_video
from qvtime.model.step import StepDecoder
from qvtime.model.vision import video_features
from qvtime.model.walk import Walker
from qvtime.model.weights import LoadedModel, load_model
from qvtime.ops.kernels import REFERENCE, Kernels
from tests.kernels.test_model import PAD, Question, dense, lively, mixture, shapes

Make = Callable[[int, int], Any]
Way = Callable[[Any], Decoder]


def walk(model: Any) -> Decoder:
    return Walker(model, REFERENCE)


def step(model: Any) -> Decoder:
    return StepDecoder(Walker(model, REFERENCE))


def stretched(head_dim: int, vision_head_dim: int) -> Any:
    """YaRN, whose attention is sharpened."""
    config = shapes(head_dim, vision_head_dim)
    config["text_config"]["rope_parameters"] |= {
        "rope_type": "yarn",
        "factor": 3.0,
        "original_max_position_embeddings": 4096,
    }
    return Qwen3VLForConditionalGeneration(Qwen3VLConfig(**config))


every_way = pytest.mark.parametrize("way", [walk, step, StockDecoder])


@pytest.fixture
def take(monkeypatch: pytest.MonkeyPatch) -> Callable[[Way], None]:
    """Prefixes read from now on go on this way."""
    return lambda way: monkeypatch.setattr(
        "qvtime.model.prefix.make_decoder", lambda model, kernels: way(model)
    )


def close(ours: torch.Tensor, theirs: torch.Tensor) -> bool:
    """Equal to 1e-4 of the range of the logits, which are not flat."""
    assert theirs.std() > 0.3
    return float((ours - theirs).abs().max()) < 1e-4 * float(theirs.abs().max())


@every_way
@pytest.mark.parametrize(
    ("make", "head_dim"),
    [(dense, 128), (dense, 64), (mixture, 128), (mixture, 64), (stretched, 128)],
)
def test_the_logits_are_those_of_transformers(
    make: Make, head_dim: int, way: Way, take: Callable[[Way], None]
) -> None:
    """Five tokens at once and two alone, against all of the prompt at once."""
    model = lively(make, head_dim, 64, dtype=torch.float32)
    question = Question()
    theirs = question.by_transformers(model)[4:]
    rotary = model.model.language_model.rotary_emb
    assert (rotary.attention_scaling > 1.1) == (make is stretched)
    take(way)
    install_kernels(model, REFERENCE)
    assert close(question.by_kernels(model, REFERENCE), theirs)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("way", [walk, step])
def test_in_half_precision_it_is_as_near_to_the_truth(
    dtype: torch.dtype, way: Way, take: Callable[[Way], None]
) -> None:
    """Fewer roundings than transformers has: no further off than its own pass."""
    model = lively(dense, 64, 64, dtype=dtype)
    question = Question()
    exact = question.by_transformers(deepcopy(model).float())[4:]
    theirs = (question.by_transformers(model)[4:] - exact).norm()
    take(way)
    install_kernels(model, REFERENCE)
    ours = (question.by_kernels(model, REFERENCE) - exact).norm()
    assert 0 < ours < 1.5 * theirs


@torch.inference_mode()
def test_a_step_goes_on_as_its_memory_grows_and_changes(
    take: Callable[[Way], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room for three tokens at a time, and two videos that share a decoder."""
    monkeypatch.setattr(cache, "ROOM_TOKENS", 3)
    model = lively(dense, 64, 64, dtype=torch.float32)
    shared = step(model)
    question = Question()
    features = video_features(model, question.pixels, 48)
    prefixes = []
    for way in (lambda _: shared, lambda _: shared, walk):
        take(way)
        prefixes.append(prefill(model, question.prefix, features, PAD))
    *stepping, walking = prefixes
    for token in (5, 9, 12, 30, 7, 7, 21, 3):
        expected = walking.add([token])
        assert all(close(prefix.add([token]), expected) for prefix in stepping)
    with walking.question(), stepping[0].question():  # back to the end of the video
        assert close(stepping[0].add([8]), walking.add([8]))


@pytest.fixture(scope="module")
def demo() -> LoadedModel:
    return load_model("demo", "cpu")


def noise(loaded: LoadedModel) -> VideoPrefix:
    """A window of noise, so that nothing is easy."""
    pixels = np.random.default_rng(0).integers(0, 256, (16, 96, 96, 3), np.uint8)
    ids = encode_video(loaded.tokenizer, range(4000, 8000, 500), 9)
    features = video_features(loaded.model, pixels)
    return prefill(loaded.model, ids, features, loaded.control.video_pad)


@torch.inference_mode()
def test_the_demo_model_says_the_same_token_by_token(
    demo: LoadedModel, take: Callable[[Way], None]
) -> None:
    """Two questions that share a video, with nothing to end an answer."""
    said = []
    for way in (StockDecoder, walk, step):
        take(way)
        prefix = noise(demo)
        for question in ("what happens at <6.0 seconds>?", "list all events with their times"):
            tail = encode_question(demo.tokenizer, question)
            said.append(generate(prefix, tail, frozenset(), 40))
    assert len(said[0].token_ids) > 20
    for ours, theirs in zip(said[2:], 2 * said[:2], strict=True):
        assert ours.token_ids == theirs.token_ids
        assert ours.log_probabilities == pytest.approx(theirs.log_probabilities, abs=1e-4)


@torch.inference_mode()
def test_quantized_weights_and_adapters_are_walked_over(demo: LoadedModel) -> None:
    quantized = load_model("demo", "cpu", torch.float32, quantize="int4").model
    adapted = deepcopy(demo.model)
    plan = LoraConfig(target_modules=["q_proj", "o_proj", "down_proj"], init_lora_weights=False)
    inject_adapter_in_model(plan, adapted.model.language_model)
    plain = after_noise(demo.model, walk)
    for model in (quantized, adapted):
        assert choose_decoding(model, REFERENCE).name == "walk"
        theirs = after_noise(model, StockDecoder)
        assert close(after_noise(model, walk), theirs)
        assert not close(plain, theirs)


def after_noise(model: Any, way: Way) -> torch.Tensor:
    """Logits after a few words and then one more."""
    memory = cache.roomy_cache(model.config.get_text_config().num_hidden_layers)
    decoder = way(model)
    decoder.logits(memory, [5, 6, 7, 8], torch.arange(4).expand(3, -1))
    return decoder.logits(memory, [9], torch.full((3, 1), 4))


class Elsewhere:
    """The demo model, said to be on a GPU."""

    def __init__(self, model: Any, hf_quantizer: object = None) -> None:
        self.model, self.lm_head, self.config = model.model, model.lm_head, model.config
        self.device, self.hf_quantizer = torch.device("cuda"), hf_quantizer


@pytest.mark.parametrize(
    ("make", "kernels", "quantizer", "described"),
    [
        (dense, "cuda", None, "graph"),
        (dense, "check", None, "walk (the kernels are check)"),
        (dense, "reference", None, "walk (the kernels are reference)"),
        (dense, "cuda", object(), "walk (the weights are quantized)"),
        (mixture, "cuda", None, "walk (experts are chosen from token to token)"),
    ],
)
def test_what_a_graph_can_hold(make: Make, kernels: Any, quantizer: Any, described: str) -> None:
    model = Elsewhere(make(64, 64), quantizer)
    assert choose_decoding(model, Kernels(kernels)).described == described
    wanted = StepDecoder if described == "graph" else Walker
    assert isinstance(make_decoder(model, Kernels(kernels)), wanted)


@pytest.fixture
def model() -> Any:
    return lively(dense, 64, 64, dtype=torch.float32)


def test_on_a_cpu_layers_are_walked_over(model: Any) -> None:
    assert choose_decoding(model, REFERENCE).described == "walk"
    assert isinstance(make_decoder(model, REFERENCE), Walker)


@torch.inference_mode()
def test_a_model_on_several_devices_is_left_to_transformers(model: Any, tmp_path: Path) -> None:
    """Here the second one is the disk."""
    expected = after_noise(model, StockDecoder)
    disk_offload(model.model.language_model.layers, str(tmp_path), torch.device("cpu"))
    chosen = choose_decoding(model, REFERENCE)
    assert chosen.described == "transformers (the weights are on several devices)"
    assert close(after_noise(model, lambda one: make_decoder(one, REFERENCE)), expected)


@pytest.mark.parametrize("part", ["attention", "rotation"])
def test_what_cannot_be_walked_over_is_said(model: Any, part: str) -> None:
    if part == "attention":
        model.set_attn_implementation({"text_config": "eager"})
    else:
        model.model.language_model.config.rope_parameters["rope_type"] = "dynamic"
    chosen = choose_decoding(model, REFERENCE)
    assert chosen.name == "transformers"
    assert part in chosen.described
    assert isinstance(make_decoder(model, REFERENCE), StockDecoder)

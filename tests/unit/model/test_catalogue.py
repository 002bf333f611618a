"""The published configurations: what is computed of them is what transformers builds of them."""

from typing import Any

import pytest
import torch
from transformers import (
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLMoeConfig,
    Qwen3VLMoeForConditionalGeneration,
)

from qvtime.frames import VideoInfo
from qvtime.model.catalogue import CONFIGS, KNOWN_MODELS, known_model, read_config
from qvtime.model.habits import habits_of
from qvtime.model.kernels import install_kernels, why_no_kernels
from qvtime.model.outline import Outline
from qvtime.model.shape import shape_of
from qvtime.ops.kernels import REFERENCE
from qvtime.settings import Settings
from qvtime.tasks.locate_plan import plan_locate
from qvtime.timeline import Span

SIZES = sorted(path.stem for path in CONFIGS.glob("*.json"))
HOUR = VideoInfo("hour.mp4", "pyav", "mp4", "h264", 1920, 1080, 3_600_000, 0, 0)


def build(size: str) -> Any:
    """The model of this size, whose tensors have shapes and no numbers."""
    config = read_config(size)
    moe = config["model_type"] == "qwen3_vl_moe"
    kind: Any = Qwen3VLMoeConfig if moe else Qwen3VLConfig
    model: Any = Qwen3VLMoeForConditionalGeneration if moe else Qwen3VLForConditionalGeneration
    with torch.device("meta"):
        return model(kind.from_dict(config))


@pytest.mark.parametrize("size", SIZES)
def test_every_size_is_built_as_it_was_published(size: str) -> None:
    model, shape = build(size), shape_of(read_config(size))
    named = dict(model.named_parameters())
    assert sum(weight.numel() for weight in named.values()) == shape.parameters
    text = model.model.language_model
    assert sum(p.numel() for p in text.layers.parameters()) == shape.text_parameters
    attention = text.layers[0].self_attn
    assert attention.k_proj.weight.shape == (shape.kv_heads * shape.head_dim, shape.hidden)
    assert attention.q_proj.weight.shape == (shape.heads * shape.head_dim, shape.hidden)
    assert len(model.model.visual.deepstack_merger_list) == shape.deepstack_levels
    # The rotation that the kernels compute: 64 frequencies, shared out as published.
    assert text.rotary_emb.mrope_section == [24, 20, 20]
    assert text.rotary_emb.inv_freq.shape == (64,)
    assert why_no_kernels(model.config, torch.bfloat16) is None
    install_kernels(model, REFERENCE)
    assert all("forward" in vars(layer.self_attn) for layer in text.layers)


@pytest.mark.parametrize(
    ("size", "billions", "kv_kib"),
    [
        ("2b", 2.13, 112),
        ("4b", 4.44, 144),
        ("8b", 8.77, 144),
        ("32b", 33.36, 256),
        ("30b-a3b", 31.07, 96),
        ("235b-a22b", 235.67, 188),
    ],
)
def test_sizes_are_those_on_record(size: str, billions: float, kv_kib: int) -> None:
    shape = shape_of(read_config(size))
    assert round(shape.parameters / 1e9, 2) == billions
    assert shape.kv_bytes_per_token() == kv_kib * 1024
    assert shape.context_tokens == 262_144


def test_a_mixture_reads_with_a_part_of_itself() -> None:
    assert 2.5e9 < shape_of(read_config("30b-a3b")).active_parameters < 3.5e9
    dense = shape_of(read_config("4b"))
    assert dense.active_parameters == dense.text_parameters


@pytest.mark.parametrize("model", KNOWN_MODELS, ids=[model.name for model in KNOWN_MODELS])
def test_every_known_model_has_a_plan(model: Any, tokenizer: Any) -> None:
    outline = Outline(model.name, habits_of(model.config, model.name), tokenizer)
    plan = plan_locate(HOUR, Span(0, HOUR.duration_ms), Settings(), outline)
    assert plan.tokens < model.shape.context_tokens
    assert plan.windows[0].span.start_ms == 0
    assert plan.windows[-1].span.end_ms == HOUR.duration_ms
    assert plan.size_px[0] % 32 == plan.size_px[1] % 32 == 0


def test_names_are_found_as_people_write_them() -> None:
    for name in ("Qwen/Qwen3-VL-4B-Instruct", "qwen3-vl-4b-instruct", "QWEN3-VL-4B-Instruct"):
        found = known_model(name)
        assert found is not None
        assert found.name == "Qwen/Qwen3-VL-4B-Instruct"
    assert known_model("8B") is None
    assert known_model("") is None


def test_int4_and_int8_leave_the_tower_and_the_embedding_alone() -> None:
    shape = shape_of(read_config("8b"))
    whole, int8, int4 = (shape.weight_bytes("bfloat16", how) for how in (None, "int8", "int4"))
    assert whole == 2 * shape.parameters
    assert int8 == shape.text_parameters + 2 * shape.other_parameters
    assert int8 > int4 > 2 * shape.other_parameters

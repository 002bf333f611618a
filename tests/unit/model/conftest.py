"""A random Qwen3-VL in miniature, on disk and in memory."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

from qvtime.model.weights import LoadedModel, load_model
from qvtime.training.tokenizer import build_tokenizer

torch.set_num_threads(1)

CORPUS = [
    f"<{tenths / 10:.1f} seconds> what happens in the video? user assistant\n"
    f"<time>{tenths / 10:.1f}</time> - <time>{tenths / 5:.1f}</time> the red circle jumps\n"
    for tenths in range(0, 4000, 7)
]


def tiny_config(tokenizer: Any, head_dim: int, mrope_section: list[int]) -> Qwen3VLConfig:
    """A config of about a million parameters around this tokenizer."""
    ids = tokenizer.convert_tokens_to_ids
    rope = {
        "rope_type": "default",
        "rope_theta": 5_000_000.0,
        "mrope_section": mrope_section,
        "mrope_interleaved": True,
    }
    return Qwen3VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": head_dim,
            "max_position_embeddings": 4096,
            "rope_parameters": rope,
            "bos_token_id": ids("<|endoftext|>"),
            "eos_token_id": ids("<|im_end|>"),
            "pad_token_id": ids("<|endoftext|>"),
        },
        vision_config={
            "depth": 4,
            "hidden_size": 48,
            "intermediate_size": 96,
            "num_heads": 4,
            "patch_size": 16,
            "temporal_patch_size": 2,
            "spatial_merge_size": 2,
            "out_hidden_size": 64,
            "num_position_embeddings": 144,
            "deepstack_visual_indexes": [0, 1, 2],
        },
        image_token_id=ids("<|image_pad|>"),
        video_token_id=ids("<|video_pad|>"),
        vision_start_token_id=ids("<|vision_start|>"),
        vision_end_token_id=ids("<|vision_end|>"),
        tie_word_embeddings=True,
    )


def tiny_model(config: Qwen3VLConfig, seed: int = 0) -> Any:
    """Random weights large enough for the logits to depend on everything that went in."""
    torch.manual_seed(seed)
    model: Any = Qwen3VLForConditionalGeneration(config)
    model.eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim >= 2:
                parameter.mul_(4.0)
    return model


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    return build_tokenizer(CORPUS)


@pytest.fixture(scope="session")
def tiny_folder(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as users have them: config, safetensors, tokenizer."""
    folder = tmp_path_factory.mktemp("tiny")
    tiny_model(tiny_config(tokenizer, 128, [24, 20, 20])).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def loaded(tiny_folder: Path) -> LoadedModel:
    return load_model(str(tiny_folder), "cpu")


@pytest.fixture(scope="session")
def stock(tokenizer: Any) -> Any:
    """The same weights as `loaded`, untouched by qvtime."""
    return tiny_model(tiny_config(tokenizer, 128, [24, 20, 20]))


Pictures = Callable[..., npt.NDArray[np.uint8]]


@pytest.fixture(scope="session")
def pictures() -> Pictures:
    """Random pictures: `pictures(count, height, width, seed=0)`."""

    def make(count: int, height: int, width: int, seed: int = 0) -> npt.NDArray[np.uint8]:
        generator = np.random.default_rng(seed)
        return generator.integers(0, 256, (count, height, width, 3), dtype=np.uint8)

    return make

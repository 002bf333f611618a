"""A random Qwen3-VL in miniature, and a few seconds of made clips with labels."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

from qvtime.model.weights import LoadedModel, load_model
from qvtime.timeline import Span
from qvtime.training.script import make_scene
from qvtime.training.tokenizer import build_tokenizer
from qvtime.training.wording import corpus
from qvtime.training.world import even_times, write_clip
from qvtime.tuning.labels import Label, LabelledVideo

torch.set_num_threads(1)

HABITS = {
    "window_patches": 4,
    "frame_pixels": 64 * 64,
    "answer_form": "",
    "when_form": "{event}",
    "dense_form": "list all events",
}


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    return build_tokenizer(corpus())


@pytest.fixture(scope="session")
def folder(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of 100,000 parameters that reads four patches of 64 x 64 px."""
    ids = tokenizer.convert_tokens_to_ids
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 3,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 16,
            "max_position_embeddings": 4096,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10_000.0,
                "mrope_section": [4, 2, 2],
                "mrope_interleaved": True,
            },
            "eos_token_id": ids("<|im_end|>"),
            "pad_token_id": ids("<|endoftext|>"),
        },
        vision_config={
            "depth": 3,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "patch_size": 16,
            "temporal_patch_size": 2,
            "spatial_merge_size": 2,
            "out_hidden_size": 32,
            "num_position_embeddings": 16,
            "deepstack_visual_indexes": [0, 1],
        },
        image_token_id=ids("<|image_pad|>"),
        video_token_id=ids("<|video_pad|>"),
        vision_start_token_id=ids("<|vision_start|>"),
        vision_end_token_id=ids("<|vision_end|>"),
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    model: Any = Qwen3VLForConditionalGeneration(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim >= 2:
                parameter.mul_(4.0)
    model.config.qvtime = HABITS
    path = tmp_path_factory.mktemp("base")
    model.half().save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


@pytest.fixture
def loaded(folder: Path) -> LoadedModel:
    return load_model(str(folder), "cpu", kernels="reference")


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four made clips of 5 s, each with its truth beside it."""
    path = tmp_path_factory.mktemp("clips")
    for number in range(4):
        generator = np.random.default_rng([9, number])
        scene = make_scene(generator, 5000, novel=True)
        write_clip(scene, even_times(5000, 12), path, f"clip-{number}", 64, 30, generator)
    return path


def video(*labels: tuple[int, int, str], name: str = "a", whole: bool = True) -> LabelledVideo:
    """A video of a minute in which this happens, from and to milliseconds."""
    found = tuple(Label(Span(start, end), caption) for start, end, caption in labels)
    return LabelledVideo(name, f"{name}.mp4", 60_000, found, whole)

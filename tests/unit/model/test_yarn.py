"""Positions stretched: as Qwen says, on every published size, and longer than the context."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Qwen3VLConfig, Qwen3VLMoeConfig
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLTextRotaryEmbedding

from qvtime.frames import FrameBatch
from qvtime.model.catalogue import CONFIGS, read_config
from qvtime.model.engine import Engine
from qvtime.model.kernels import why_no_kernels
from qvtime.model.shape import shape_of
from qvtime.model.weights import LoadedModel, load_model
from qvtime.model.yarn import FACTOR, stretch
from tests.unit.model.test_engine import batch

SIZES = sorted(path.stem for path in CONFIGS.glob("*.json"))


@pytest.mark.parametrize("size", SIZES)
def test_every_size_reads_a_million(size: str) -> None:
    config = read_config(size)
    stretched = stretch(config)
    assert shape_of(stretched).context_tokens == 1_000_000
    moe = config["model_type"] == "qwen3_vl_moe"
    kind: Any = Qwen3VLMoeConfig if moe else Qwen3VLConfig
    assert why_no_kernels(kind.from_dict(stretched), torch.bfloat16) is None
    assert stretch(stretched) == stretched
    assert read_config(size) == config, "the published one stays as it is"


def test_frequencies_are_those_of_qwen() -> None:
    """Fast ones stay, slow ones are three times slower, and attention is sharpened by 1.11."""
    texts: list[Any] = [
        Qwen3VLConfig.from_dict(config).text_config
        for config in (read_config("4b"), stretch(read_config("4b")))
    ]
    plain, wide = map(Qwen3VLTextRotaryEmbedding, texts)
    ratio = wide.inv_freq / plain.inv_freq
    assert torch.allclose(ratio[:20], torch.ones(20))
    assert torch.allclose(ratio[-8:], torch.full((8,), 1 / FACTOR))
    assert wide.attention_scaling == pytest.approx(1.1099, abs=1e-4)


def test_a_window_beyond_the_context_is_read(
    tiny_folder: Path, loaded: LoadedModel, pictures: Callable[..., Any]
) -> None:
    wide = load_model(str(tiny_folder), "cpu", yarn=True)
    assert wide.revision == f"{loaded.revision}+yarn"
    frames: FrameBatch = batch(pictures(130, 256, 256))
    centres = range(0, 65_000, 1000)
    with Engine(wide) as engine, engine.look(frames, centres) as look:
        assert look.video_tokens > 4096
        assert look.ask("what happens?", 3).token_ids

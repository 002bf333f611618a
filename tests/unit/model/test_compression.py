"""Fewer bits, and several GPUs: the same answers, nearly, in less memory; or a refusal by name."""

from importlib import util
from pathlib import Path
from typing import Any

import pytest
import torch

from qvtime.errors import ModelError
from qvtime.model import compression
from qvtime.model.compression import loading_arguments
from qvtime.model.weights import load_model
from qvtime.settings import QUANTIZATIONS, Quantization


@pytest.mark.parametrize("quantize", QUANTIZATIONS)
@pytest.mark.filterwarnings("ignore::UserWarning")  # bitsandbytes: casts, and no GPU
def test_the_decoder_shrinks_and_says_nearly_the_same(quantize: Quantization) -> None:
    whole = load_model("demo", "cpu", torch.bfloat16)
    small = load_model("demo", "cpu", torch.bfloat16, quantize=quantize)
    assert small.revision == f"{whole.revision}+{quantize}"
    kinds = {type(m).__name__ for m in small.model.model.language_model.layers.modules()}
    assert {"int8": "Linear8bitLt", "int4": "Linear4bit"}[quantize] in kinds
    assert "Linear" not in kinds
    assert {type(m).__name__ for m in small.model.model.visual.modules()} == {
        type(m).__name__ for m in whole.model.model.visual.modules()
    }
    sizes = [
        sum(
            p.numel() * p.element_size() for p in one.model.model.language_model.layers.parameters()
        )
        for one in (small, whole)
    ]
    assert sizes[0] < {"int8": 0.55, "int4": 0.3}[quantize] * sizes[1]
    ids = torch.tensor([whole.tokenizer.encode("when does the yellow square spin?")])
    with torch.inference_mode():
        said, expected = (one.model(input_ids=ids).logits.float() for one in (small, whole))
    off = (said - expected).norm() / expected.norm()
    assert 0 < off < {"int8": 0.03, "int4": 0.15}[quantize]


@pytest.mark.parametrize("missing", ["bitsandbytes", "accelerate"])
def test_a_missing_library_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        compression, "find_spec", lambda name: None if name == missing else util.find_spec(name)
    )
    with pytest.raises(ModelError, match=f"needs {missing}") as caught:
        loading_arguments({}, "m", "cpu", torch.bfloat16, "int8", False)
    assert "qvtime[quantize]" in (caught.value.hint or "")


def test_a_quantized_checkpoint_is_not_quantized_again() -> None:
    config: dict[str, Any] = {"quantization_config": {"quant_method": "fp8"}}
    with pytest.raises(ModelError, match="quantized already"):
        loading_arguments(config, "m", "cpu", torch.bfloat16, "int8", False)
    assert loading_arguments(config, "m", "cuda:1", torch.bfloat16, None, False) == {
        "device_map": {"": "cuda:1"}
    }


def test_several_gpus_are_asked_for_where_there_are_not() -> None:
    if torch.cuda.device_count() > 1:
        pytest.skip("there are several GPUs")
    with pytest.raises(ModelError, match="several GPUs"):
        loading_arguments({}, "m", "auto", torch.bfloat16, None, True)


def test_nothing_special_needs_no_library(tiny_folder: Path) -> None:
    assert loading_arguments({}, "m", "cpu", torch.float32, None, False) == {}

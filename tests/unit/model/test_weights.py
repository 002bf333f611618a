"""Loading: both kinds of Qwen3-VL, and everything that can be wrong with a checkpoint."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import Qwen3VLMoeConfig, Qwen3VLMoeForConditionalGeneration

from qvtime.errors import ModelError, OutOfMemory
from qvtime.frames import FrameBatch
from qvtime.model import weights
from qvtime.model.engine import Engine
from qvtime.model.memory import out_of_memory_is
from qvtime.model.weights import LoadedModel, choose_device, load_model, usual_dtype
from qvtime.ops.kernels import REFERENCE


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "copy"))


def test_a_small_model_is_loaded_whole_in_float32(
    loaded: LoadedModel, stock: Any, tiny_folder: Path
) -> None:
    assert loaded.name == str(tiny_folder)
    assert loaded.revision.startswith("sha256:")
    assert (loaded.device, loaded.dtype) == (choose_device("auto"), torch.float32)
    assert not loaded.model.training
    expected = stock.state_dict()
    for name, tensor in loaded.model.state_dict().items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor.cpu(), expected[name])


def test_a_large_model_runs_in_bfloat16(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, pictures: Any
) -> None:
    monkeypatch.setattr(weights, "SMALL_BYTES", 0)
    monkeypatch.setattr(weights, "multiplies_bfloat16", lambda _: True)
    large = load_model(str(tiny_folder), "cpu")
    assert {parameter.dtype for parameter in large.model.parameters()} == {torch.bfloat16}
    assert answer(large, pictures)


def test_where_bfloat16_is_slow_a_large_model_runs_in_float32_if_that_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size_bytes = 4 << 30
    monkeypatch.setattr(weights, "multiplies_bfloat16", lambda device: device != "cpu")
    for free_bytes, chosen in (
        (12 << 30, torch.float32),
        ((12 << 30) - 1, torch.bfloat16),
        (None, torch.float32),
    ):
        assert usual_dtype(size_bytes, "cpu", free_bytes) == chosen
        assert usual_dtype(size_bytes, "cuda:1", free_bytes) == torch.bfloat16
    assert usual_dtype(512 << 20, "cuda", None) == torch.float32


def test_the_mixture_of_experts_works_the_same_way(
    tokenizer: Any, loaded: LoadedModel, tmp_path: Path, pictures: Any
) -> None:
    config = json.loads(loaded.model.config.to_json_string())
    config.pop("model_type")
    config["text_config"] |= {
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 32,
    }
    for part in ("text_config", "vision_config"):
        config[part].pop("model_type")
    torch.manual_seed(0)
    model = Qwen3VLMoeForConditionalGeneration(Qwen3VLMoeConfig(**config))
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    mixture = load_model(str(tmp_path), "cpu")
    assert type(mixture.model).__name__ == "Qwen3VLMoeForConditionalGeneration"
    assert mixture.kernels is REFERENCE
    for layer in mixture.model.model.language_model.layers:
        assert "forward" in vars(layer.self_attn)  # the class's own is left alone
    assert answer(mixture, pictures)


def answer(loaded: LoadedModel, pictures: Any) -> tuple[int, ...]:
    pixels = pictures(2, 32, 64)
    times = torch.arange(2).numpy() * 250
    frames = FrameBatch(pixels, times, times)
    with Engine(loaded) as engine, engine.look(frames, [0]) as look:
        return look.ask("what happens?", 4).token_ids


def test_weights_cut_short_are_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(str(folder), "cpu")


def test_a_machine_that_hides_its_processor_is_not_taken_for_damage(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_proc(*_: object, **__: object) -> None:
        raise RuntimeError("Failed to initialize cpuinfo!")  # torch's words without /proc

    monkeypatch.setattr(weights._CLASSES["qwen3_vl"], "from_pretrained", without_proc)
    with pytest.raises(ModelError, match="cannot work on this machine") as caught:
        load_model(str(folder), "cpu")
    assert "/proc/cpuinfo" in str(caught.value.hint)
    assert "etch" not in str(caught.value.hint)


def test_a_missing_tensor_is_named_and_never_made_up(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    gone = "model.visual.blocks.1.attn.qkv.weight"
    tensors.pop(gone)
    save_file(tensors, path, {"format": "pt"})
    with pytest.raises(ModelError, match=gone):
        load_model(str(folder), "cpu")


def test_a_tensor_of_another_shape_is_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors["model.visual.pos_embed.weight"] = torch.zeros(4, 48)
    save_file(tensors, path, {"format": "pt"})
    with pytest.raises(ModelError, match=r"pos_embed\.weight is missing or has another shape"):
        load_model(str(folder), "cpu")


def test_the_tokenizer_of_another_model_is_refused(folder: Path) -> None:
    path = folder / "tokenizer.json"
    path.write_text(path.read_text().replace("<|video_pad|>", "<|film_pad|>"))
    with pytest.raises(ModelError, match="tokenizer"):
        load_model(str(folder), "cpu")


def test_a_broken_tokenizer_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match="tokenizer"):
        load_model(str(folder), "cpu")


@pytest.mark.parametrize("device", ["gpu", "cpu:1", "cuda:99", "cuda:x", "", "meta"])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    with pytest.raises(ModelError, match="no"):
        choose_device(device)


def test_a_machine_too_small_for_the_weights_says_so(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(torch.nn.Module, "to", fail)
    with pytest.raises(OutOfMemory, match="not enough memory on cpu"):
        load_model(str(tiny_folder), "cpu")


def test_torch_out_of_memory_is_ours_and_other_errors_are_not() -> None:
    with pytest.raises(OutOfMemory, match="planted"), out_of_memory_is("planted", "hint"):
        torch.empty(1 << 60)
    with pytest.raises(OutOfMemory), out_of_memory_is("planted", "hint"):
        raise torch.OutOfMemoryError
    with pytest.raises(RuntimeError, match="shape"), out_of_memory_is("planted", "hint"):
        torch.zeros(2).view(3)

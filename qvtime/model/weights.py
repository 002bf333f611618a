"""A Qwen3-VL in memory: its weights, its tokenizer, and where both came from."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import (
    AutoTokenizer,
    Qwen3VLForConditionalGeneration,
    Qwen3VLMoeForConditionalGeneration,
)
from transformers.utils import logging

from qvtime.errors import ModelError
from qvtime.model.hub import FoundModel, find_model
from qvtime.model.memory import out_of_memory_is
from qvtime.model.prompt import ControlIds, control_ids
from qvtime.model.vision import speed_up_vision

SMALL_BYTES = 512 << 20
"""Checkpoints up to this size run in float32, where rounding never decides; others in bfloat16."""

_CLASSES: dict[str, Any] = {
    "qwen3_vl": Qwen3VLForConditionalGeneration,
    "qwen3_vl_moe": Qwen3VLMoeForConditionalGeneration,
}


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model ready to run. `revision` is the hub's commit or a digest of the files."""

    model: Any
    tokenizer: Any
    control: ControlIds
    name: str
    revision: str
    device: str
    dtype: torch.dtype


def load_model(
    name_or_folder: str, device: str = "auto", dtype: torch.dtype | None = None
) -> LoadedModel:
    """The model of that name (`demo`, a folder, owner/name), on `device` (`auto`, `cpu`, `cuda…`).

    `auto` is CUDA when there is one. Raises ModelNotFound, UnsafeModel, OutOfMemory, or ModelError
    for a model that cannot be used.
    """
    place = choose_device(device)
    found = find_model(name_or_folder)
    chosen = dtype or (
        torch.float32 if found.checkpoint.size_bytes <= SMALL_BYTES else torch.bfloat16
    )
    with out_of_memory_is(
        f"There is not enough memory on {place} for {found.name} "
        f"({found.checkpoint.size_bytes / 1e9:.1f} GB of weights).",
        "Use a smaller model, or `--model demo`.",
    ):
        model = _read_weights(found, chosen).to(place)
    speed_up_vision(model)
    tokenizer = _read_tokenizer(found)
    control = _check_control(model, tokenizer, found.name)
    return LoadedModel(model, tokenizer, control, found.name, found.revision, place, chosen)


def choose_device(device: str) -> str:
    """The device to run on. Raises ModelError for one that this machine does not have."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, number = device.partition(":")
    if kind == "cpu" and not number:
        return device
    if kind == "cuda" and (not number or number.isdecimal()):
        if torch.cuda.is_available() and int(number or 0) < torch.cuda.device_count():
            return device
        raise ModelError(f"This machine has no {device}.", "Use `--device auto` or `--device cpu`.")
    raise ModelError(f"There is no device {device!r}.", "Use auto, cpu, cuda or cuda:N.")


def _read_weights(found: FoundModel, dtype: torch.dtype) -> Any:
    kind = _CLASSES[found.checkpoint.config["model_type"]]
    try:
        with _no_progress_bars():
            model, report = kind.from_pretrained(
                found.checkpoint.folder,
                dtype=dtype,
                attn_implementation="sdpa",
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
            )
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            f"The weights of {found.name} cannot be read: {_one_line(error)}", "Fetch them again."
        ) from error
    # transformers fills what is missing with random numbers.
    missing = sorted(report["missing_keys"])
    if missing or report["mismatched_keys"]:
        raise ModelError(
            f"The weights of {found.name} are not whole ({missing[0] if missing else 'shapes'}).",
            "Fetch them again.",
        )
    return model.eval().requires_grad_(False)


def _read_tokenizer(found: FoundModel) -> Any:
    try:
        return AutoTokenizer.from_pretrained(
            found.checkpoint.folder, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # tokenizers raises bare Exception
        raise ModelError(
            f"The tokenizer of {found.name} cannot be read: {_one_line(error)}",
            "Fetch it again.",
        ) from error


def _check_control(model: Any, tokenizer: Any, name: str) -> ControlIds:
    """The control ids, on which model and tokenizer must agree."""
    control = control_ids(tokenizer)
    # Looking up a token that is not there gives None or the unknown token's id, which in some
    # copies of Qwen's tokenizer is that of the end of text.
    ids: set[Any] = {*astuple(control)} - {control.end_of_text}
    whole = len(ids) == len(astuple(control)) - 1 and None not in ids
    if not whole or control.video_pad != model.config.video_token_id:
        raise ModelError(
            f"The tokenizer of {name} is not the one of its weights.",
            "Use the tokenizer that came with the model.",
        )
    return control


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    bars: Any = logging
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__

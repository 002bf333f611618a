"""A Qwen3-VL in memory: its weights, its tokenizer, and where both came from."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from typing import Any, cast

import torch
from transformers import (
    AutoTokenizer,
    Qwen3VLForConditionalGeneration,
    Qwen3VLMoeForConditionalGeneration,
)
from transformers.utils import logging

from qvtime.errors import ModelError
from qvtime.model.compression import loading_arguments
from qvtime.model.habits import Habits, habits_of
from qvtime.model.hub import FoundModel, find_model
from qvtime.model.kernels import install_kernels, why_no_kernels
from qvtime.model.layout import lay_out
from qvtime.model.machine import free_memory, multiplies_bfloat16
from qvtime.model.memory import is_out_of_memory, out_of_memory_is
from qvtime.model.prompt import ControlIds, control_ids
from qvtime.model.yarn import stretched_config
from qvtime.ops.kernels import REFERENCE, Kernels, choose_kernels
from qvtime.settings import DtypeName, KernelMode, Quantization

SMALL_BYTES = 512 << 20
"""Checkpoints up to this size run in float32, where rounding never decides; others in bfloat16,
or in float32 too where bfloat16 is slow and there is this much free for each byte of them."""
ROOM_FOR_FLOAT32 = 3

_CLASSES: dict[str, Any] = {
    "qwen3_vl": Qwen3VLForConditionalGeneration,
    "qwen3_vl_moe": Qwen3VLMoeForConditionalGeneration,
}


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model ready to run. `revision` is the hub's commit or a digest of the files, and how they
    were quantized; `habits` say how it wants to be asked; `kernels` is what runs the operations of
    qvtime.ops."""

    model: Any
    tokenizer: Any
    control: ControlIds
    name: str
    revision: str
    device: str
    dtype: torch.dtype
    habits: Habits = field(default_factory=Habits)
    kernels: Kernels = REFERENCE


def load_model(
    name_or_folder: str,
    device: str = "auto",
    dtype: torch.dtype | None = None,
    kernels: KernelMode = "auto",
    quantize: Quantization | None = None,
    spread: bool = False,
    yarn: bool = False,
    to_learn: bool = False,
) -> LoadedModel:
    """The model of that name (`demo`, a folder, owner/name), on `device` (`auto`, `cpu`, `cuda…`).

    `auto` is CUDA when there is one; quantize: the decoder's weights in fewer bits; spread: over
    all GPUs (qvtime.model.compression); yarn: positions stretched (qvtime.model.yarn); to_learn:
    weights lie as they are stored, not as they are read fastest (qvtime.model.layout); `kernels`
    as in `ops.kernels.choose_kernels`. Raises ModelNotFound, UnsafeModel, OutOfMemory, or
    ModelError for a model that cannot be used and for kernels that cannot.
    """
    place = choose_device(device)
    choose_kernels(kernels, place)  # fails before gigabytes are read
    found = find_model(name_or_folder)
    habits = habits_of(found.checkpoint.config, found.name)
    chosen = dtype or usual_dtype(found.checkpoint.size_bytes, place, free_memory(place))
    more: dict[str, Any] = {"config": stretched_config(found)} if yarn else {}
    more |= loading_arguments(found.checkpoint.config, found.name, place, chosen, quantize, spread)
    with out_of_memory_is(
        f"There is not enough memory on {place} for {found.name} "
        f"({found.checkpoint.size_bytes / 1e9:.1f} GB of weights).",
        "Use a smaller model, --quantize int4, or `--model demo`.",
    ):
        model = _read_weights(found, chosen, place, more)
    running = choose_kernels(kernels, place, why_no_kernels(model.config, chosen))
    install_kernels(model, running)
    if not to_learn:
        lay_out(model)
    tokenizer = read_tokenizer(found)
    control = _check_control(model, tokenizer, found.name)
    revision = "+".join([found.revision, *([quantize] if quantize else []), *(["yarn"] * yarn)])
    return LoadedModel(
        model, tokenizer, control, found.name, revision, place, chosen, habits, running
    )


def dtype_named(name: DtypeName) -> torch.dtype | None:
    """torch's dtype of that name; None for "auto"."""
    return None if name == "auto" else cast(torch.dtype, getattr(torch, name))


def usual_dtype(size_bytes: int, device: str, free_bytes: int | None) -> torch.dtype:
    """What a checkpoint of this size runs in on a device with so much free (None: nobody knows)
    where nothing else is asked for."""
    if size_bytes <= SMALL_BYTES:
        return torch.float32
    if multiplies_bfloat16(device):
        return torch.bfloat16
    roomy = free_bytes is None or free_bytes >= ROOM_FOR_FLOAT32 * size_bytes
    return torch.float32 if roomy else torch.bfloat16


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


def _read_weights(found: FoundModel, dtype: torch.dtype, place: str, more: dict[str, Any]) -> Any:
    kind = _CLASSES[found.checkpoint.config["model_type"]]
    with _readable(f"The weights of {found.name}"), quiet_library():
        model, report = kind.from_pretrained(
            found.checkpoint.folder,
            dtype=dtype,
            attn_implementation="sdpa",
            use_safetensors=True,
            local_files_only=True,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            **more,
        )
    # transformers fills with random numbers what is missing or has another shape.
    wrong = sorted({str(key) for key in report["missing_keys"]})
    wrong += sorted(str(key[0]) for key in report["mismatched_keys"])
    if wrong:
        raise ModelError(
            f"The weights of {found.name} are not whole: {wrong[0]} is missing or has another "
            "shape than its config says.",
            "Fetch them again.",
        )
    model = model.eval().requires_grad_(False)
    return model if "device_map" in more else model.to(place)  # the map has put it in its place


def read_tokenizer(found: FoundModel) -> Any:
    """The tokenizer of a checkpoint. Raises ModelError when it cannot be read."""
    with _readable(f"The tokenizer of {found.name}"), quiet_library():
        return AutoTokenizer.from_pretrained(
            found.checkpoint.folder, local_files_only=True, trust_remote_code=False
        )


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
def _readable(what: str) -> Iterator[None]:
    """Whatever a damaged or hostile checkpoint makes the libraries raise is one ModelError."""
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            raise
        said = " ".join(str(error).split())[:200] or type(error).__name__
        if isinstance(error, RuntimeError) and "initialize cpuinfo" in said:
            # torch asks what the processor can do when it first changes a tensor's type.
            raise ModelError(
                f"torch cannot work on this machine: {said}",
                "It reads /proc/cpuinfo, which has to be readable.",
            ) from error
        raise ModelError(f"{what} cannot be read: {said}", "Fetch the model again.") from error


@contextmanager
def quiet_library() -> Iterator[None]:
    """No progress bars and warnings of transformers: what is wrong is said by our own errors."""
    said: Any = logging
    bars, verbosity = said.is_progress_bar_enabled(), said.get_verbosity()
    said.disable_progress_bar()
    said.set_verbosity_error()
    try:
        yield
    finally:
        said.set_verbosity(verbosity)
        if bars:
            said.enable_progress_bar()

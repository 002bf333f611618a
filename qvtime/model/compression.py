"""Weights in fewer bits, and weights on several GPUs: what of it this machine can do.

bitsandbytes does the first (LLM.int8() and NF4: the one library that runs both on GPUs and on the
CPU), accelerate the second. The vision tower, the embedding and the head stay as they are: they
are a small part of the weights, and what they get wrong nothing later can mend.
"""

import importlib
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import Any, cast

import torch

from qvtime.errors import ModelError
from qvtime.settings import Quantization

KEPT_WHOLE = ["model.visual", "lm_head"]


def loading_arguments(
    config: Mapping[str, Any],
    name: str,
    place: str,
    dtype: torch.dtype,
    quantize: Quantization | None,
    spread: bool,
) -> dict[str, Any]:
    """What `from_pretrained` has to be told; nothing for whole weights on one device.

    config: the checkpoint's. Raises ModelError for what this machine or this checkpoint cannot do.
    """
    own = config.get("quantization_config")
    if own is not None and quantize is not None:
        raise ModelError(
            f"{name} is quantized already, and cannot be once more.", "Leave --quantize away."
        )
    if quantize is not None:
        _need("bitsandbytes", f"--quantize {quantize}")
    if quantize is not None or own is not None or spread:
        _need("accelerate", "--device-map" if spread else f"a quantized {name}")
    arguments: dict[str, Any] = {}
    if spread:
        gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if gpus < 2:
            raise ModelError(
                "--device-map auto spreads a model over several GPUs, and this machine has"
                f" {gpus}.",
                "Leave it away; --quantize int4 needs less memory.",
            )
        arguments["device_map"] = "auto"
    elif quantize is not None or own is not None:
        arguments["device_map"] = {"": place}
    if quantize is not None:
        arguments["quantization_config"] = _bits_and_bytes(quantize, dtype)
    return arguments


def _bits_and_bytes(quantize: Quantization, dtype: torch.dtype) -> Any:
    import transformers

    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it tells of every cast
    with _no_code_of_the_hub():
        importlib.import_module("bitsandbytes")
    make: Any = transformers.BitsAndBytesConfig
    if quantize == "int8":
        return make(load_in_8bit=True, llm_int8_skip_modules=KEPT_WHOLE)
    return make(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=KEPT_WHOLE,
    )


@contextmanager
def _no_code_of_the_hub() -> Iterator[None]:
    """Where the package `kernels` is installed, bitsandbytes fetches code with it, and runs it."""
    name = "kernels"
    held = sys.modules.get(name)
    sys.modules[name] = cast(ModuleType, None)  # importing it fails, which bitsandbytes expects
    try:
        yield
    finally:
        del sys.modules[name]
        if held is not None:
            sys.modules[name] = held


def _need(package: str, what: str) -> None:
    if find_spec(package) is None:
        raise ModelError(
            f"{what} needs {package}, which is not installed.", "pip install 'qvtime[quantize]'"
        )

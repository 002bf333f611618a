"""Whether a folder of weights may be loaded: the check that runs before any library opens it.

A checkpoint is untrusted. It may hold safetensors and JSON, and be a Qwen3-VL; nothing in it may
name code, and no file outside the folder is read because of it.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qvtime.errors import ModelError, ModelNotFound, UnsafeModel
from qvtime.settings import DEMO_MODEL, Settings

DEMO_FOLDER = Path(__file__).parents[1] / "data" / "demo"
MODEL_TYPES = ("qwen3_vl", "qwen3_vl_moe")
VISION_SHAPE = {"patch_size": 16, "temporal_patch_size": 2, "spatial_merge_size": 2}
WEIGHTS, WEIGHTS_INDEX = "model.safetensors", "model.safetensors.index.json"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
CONFIGS = ("config.json", "generation_config.json", "tokenizer_config.json")
JSON_BYTES = 64 << 20

# `auto_map` names Python files. The `…_internal` keys set private state of transformers, which
# can make it fetch a kernel (CVE-2026-4372).
_CODE_KEY = re.compile(r"auto_map|custom_pipelines|_.*_internal")
_KERNEL_KEY = re.compile(r"_?(attn|experts)_implementation")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder that passed the check: its config, and its weight files in order of name."""

    folder: Path
    config: dict[str, Any]
    weights: tuple[Path, ...]

    @property
    def size_bytes(self) -> int:
        """The size of all weights."""
        return sum(path.stat().st_size for path in self.weights)

    def digest(self) -> str:
        """`sha256:…` of the config and the weights: every byte of small files, samples of large."""
        digest = hashlib.sha256((self.folder / "config.json").read_bytes())
        for path in self.weights:
            _digest_file(digest, path)
        return f"sha256:{digest.hexdigest()}"


def identity(settings: Settings) -> str:
    """What tells a model from others in what is kept: of a folder, however it is spelled, a digest;
    of the demo, whose weights come with qvtime, that too; of one on the hub or a server its name.

    Raises as `check_checkpoint` does.
    """
    name = settings.model
    if settings.server is not None:
        return name
    is_demo = name == DEMO_MODEL
    folder = DEMO_FOLDER if is_demo else Path(name)
    if not folder.is_dir():
        return name
    digest = check_checkpoint(folder, name).digest()
    return f"{name} {digest}" if is_demo else digest


def check_checkpoint(folder: Path, name: str) -> Checkpoint:
    """The checkpoint in `folder`, which the user calls `name`.

    Raises ModelNotFound when something is missing, UnsafeModel when loading it could run code,
    ModelError when it is another kind of model.
    """
    config = check_config(folder, name)
    for other in CONFIGS[1:]:
        if (folder / other).is_file():
            _refuse_code(read_json(folder / other, name), f"{name}: {other}")
    if (folder / "adapter_config.json").exists():
        raise ModelError(
            f"{name} is an adapter, not a whole model.",
            "Merge it into its base model and save that.",
        )
    if not (folder / "tokenizer.json").is_file():
        raise ModelNotFound(f"{name} has no tokenizer.json.", _WHAT_IS_NEEDED)
    return Checkpoint(folder, config, _weights(folder, name))


def check_config(folder: Path, name: str) -> dict[str, Any]:
    """The folder's config.json, which must be a Qwen3-VL's and name no code."""
    path = folder / "config.json"
    if not path.is_file():
        raise ModelNotFound(f"{name} has no config.json.", _WHAT_IS_NEEDED)
    config = read_json(path, name)
    _refuse_code(config, f"{name}: config.json")
    kind = config.get("model_type")
    if kind not in MODEL_TYPES:
        raise ModelError(
            f"{name} is a model of another kind ({str(kind)[:60]!r}, not Qwen3-VL).",
            "Name a Qwen3-VL model, a fine-tune of one, or `--model demo`.",
        )
    vision = config.get("vision_config")
    shape = vision if isinstance(vision, dict) else {}
    for key, expected in VISION_SHAPE.items():
        if shape.get(key, expected) != expected:
            raise ModelError(f"{name} cuts pictures in its own way ({key} is not {expected}).")
    return config


def read_json(path: Path, name: str) -> dict[str, Any]:
    """A JSON object of at most 64 MiB; ModelError when it is anything else."""
    try:
        if path.stat().st_size > JSON_BYTES:
            raise ModelError(f"{name}: {path.name} is too large to be true.")
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{name}: {path.name} cannot be read.", _AGAIN) from error
    if not isinstance(value, dict):
        raise ModelError(f"{name}: {path.name} is not a JSON object.", _AGAIN)
    return value


_WHAT_IS_NEEDED = (
    "A model's folder holds config.json, tokenizer.json and *.safetensors; `--model demo` works "
    "without any."
)
_AGAIN = "Fetch the model again, or use `--model demo`."


def _refuse_code(value: Any, where: str) -> None:
    if isinstance(value, dict):
        for key, held in value.items():
            named_kernel = _KERNEL_KEY.fullmatch(key) and isinstance(held, str) and "/" in held
            if _CODE_KEY.fullmatch(key) or named_kernel:
                raise UnsafeModel(
                    f"{where} names code to run ({key[:60]}), and qvtime runs no model's code.",
                    "Use a model without it.",
                )
            _refuse_code(held, where)
    elif isinstance(value, list):
        for held in value:
            _refuse_code(held, where)


def _weights(folder: Path, name: str) -> tuple[Path, ...]:
    if (folder / WEIGHTS_INDEX).is_file():
        files = _indexed(folder / WEIGHTS_INDEX, name)
    else:
        files = [WEIGHTS]
    missing = [file for file in files if not (folder / file).is_file()]
    if not missing:
        return tuple(folder / file for file in files)
    if any(True for pattern in PICKLES for _ in folder.glob(pattern)):
        raise UnsafeModel(
            f"{name} has weights only in a format that can run code when it is read.",
            "Use a model saved as safetensors.",
        )
    raise ModelNotFound(f"{name} has no {missing[0]}.", _WHAT_IS_NEEDED)


def _indexed(path: Path, name: str) -> list[str]:
    placed = read_json(path, name).get("weight_map")
    files = list(placed.values()) if isinstance(placed, dict) else []
    if not files:
        raise ModelError(f"{name}: {path.name} lists no weights.", _AGAIN)
    for file in files:
        if not isinstance(file, str) or not _PLAIN_NAME.fullmatch(file):
            raise UnsafeModel(
                f"{name}: {path.name} points outside the model's folder ({str(file)[:60]!r}).",
                "Use another copy of the model.",
            )
    return sorted(set(files))


def _digest_file(digest: Any, path: Path, samples: int = 256, sample_bytes: int = 1 << 20) -> None:
    """Adds a file; of one larger than all samples together, evenly spaced samples and its size."""
    size = path.stat().st_size
    digest.update(size.to_bytes(8, "big"))
    with path.open("rb") as file:
        if size <= samples * sample_bytes:
            while block := file.read(sample_bytes):
                digest.update(block)
            return
        for sample in range(samples):
            file.seek(sample * (size - sample_bytes) // (samples - 1))
            digest.update(file.read(sample_bytes))

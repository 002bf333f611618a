"""Where a model's name leads: the demo inside the package, a folder, or a copy from the hub.

A copy that is already on this machine is used without asking the network. Only safetensors, JSON
and text are ever fetched, and the config is checked before the weights are.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
import huggingface_hub.errors
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)
from huggingface_hub.utils.tqdm import disable_progress_bars

from qvtime.errors import ModelNotFound
from qvtime.model.checkpoint import Checkpoint, check_checkpoint, check_config
from qvtime.settings import DEMO_MODEL

DEMO_FOLDER = Path(__file__).parents[1] / "data" / "demo"
PATTERNS = ["*.safetensors", "*.json", "*.txt"]
REACH_SECONDS = 5.0

# Of the HTTP library, which differs between versions of huggingface_hub.
_HTTP_ERROR: type[Exception] = huggingface_hub.errors.HTTPError  # type: ignore[attr-defined]
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A checkpoint, the name the user gave it, and its revision.

    The revision is the hub's commit, or a digest of the files.
    """

    checkpoint: Checkpoint
    name: str
    revision: str


def find_model(name: str) -> FoundModel:
    """The model that `name` (`demo`, a folder, or owner/name on the hub) stands for, checked.

    Raises ModelNotFound, UnsafeModel or ModelError (see qvtime.model.checkpoint).
    """
    if name == DEMO_MODEL:
        if not (DEMO_FOLDER / "config.json").is_file():
            raise ModelNotFound(
                "The demo model is missing from this installation of qvtime.",
                "Install qvtime again.",
            )
        return _in_folder(DEMO_FOLDER, name)
    if name and Path(name).is_dir():
        return _in_folder(Path(name), name)
    if not _HUB_NAME.fullmatch(name):
        raise ModelNotFound(
            f"There is no model {name!r}: no such folder, and not a name on the hub.",
            "Give a folder, a name like Qwen/Qwen3-VL-4B-Instruct, or `--model demo`.",
        )
    return _cached(name) or _fetched(name)


def _in_folder(folder: Path, name: str) -> FoundModel:
    checkpoint = check_checkpoint(folder, name)
    return FoundModel(checkpoint, name, checkpoint.digest())


def _cached(name: str) -> FoundModel | None:
    """The copy on this machine, or None when it is not there or not whole."""
    try:
        folder = _snapshot(name, local_files_only=True)
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    try:
        return FoundModel(check_checkpoint(folder, name), name, folder.name)
    except ModelNotFound:
        return None


def _snapshot(name: str, local_files_only: bool) -> Path:
    return Path(
        huggingface_hub.snapshot_download(
            name,
            allow_patterns=PATTERNS,
            ignore_patterns=["*/*"],
            local_files_only=local_files_only,
        )
    )


def _fetched(name: str) -> FoundModel:
    """A copy of the hub's current revision, fetched now."""
    try:
        # One short question first: the downloads below would try for a long time.
        huggingface_hub.HfApi().model_info(name, timeout=REACH_SECONDS)
        config = huggingface_hub.hf_hub_download(name, "config.json")
        check_config(Path(config).parent, name)
        if not sys.stderr.isatty():
            disable_progress_bars()
        folder = _snapshot(name, local_files_only=False)
    except GatedRepoError as error:
        raise ModelNotFound(
            f"The model {name} is on the hub, but not open to you.",
            f"Accept its terms at https://huggingface.co/{name}, then run `hf auth login`.",
        ) from error
    except EntryNotFoundError as error:
        raise ModelNotFound(
            f"{name} on the hub has no config.json, so it is not a model qvtime can run.",
            "Check its name, or use `--model demo`.",
        ) from error
    except RepositoryNotFoundError as error:
        raise ModelNotFound(
            f"There is no model {name} on this machine or on the hub.",
            "Check its name, or use `--model demo`.",
        ) from error
    except (OSError, _HTTP_ERROR) as error:
        raise ModelNotFound(
            f"The model {name} is not on this machine and the hub cannot be reached.",
            f"Run `hf download {name}` where there is a network, give `--model` a folder with "
            "its files, or try the small model that comes with qvtime: `--model demo`.",
        ) from error
    return FoundModel(check_checkpoint(folder, name), name, folder.name)

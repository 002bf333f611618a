"""Where a model's name leads: the demo inside the package, a folder, or a copy from the hub.

A copy that is already on this machine is used without asking the network. Only safetensors, JSON
and text are ever fetched, and the config is checked before the weights are.
"""

import re
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import huggingface_hub
import huggingface_hub.constants
import huggingface_hub.errors
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)
from huggingface_hub.utils.tqdm import disable_progress_bars

from qvtime.errors import ModelError, ModelNotFound
from qvtime.model.checkpoint import DEMO_FOLDER, Checkpoint, check_checkpoint, check_config
from qvtime.settings import DEMO_MODEL

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
    return find_copy(name) or fetch_model(name)


def _in_folder(folder: Path, name: str) -> FoundModel:
    checkpoint = check_checkpoint(folder, name)
    return FoundModel(checkpoint, name, checkpoint.digest())


def is_begun(name: str) -> bool:
    """Whether some of a model's files are on this machine, though not all of them."""
    return any(_cache_of(name).glob("snapshots/*/*")) and find_copy(name) is None


def _cache_of(name: str) -> Path:
    """Where the hub's client keeps a model."""
    return Path(huggingface_hub.constants.HF_HUB_CACHE) / f"models--{name.replace('/', '--')}"


def find_copy(name: str) -> FoundModel | None:
    """The copy of a model of the hub on this machine, or None when it is not there or not whole.

    Raises UnsafeModel or ModelError for a copy that may not be used.
    """
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


def fetch_model(name: str, quiet: bool = False) -> FoundModel:
    """A copy of the hub's current revision, fetched now; files that are here stay.

    A connection that drops is taken up where it was, and a later run keeps the files that an
    earlier one brought here whole. Progress is drawn on a terminal,
    unless `quiet`. Raises as `find_model` does, and ModelError where the disk is too small.
    """
    reached = False
    try:
        # One short question first: the downloads below would try for a long time.
        info = huggingface_hub.HfApi().model_info(name, timeout=REACH_SECONDS, files_metadata=True)
        reached = True
        _check_room(name, info.siblings or ())
        config = huggingface_hub.hf_hub_download(name, "config.json")
        check_config(Path(config).parent, name)
        if quiet or sys.stderr is None or not sys.stderr.isatty():
            disable_progress_bars()
        folder = _snapshot(name, local_files_only=False)
    except HFValidationError:
        raise ModelNotFound(
            f"There is no model {name!r}: that is not a name on the hub.",
            "Give a name like Qwen/Qwen3-VL-4B-Instruct.",
        ) from None
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
        if reached:
            raise ModelNotFound(
                f"The download of {name} broke off: {' '.join(str(error).split())[:200]}",
                f"Run `qvtime models get {name}` again: it keeps the files that are whole.",
            ) from error
        raise ModelNotFound(
            f"The model {name} is not on this machine and the hub cannot be reached.",
            f"Run `qvtime models get {name}` where there is a network, give `--model` a folder "
            "with its files, or try the small model that comes with qvtime: `--model demo`.",
        ) from error
    return FoundModel(check_checkpoint(folder, name), name, folder.name)


def _check_room(name: str, files: Iterable[Any]) -> None:
    """ModelError when the weights are larger than the disk that they go to has room for."""
    wanted = sum(file.size or 0 for file in files if fnmatchcase(str(file.rfilename), PATTERNS[0]))
    folder = _cache_of(name)
    there = next(place for place in folder.absolute().parents if place.exists())
    free = shutil.disk_usage(there).free
    here = sum(file.stat().st_size for file in folder.glob("blobs/*"))
    if wanted > free + here:
        raise ModelError(
            f"{name} is {wanted / 1e9:.1f} GB, and {there} has room for {free / 1e9:.1f} GB.",
            "Make room, or set HF_HOME to a folder on a larger disk.",
        )

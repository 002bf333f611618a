"""What was learned as a model folder that `qvtime --model DIR` loads."""

import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from qvtime.errors import OutputError, cause_of
from qvtime.model.habits import Habits
from qvtime.model.weights import quiet_library
from qvtime.tuning.adapters import merge_adapters
from qvtime.tuning.pupil import Pupil


def export(pupil: Pupil, folder: Path) -> None:
    """Write config, weights and tokenizer, with how the model wants to be asked.

    Adapters become part of the weights; the pupil learns no more after this. Weights are in the
    dtype of the files that they came from. Everything is written beside its place, then moved
    there, config.json last: a folder without it is no model. OutputError when it cannot be.
    """
    model = pupil.model if pupil.adapted is None else merge_adapters(pupil.adapted)
    model.config.qvtime = _written(pupil.loaded.habits)
    new = None
    try:
        new = Path(tempfile.mkdtemp(dir=folder, prefix=".new-"))
        with quiet_library():
            model.to(pupil.stored_dtype).save_pretrained(new)
            pupil.loaded.tokenizer.save_pretrained(new)
        mode = (new / "config.json").stat().st_mode  # as the umask has it; weights come as 0600
        for file in sorted(new.iterdir(), key=lambda one: one.name == "config.json"):
            file.chmod(mode)
            file.replace(folder / file.name)
    except OSError as error:
        raise OutputError(
            f"cannot write the model into {folder}: {cause_of(error)}",
            "free some space, then --resume",
        ) from error
    finally:
        if new is not None:
            shutil.rmtree(new, ignore_errors=True)


def _written(habits: Habits) -> dict[str, Any]:
    """The habits as config.json has them: a window there is the longest that was taught.

    A family's own default is no such limit, and is left out.
    """
    written = asdict(habits)
    if written.pop("taught_patches") is None:
        del written["window_patches"]
    return written

"""Opening the model of a run, and what has to be said about it once."""

from typing import Any

from qvtime.cli.streams import say
from qvtime.settings import Settings


def open_model(settings: Settings, quiet: bool) -> Any:
    """The engine of these settings (a class that this room does not know).

    Says why a GPU goes without its kernels. Raises ModelError.
    """
    from qvtime.tasks.looking import open_engine

    engine = open_engine(settings)
    note = engine.loaded.kernels.note
    if note is not None and not quiet:
        say(f"the CUDA kernels are not used: {note}", "choose --kernels reference to not hear it")
    return engine

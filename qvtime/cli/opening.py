"""Opening the model of a run, and what has to be said about it once."""

from typing import Any

from qvtime.cli.streams import say
from qvtime.settings import Settings


def open_model(settings: Settings, quiet: bool) -> Any:
    """The backend of these settings (a class that this room does not know), and what it has to say.

    Raises ModelError.
    """
    from qvtime.tasks.looking import open_backend

    backend = open_backend(settings)
    if backend.note is not None and not quiet:
        say(backend.note)
    return backend

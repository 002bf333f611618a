"""The one model of a server: loaded once, in the worker's thread, and its state for the page."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from qvtime.closing import Closing
from qvtime.errors import ModelError, ModelNotFound, QvtimeError
from qvtime.settings import Settings
from qvtime.tasks.looking import open_backend

if TYPE_CHECKING:  # torch is loaded only when someone asks
    from qvtime.tasks.looking import Backend

NO_MODEL = "none"


class ServedModel(Closing):
    """state: "none" (looking only), "unloaded", "loading", "ready" or "failed"; error: why."""

    def __init__(
        self, settings: Settings, load: Callable[[Settings], "Backend"] = open_backend
    ) -> None:
        self.name = settings.model
        self.state = "none" if settings.model == NO_MODEL else "unloaded"
        self.error: QvtimeError | None = None
        self._settings, self._load = settings, load
        self._engine: Backend | None = None
        self._held = ExitStack()
        self._noted = False

    def engine(self) -> "Backend":
        """The model, loaded if need be; a load that failed is tried again. Raises ModelError."""
        if self.state == NO_MODEL:
            raise ModelNotFound(
                "this server has no model", "start it with --model to ask and to locate"
            )
        if self._engine is None:
            self.state = "loading"
            try:
                self._engine = self._held.enter_context(self._load(self._settings))
            except BaseException as error:
                self.error = error if isinstance(error, QvtimeError) else ModelError(str(error))
                self.state = "failed"
                raise
            self.state, self.error = "ready", None
        return self._engine

    @property
    def note(self) -> str | None:
        """What there is to say about it (`Backend.note`), once it is loaded."""
        return None if self._engine is None else self._engine.note

    def news(self) -> str | None:
        """Its note for whoever asks first; None for the others."""
        note, self._noted = (None if self._noted else self.note), True
        return note

    def close(self) -> None:
        """Let go of the model, and of the connections to one on a server."""
        self._held.close()

    @property
    def device(self) -> str | None:
        """Where it runs, once it is loaded: a device of this machine, or the engine of a server."""
        if self._engine is None:
            return None
        settings = self._engine.settings()
        device = settings.get("device", settings.get("engine"))
        return device if isinstance(device, str) else None

"""The one model of a server: loaded once, in the worker's thread, and its state for the page."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from qvtime.errors import ModelError, ModelNotFound, QvtimeError
from qvtime.settings import Settings
from qvtime.tasks.looking import open_backend

if TYPE_CHECKING:  # torch is loaded only when someone asks
    from qvtime.tasks.looking import Backend

NO_MODEL = "none"


class ServedModel:
    """state: "none" (looking only), "unloaded", "loading", "ready" or "failed"; error: why."""

    def __init__(
        self, settings: Settings, load: Callable[[Settings], "Backend"] = open_backend
    ) -> None:
        self.name = settings.model
        self.state = "none" if settings.model == NO_MODEL else "unloaded"
        self.error: QvtimeError | None = None
        self._settings, self._load = settings, load
        self._engine: Backend | None = None

    def engine(self) -> "Backend":
        """The model, loaded if need be; a load that failed is tried again. Raises ModelError."""
        if self.state == NO_MODEL:
            raise ModelNotFound(
                "this server has no model", "start it with --model to ask and to locate"
            )
        if self._engine is None:
            self.state = "loading"
            try:
                self._engine = self._load(self._settings)
            except BaseException as error:
                self.error = error if isinstance(error, QvtimeError) else ModelError(str(error))
                self.state = "failed"
                raise
            self.state, self.error = "ready", None
        return self._engine

    @property
    def device(self) -> str | None:
        """Where it runs, once it is loaded."""
        device = None if self._engine is None else self._engine.settings().get("device")
        return device if isinstance(device, str) else None

"""The server as an ASGI application: the page, the API, and what stands before both."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from qvtime import __version__
from qvtime.errors import QvtimeError, UsageError, VideoError, VideoNotFound
from qvtime.serve.asking import Asking
from qvtime.serve.assets import PAGE
from qvtime.serve.catalogue import Catalogue, VideoTrouble
from qvtime.serve.documents import error_document
from qvtime.serve.indexes import indexing
from qvtime.serve.jobs import load_work
from qvtime.serve.model import ServedModel
from qvtime.serve.queue import QueueFull, Stopping, WorkQueue
from qvtime.serve.requests import BodyTooLarge
from qvtime.serve.security import Access, Guard
from qvtime.serve.videos import Videos
from qvtime.settings import Settings
from qvtime.tasks.looking import open_backend
from qvtime.tasks.viewing import Viewer

if TYPE_CHECKING:  # torch is loaded only when someone asks
    from qvtime.tasks.looking import Backend

MOST_WAITING = 32

STATUS_CODES: tuple[tuple[type[QvtimeError], int], ...] = (
    (QueueFull, 503),
    (Stopping, 503),
    (BodyTooLarge, 413),
    (UsageError, 400),
    (VideoNotFound, 404),
    (VideoError, 422),
    (QvtimeError, 500),
)
"""The HTTP status of an error: the first kind that it is."""


@dataclass(frozen=True, slots=True)
class Site:
    """What is served. paths, index_folder: as `Videos` takes them; load: gives the model."""

    paths: Sequence[str]
    settings: Settings
    index_folder: str | None = None
    access: Access = field(default_factory=Access)
    load: "Callable[[Settings], Backend]" = open_backend
    most_waiting: int = MOST_WAITING


def make_app(site: Site) -> Starlette:
    """The application, whose `state.give_up` ends all answers; to be called in its event loop.

    StoreError when an index that was named is not there.
    """
    videos = Videos(site.paths, site.index_folder)
    viewer = Viewer(site.settings)
    model = ServedModel(site.settings, site.load)
    queue = WorkQueue(site.most_waiting)
    catalogue = Catalogue(videos, viewer, site.settings)
    asking = Asking(catalogue, site.settings, model, queue)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        queue.start()
        if model.state == "unloaded":
            queue.add(load_work(model))
        with viewer, model:
            try:
                yield
            finally:
                await queue.stop()

    async def status(_request: Request) -> Response:
        error = model.error
        runs = await to_thread.run_sync(lambda: indexing(videos.places(), videos.all()))
        return JSONResponse(
            {
                "version": __version__,
                "model": {
                    "name": model.name,
                    "state": model.state,
                    "device": model.device,
                    "note": model.note,
                    "error": None if error is None else error_document(error),
                },
                "queue": {"working": queue.busy, "waiting": queue.waiting},
                "indexing": runs,
            }
        )

    async def openapi(_request: Request) -> Response:
        return FileResponse(PAGE.with_name("openapi.json"), media_type="application/json")

    async def page(_request: Request) -> Response:
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    app = Starlette(
        routes=[
            Route("/", page),
            Mount("/page", StaticFiles(directory=PAGE)),
            Route("/api/status", status),
            Route("/api/openapi.json", openapi),
            *catalogue.routes(),
            *asking.routes(),
        ],
        middleware=[Middleware(Guard, access=site.access)],
        exception_handlers={
            QvtimeError: _failed,
            VideoTrouble: _failed_video,
            HTTPException: _refused,
        },
        lifespan=lifespan,
    )
    app.state.give_up = queue.give_up
    return app


async def _failed(_request: Request, error: Exception) -> Response:
    assert isinstance(error, QvtimeError)  # noqa: S101 - what Starlette calls this with
    return _answer(error, error_document(error))


async def _failed_video(_request: Request, trouble: Exception) -> Response:
    assert isinstance(trouble, VideoTrouble)  # noqa: S101
    return _answer(trouble.error, error_document(trouble.error, trouble.video))


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    fields = {"error": "Refused", "message": error.detail.lower(), "hint": None}
    return JSONResponse(fields, error.status_code, headers=error.headers)


def _answer(error: QvtimeError, fields: dict[str, object]) -> Response:
    (status, *_) = (code for kind, code in STATUS_CODES if isinstance(error, kind))
    return JSONResponse(fields, status)

"""The server on its socket: what it listens on is known to be free before anything is loaded."""

import asyncio
import socket

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from qvtime.errors import QvtimeError, UsageError, cause_of
from qvtime.serve.security import is_loopback

MOST_CONNECTIONS = 256
KEEP_ALIVE_SECONDS = 15
SHUTDOWN_SECONDS = 2
HANG_UP_SECONDS = 2
SHORTEST_TOKEN = 16


class CannotListen(QvtimeError):
    """The address or the port cannot be had."""


def check_address(host: str, token: str | None) -> None:
    """UsageError for an address that others can reach and no token, or a token that is none."""
    if token is not None and (
        len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable()
    ):
        raise UsageError(
            f"--token is shorter than {SHORTEST_TOKEN} characters, or not plain ASCII",
            'make one: QVTIME_TOKEN="$(openssl rand -hex 16)"',
        )
    if token is None and not is_loopback(host):
        raise UsageError(
            f"--host {host}: other machines could see and ask everything",
            "set a --token, or leave --host out and use an SSH tunnel",
        )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 is any free one. Raises CannotListen."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError, UnicodeError) as error:
        raise CannotListen(
            f"cannot listen on {host}, port {port}: {cause_of(error)}",
            "choose another --port (0 is any free one), or another --host",
        ) from error


def address_of(listening: socket.socket, host: str) -> str:
    """The address of the page."""
    port = listening.getsockname()[1]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


class Server(uvicorn.Server):
    """Ends quietly: what is still answered when it stops ends by itself.

    uvicorn cancels it after a while, which is an error to it, with a traceback.
    """

    def __init__(self, app: Starlette) -> None:
        super().__init__(configuration(app))
        self._give_up = app.state.give_up

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Give up the questions now, and in a while whoever reads too slowly."""
        self._give_up()
        asyncio.get_running_loop().call_later(SHUTDOWN_SECONDS, self._hang_up)
        await super().shutdown(sockets)

    def _hang_up(self) -> None:
        for connection in [*self.server_state.connections]:
            connection.transport.abort()


def run(app: Starlette, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, which are raised again when all is closed."""
    Server(app).run(sockets=[listening])


def configuration(app: ASGIApp) -> uvicorn.Config:
    """How the application is served: what bounds clients, and what is not said in a log."""
    return uvicorn.Config(
        app,
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,  # addresses hold questions
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS + HANG_UP_SECONDS,
        h11_max_incomplete_event_size=64 << 10,
        forwarded_allow_ips="",
    )

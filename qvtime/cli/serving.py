"""What a run of `qvtime serve` does: listen, say where, serve, and end quietly."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from qvtime.cli.progress import note_model
from qvtime.cli.streams import say, write_stdout
from qvtime.errors import QvtimeError, UsageError, VideoNotFound
from qvtime.settings import Settings
from qvtime.store.place import place_at

LARGEST_FILE_BYTES = 4096


def read_token(token: str | None, file: str | None) -> str | None:
    """The token that was given, or the one in a file (`-`: stdin), without the line's end.

    UsageError when there are both, or the file cannot be read.
    """
    if file is None:
        return token
    if token is not None:
        raise UsageError("there is a token, and a --token-file too", "leave one of them away")
    try:
        if file == "-":
            data = sys.stdin.buffer.read(LARGEST_FILE_BYTES + 1) if sys.stdin else b""
        else:
            with Path(file).open("rb") as opened:
                data = opened.read(LARGEST_FILE_BYTES + 1)
        if len(data) > LARGEST_FILE_BYTES:
            raise UsageError(
                f"cannot read the token in {file}: more than {LARGEST_FILE_BYTES} bytes",
                "a token is one line of text",
            )
        return data.decode().strip("\r\n")
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a NUL in the name
        reason = (getattr(error, "strerror", None) or "not UTF-8 text").lower()
        raise UsageError(
            f"cannot read the token in {file}: {reason}", "a token is one line of text"
        ) from error


def serve_site(
    paths: Sequence[str],
    index_folder: str | None,
    settings: Settings,
    host: str,
    port: int,
    token: str | None,
    names: Sequence[str],
    quiet: bool,
) -> None:
    """Serve until a signal ends it; the page's address is a line on stdout.

    Raises UsageError, VideoNotFound, StoreError, and CannotListen before anything is loaded.
    """
    try:
        from qvtime.serve.app import Site, make_app
        from qvtime.serve.security import access_for
        from qvtime.serve.server import address_of, check_address, listen, run
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn", "anyio"):
            raise
        raise QvtimeError(
            f"the page needs a package that is not installed: {error.name}",
            "pip install 'qvtime[serve]'",
        ) from None
    check_address(host, token)
    for path in paths:
        if not os.path.exists(path):  # noqa: PTH110 - Path's raises at long names
            raise VideoNotFound(f"{path}: there is no such file", "check the path")
    app = make_app(Site(paths, settings, index_folder, access_for(host, names, token)))
    with listen(host, port) as listening:
        write_stdout(f"{address_of(listening, host)}\n")
        note_model(settings.model, quiet)
        if not quiet:
            asks = "" if token is None else "; the page asks for the token"
            if index_folder is not None and not place_at(index_folder).is_there:
                say(f"{index_folder}: there is no index yet; `qvtime index` makes one")
            say(f"serving until Ctrl-C{asks}")
        run(app, listening)

"""What a run of `qvtime serve` does: listen, say where, serve, and end quietly."""

import os
from collections.abc import Sequence

from qvtime.cli.progress import note_model
from qvtime.cli.streams import say, write_stdout
from qvtime.errors import QvtimeError, VideoNotFound
from qvtime.settings import Settings


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
        say(f"serving until Ctrl-C{asks}")
        run(app, listening)

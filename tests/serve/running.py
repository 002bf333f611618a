"""A server on a real socket, in a thread of its own."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen

from qvtime.serve.app import Site, make_app
from qvtime.serve.server import Server, listen


@dataclass(frozen=True, slots=True)
class Running:
    """port: where it listens, on 127.0.0.1."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def get(self, path: str) -> Any:
        """The JSON of an address."""
        with urlopen(f"{self.url.rstrip('/')}{path}", timeout=20) as answer:
            return json.load(answer)

    def ids(self) -> dict[str, str]:
        """The ids of the videos by their names."""
        return {one["name"]: one["id"] for one in self.get("/api/videos")["videos"]}


@contextmanager
def serving(site: Site) -> Iterator[Running]:
    """The site, served until the end of the block."""
    server = Server(make_app(site))
    with listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield Running(listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()

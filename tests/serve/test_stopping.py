"""The server stops while it answers: quietly, and whoever asked is told."""

import json
import logging
import socket
import threading
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from starlette.testclient import TestClient

from qvtime.serve.app import make_app
from tests.serve.conftest import HOST, Folder, ids
from tests.serve.running import serving


class Asker(threading.Thread):
    """Asks in a thread of its own. told: the lines that came; ended: the stream ended as it has
    to, with nothing broken off."""

    def __init__(self, address: str, event: str, done: threading.Event) -> None:
        super().__init__()
        content = {"Content-Type": "application/json"}
        self._request = Request(address, json.dumps({"event": event}).encode(), content)
        self._done = done
        self.told: list[dict[str, Any]] = []
        self.ended = False

    def run(self) -> None:
        try:
            with urlopen(self._request, timeout=20) as answer:
                self.told += [json.loads(line) for line in answer]
            self.ended = True
        finally:
            self._done.set()


def test_whoever_asked_is_told(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    begun, done = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert done.wait(20)  # a window takes longer than anyone waits for the end

    folder.script.before = work
    with serving(folder.site()) as running:
        address = f"{running.url}api/videos/{running.ids()['clip.mp4']}/locate"
        askers = [Asker(address, event, done) for event in ("the first", "the second")]
        for asker in askers:
            asker.start()
        assert begun.wait(20)
        while running.get("/api/status")["queue"] != {"working": True, "waiting": 1}:
            pass
    for asker in askers:
        asker.join(20)
        assert asker.ended
        assert asker.told[-1] == {
            "type": "error",
            "error": "Stopping",
            "message": "the server is being stopped",
            "hint": "ask again when it is back",
        }
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


def test_a_player_that_pauses_holds_nothing_up(
    tmp_path: Path, folder: Folder, clips: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Padding after the boxes: more than the sockets between here and there can hold.
    film = (clips / "clip.mp4").read_bytes() + bytes(32 << 20)
    (tmp_path / "film.mp4").write_bytes(film)
    site = folder.site(paths=[str(tmp_path)])
    with socket.socket() as player, serving(site) as running:
        own = running.ids()["film.mp4"]
        player.connect(("127.0.0.1", running.port))
        player.sendall(f"GET /api/videos/{own}/file HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert player.recv(1)
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


def test_what_comes_too_late_is_refused(folder: Folder) -> None:
    app = make_app(folder.site())
    with TestClient(app, HOST) as client:
        own = ids(client)["clip.mp4"]
        app.state.give_up()
        late = client.post(f"/api/videos/{own}/ask", json={"question": "what happens?"})
        assert (late.status_code, late.json()["error"]) == (503, "Stopping")

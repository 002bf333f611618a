"""Who may ask, and where the server listens: tokens, hosts, connections."""

import json
import signal
import socket
import subprocess
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from starlette.testclient import TestClient

from qvtime.cli.serving import read_token
from qvtime.errors import UsageError
from qvtime.serve.app import make_app
from qvtime.serve.security import COOKIE, access_for, host_name
from qvtime.serve.server import CannotListen, check_address, listen
from tests.cli.conftest import ROOT, command, environment
from tests.serve.conftest import HOST, Folder
from tests.serve.running import Running

TOKEN = "0123456789abcdef"


def test_a_token_is_asked_for_and_a_cookie_remembers_it(folder: Folder) -> None:
    access = access_for("0.0.0.0", ["videos.example.org"], TOKEN)
    with TestClient(make_app(folder.site(access=access)), HOST) as client:
        assert client.get("/api/videos").status_code == 401
        for wrong in (
            b"",
            b"Bearer",
            f"Basic {TOKEN}".encode(),
            f"Bearer {TOKEN}x".encode(),
            b"Bearer \xe9",
        ):
            headers = {b"Authorization": wrong}
            assert client.get("/api/videos", headers=headers).status_code == 401
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/api/videos", headers=bearer).status_code == 200
        page = client.get("/")
        assert page.status_code == 401
        assert "<form" in page.text
        assert client.get("/page/style.css").status_code == 200
        assert client.get("/?token=wrong").status_code == 401
        assert client.get(f"/api/videos?token={TOKEN}").status_code == 401
        welcome = client.get(f"/?token={TOKEN}", follow_redirects=False)
        assert (welcome.status_code, welcome.headers["location"]) == (303, "/")
        cookie = welcome.headers["set-cookie"]
        assert TOKEN not in cookie
        assert "HttpOnly" in cookie
        assert client.get("/api/videos").status_code == 200
        for host in ("192.168.0.7:8080", "videos.example.org", "localhost"):
            assert client.get("/", headers={"Host": host, "Cookie": cookie}).status_code == 200
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
        client.cookies.clear()
        client.cookies.set(COOKIE, TOKEN)
        assert client.get("/api/videos").status_code == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "example.org", ""])
def test_other_machines_need_a_token(host: str) -> None:
    with pytest.raises(UsageError, match="other machines"):
        check_address(host, None)
    check_address(host, TOKEN)


def test_a_token_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert read_token(None, str(file)) == TOKEN
    assert read_token(TOKEN, None) == TOKEN
    assert read_token(None, None) is None
    with pytest.raises(UsageError, match="too"):
        read_token(TOKEN, str(file))
    for content in (b"\xff" * 20, b"x" * 5000):
        file.write_bytes(content)
        with pytest.raises(UsageError, match="cannot read the token"):
            read_token(None, str(file))
    for name in (str(tmp_path), str(tmp_path / "nothing"), "nu\0l"):
        with pytest.raises(UsageError, match="cannot read the token"):
            read_token(None, name)


def test_it_says_where_it_is_and_ends_quietly() -> None:
    """As a process: with --quiet, a token from a file on stdin, and a signal."""
    line = ("serve", str(ROOT / "samples"), "--port", "0", "-m", "none", "-q", "--token-file", "-")
    with subprocess.Popen(
        command(*line),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    ) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{TOKEN}\n")
            process.stdin.close()
            address = process.stdout.readline().strip()
            asked = Request(f"{address}api/status", headers={"Authorization": f"Bearer {TOKEN}"})
            with urlopen(asked, timeout=20) as answer:
                assert json.load(answer)["model"]["state"] == "none"
            process.terminate()
            assert process.wait(20) == 128 + signal.SIGTERM
            assert process.stderr is not None
            assert process.stderr.read() == ""
        finally:
            process.kill()


def test_a_token_is_long_and_plain() -> None:
    for token in ("", "short", "ä" * 20, "new\nline" * 4):
        with pytest.raises(UsageError, match="--token"):
            check_address("127.0.0.1", token)
    for host in ("127.0.0.1", "localhost", "::1"):
        check_address(host, None)


def test_names_of_hosts() -> None:
    assert [host_name(one) for one in ("A.b:80", "[::1]:8080", "[::1]", "a:b", "[::1]x")] == [
        "a.b",
        "::1",
        "::1",
        "",
        "",
    ]


def test_only_this_machine_can_connect_and_a_taken_port_is_said() -> None:
    with listen("127.0.0.1", 0) as listening:
        host, port = listening.getsockname()[:2]
        assert host == "127.0.0.1"
        with pytest.raises(CannotListen, match="in use"):
            listen("127.0.0.1", port)
    with pytest.raises(CannotListen):
        listen("no-such-host.invalid", 0)


def test_idle_connections_keep_nobody_out(running: Running) -> None:
    idle = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(50)]
    try:
        for one in idle[:25]:
            one.sendall(b"GET / HTTP/1.1\r\nHost: ")  # and never the rest
        assert running.get("/api/status")["model"]["name"] == "scripted"
    finally:
        for one in idle:
            one.close()

"""Who may ask, and what a hostile page, name, label or file can do: nothing."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from starlette import requests
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.types import Message

from qvtime.cli.serving import read_token
from qvtime.errors import UsageError
from qvtime.serve.app import make_app
from qvtime.serve.requests import NotJson, read_fields
from qvtime.serve.security import COOKIE, access_for, host_name
from qvtime.serve.server import CannotListen, check_address, listen
from tests.cli.conftest import ROOT, command, environment
from tests.serve.conftest import HOST, Folder, ids
from tests.serve.running import Running, serving

TOKEN = "0123456789abcdef"
ROUTES = {
    ("GET", "/"),
    ("GET", "/page"),
    ("GET", "/api/status"),
    ("GET", "/api/openapi.json"),
    ("GET", "/api/videos"),
    ("GET", "/api/videos/{video}"),
    ("GET", "/api/videos/{video}/file"),
    ("GET", "/api/videos/{video}/picture"),
    ("GET", "/api/videos/{video}/subtitles"),
    ("GET", "/api/videos/{video}/timeline"),
    ("GET", "/api/search"),
    ("GET", "/api/answers/{number}"),
    ("POST", "/api/videos/{video}/ask"),
    ("POST", "/api/videos/{video}/locate"),
}


def test_nothing_can_be_written_or_uploaded(folder: Folder) -> None:
    found = set()
    for route in make_app(folder.site()).routes:
        assert isinstance(route, Route | Mount)
        methods = (getattr(route, "methods", None) or {"GET"}) - {"HEAD"}
        found |= {(method, route.path) for method in methods}
    assert found == ROUTES


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "",
        ":8080",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "localhost.",
        "127.0.0.1@evil.example",
        "10.0.0.7",
        "[::1",
        "[::1]evil",
        "0.0.0.0",
    ],
)
def test_other_names_are_not_ours(client: TestClient, host: str) -> None:
    for path in ("/", "/api/videos", "/page/main.js"):
        assert client.get(path, headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1234", "[::1]:8080", "LOCALHOST"])
def test_our_names_are(client: TestClient, host: str) -> None:
    assert client.get("/api/videos", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "video"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://[::1"},
    ],
)
def test_other_sites_get_nothing(client: TestClient, headers: dict[str, str]) -> None:
    clip = ids(client)["clip.mp4"]
    for path in ("/", "/api/videos", f"/api/videos/{clip}/file", f"/api/videos/{clip}/picture"):
        assert client.get(path, headers=headers).status_code == 403
    asked = client.post(f"/api/videos/{clip}/ask", json={"question": "what?"}, headers=headers)
    assert asked.status_code == 403


def test_a_link_from_another_site_opens_the_page_and_only_that(client: TestClient) -> None:
    link = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    assert client.get("/", headers=link).status_code == 200
    assert client.get("/api/videos", headers=link).status_code == 403


def test_a_form_cannot_ask(client: TestClient) -> None:
    """What a form of another site can send without being asked about it first."""
    clip = ids(client)["clip.mp4"]
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        response = client.post(
            f"/api/videos/{clip}/ask",
            content=b'{"question": "what?"}',
            headers={"Content-Type": kind},
        )
        assert response.status_code == 400


def test_every_answer_has_its_headers(client: TestClient) -> None:
    clip = ids(client)["clip.mp4"]
    paths = ("/", "/page/main.js", "/api/videos", f"/api/videos/{clip}/file", "/nothing", "/api/x")
    for path in paths:
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert not [name for name in headers if name.startswith("access-control")]
    assert client.options("/api/videos", headers={"Origin": HOST}).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/api/videos/../../etc/passwd",
        "/api/videos/..%2f..%2fetc%2fpasswd/file",
        "/api/videos/%2fetc%2fpasswd/file",
        "/page/../app.py",
        "/page/..%2fapp.py",
        "/page/%2e%2e/app.py",
        "/page//etc/passwd",
    ],
)
def test_no_path_leads_anywhere(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert "import" not in response.text


def test_a_link_in_place_of_a_video_is_not_followed(
    tmp_path: Path, folder: Folder, clips: Path
) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes((clips / "clip.mp4").read_bytes())
    served = tmp_path / "served"
    served.mkdir()
    (served / "a.mp4").write_bytes((clips / "clip.mp4").read_bytes())
    (served / "link.mp4").symlink_to(secret)
    with TestClient(make_app(folder.site(paths=[str(served)])), HOST) as client:
        own = ids(client)
        assert list(own) == ["a.mp4"]
        (served / "a.mp4").unlink()
        (served / "a.mp4").symlink_to(secret)
        assert client.get(f"/api/videos/{own['a.mp4']}/file").status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "piece"),
    [
        ("bytes=0-1", 206, slice(0, 2)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-100", 206, slice(-100, None)),
        ("bytes=0-999999999", 206, slice(0, None)),
        ("bytes=0-1,5-6", 200, slice(0, None)),
        ("bytes=" + ",".join(["0-"] * 1000), 200, slice(0, None)),
        ("bytes=b-a", 200, slice(0, None)),
        ("pages=1-2", 200, slice(0, None)),
        ("bytes=5-5", 206, slice(5, 6)),
        ("bytes=9-3", 200, slice(0, None)),
        ("bytes=5-4", 200, slice(0, None)),
        ("bytes=999999999-3", 200, slice(0, None)),
        ("bytes=0-" + "9" * 5000, 200, slice(0, None)),
        ("bytes=999999999-", 416, None),
        ("bytes=999999999-9999999999", 416, None),
        ("bytes=-0", 416, None),
    ],
)
def test_one_range_at_a_time(
    client: TestClient, clips: Path, asked: str, status: int, piece: slice | None
) -> None:
    whole = (clips / "clip.mp4").read_bytes()
    response = client.get(f"/api/videos/{ids(client)['clip.mp4']}/file", headers={"Range": asked})
    assert response.status_code == status
    if piece is not None:
        assert response.headers["content-type"] == "video/mp4"
        assert response.content == whole[piece]
    if status == 416:
        assert response.headers["content-range"] == f"bytes */{len(whole)}"
        assert set(response.json()) == {"error", "message", "hint"}


def test_a_range_of_what_the_file_was_is_answered_with_the_whole(
    client: TestClient, clips: Path
) -> None:
    headers = {"Range": "bytes=999999999-", "If-Range": '"of another file"'}
    response = client.get(f"/api/videos/{ids(client)['clip.mp4']}/file", headers=headers)
    assert response.status_code == 200
    assert response.content == (clips / "clip.mp4").read_bytes()


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


@pytest.fixture
def running(folder: Folder) -> Iterator[Running]:
    with serving(folder.site()) as running:
        yield running


def test_idle_connections_keep_nobody_out(running: Running) -> None:
    idle = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(50)]
    try:
        for one in idle[:25]:
            one.sendall(b"GET / HTTP/1.1\r\nHost: ")  # and never the rest
        assert running.get("/api/status")["model"]["name"] == "scripted"
    finally:
        for one in idle:
            one.close()


def test_a_video_that_shrinks_ends_its_answer_and_nothing_else(
    tmp_path: Path, folder: Folder, clips: Path, caplog: pytest.LogCaptureFixture
) -> None:
    film = tmp_path / "film.mp4"
    # Padding after the boxes: more than the sockets between here and there can hold.
    film.write_bytes((clips / "clip.mp4").read_bytes() + bytes(32 << 20))
    with serving(folder.site(paths=[str(tmp_path)])) as running:
        own = running.ids()["film.mp4"]
        with socket.create_connection(("127.0.0.1", running.port)) as client:
            client.settimeout(20)
            request = f"GET /api/videos/{own}/file HTTP/1.1\r\nHost: localhost\r\n\r\n"
            client.sendall(request.encode())
            received = len(client.recv(1 << 10))
            time.sleep(0.2)
            os.truncate(film, 1000)
            while piece := client.recv(1 << 20):
                received += len(piece)
        assert received < 32 << 20
        assert running.get("/api/status")["version"]


def test_a_client_that_hangs_up_while_it_asks_is_no_mistake() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    headers = [(b"content-type", b"application/json"), (b"content-length", b"99")]
    request = requests.Request({"type": "http", "method": "POST", "headers": headers}, receive)
    with pytest.raises(NotJson, match="was broken off"):
        asyncio.run(read_fields(request, {"question": str}))

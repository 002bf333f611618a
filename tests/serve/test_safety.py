"""Who may ask, and what a hostile page, name, label or file can do: nothing."""

import asyncio
import os
import socket
import time
from pathlib import Path

import pytest
from starlette import requests
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.types import Message

from qvtime.serve.app import make_app
from qvtime.serve.requests import NotJson, read_fields
from tests.serve.conftest import HOST, Folder, ids
from tests.serve.running import serving

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

"""Names on the hub: the copy on this machine first, the network second, a clear word at last."""

import hashlib
import json
import shutil
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest

from qvtime.errors import ModelError, ModelNotFound, UnsafeModel
from qvtime.model import hub
from qvtime.model.hub import fetch_model, find_copy, find_model, is_begun

NAME, COMMIT = "someone/tiny-qwen3-vl", "0123456789abcdef0123456789abcdef01234567"


class SmallHub(ThreadingHTTPServer):
    """A hub on this machine with one model; remembers which files were fetched."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.folder = folder
        self.fetched: set[str] = set()
        self.status, self.error_code = 200, ""
        self.drops: dict[str, int] = {}
        self.claimed_bytes: int | None = None
        self.ranges: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answers(BaseHTTPRequestHandler):
    server: SmallHub

    def log_message(self, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        files = {file.name: file for file in self.server.folder.iterdir()}
        name = path.rsplit("/", 1)[-1]
        if self.server.status != 200:
            self._send(self.server.status, b"{}", {"X-Error-Code": self.server.error_code})
        elif path.startswith(f"/api/models/{NAME}/tree/"):
            tree = [
                {
                    "type": "file",
                    "path": name,
                    "size": file.stat().st_size,
                    "oid": hashlib.sha1(file.read_bytes()).hexdigest(),
                }
                for name, file in files.items()
            ]
            self._send(200, json.dumps(tree).encode())
        elif path.startswith(f"/api/models/{NAME}"):
            siblings = [
                {"rfilename": name, "size": self.server.claimed_bytes or file.stat().st_size}
                for name, file in files.items()
            ]
            info = {"id": NAME, "sha": COMMIT, "siblings": siblings, "private": False}
            self._send(200, json.dumps(info).encode())
        elif path in (f"/{NAME}/resolve/{r}/{name}" for r in ("main", COMMIT)) and name in files:
            if self.command == "GET":
                self.server.fetched.add(name)
            self._send_file(name, files[name].read_bytes())
        else:
            self._send(404, b"{}", {"X-Error-Code": "EntryNotFound"})

    def _send_file(self, name: str, body: bytes) -> None:
        asked = self.headers.get("Range")
        if self.command == "GET" and self.server.drops.get(name):
            self.server.drops[name] -= 1
            self._send(200, body, sent=len(body) // 2)
            self.close_connection = True
        elif self.command == "GET" and asked:
            self.server.ranges.append(asked)
            start = int(asked.removeprefix("bytes=").split("-")[0])
            places = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
            self._send(206, body[start:], places, tag=body)
        else:
            self._send(200, body)

    def _send(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        sent: int | None = None,
        tag: bytes | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{hashlib.sha1(tag or body).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[:sent])


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub's client, instead of the user's."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def small_hub(
    tiny_folder: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SmallHub]:
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "published"))
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    (folder / "modeling_evil.py").write_text("raise SystemExit")
    constants = huggingface_hub.constants
    with SmallHub(folder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "ENDPOINT", server.address)
        template = server.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield server
        server.shutdown()
        thread.join()


def put_in_cache(cache: Path, folder: Path) -> Path:
    """The layout of the hub's cache."""
    root = cache / f"models--{NAME.replace('/', '--')}"
    snapshot = Path(shutil.copytree(folder, root / "snapshots" / COMMIT))
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text(COMMIT)
    return snapshot


def test_a_cached_copy_needs_no_network(cache: Path, tiny_folder: Path) -> None:
    snapshot = put_in_cache(cache, tiny_folder)
    found = find_model(NAME)
    assert found.checkpoint.folder == snapshot
    assert (found.name, found.revision) == (NAME, COMMIT)


def test_a_cached_copy_is_checked_too(cache: Path, tiny_folder: Path) -> None:
    snapshot = put_in_cache(cache, tiny_folder)
    (snapshot / "model.safetensors").rename(snapshot / "pytorch_model.bin")
    with pytest.raises(UnsafeModel):
        find_model(NAME)


def test_a_part_of_a_copy_is_not_enough(cache: Path, tiny_folder: Path) -> None:
    snapshot = put_in_cache(cache, tiny_folder)
    (snapshot / "model.safetensors").unlink()
    with pytest.raises(ModelNotFound, match="cannot be reached"):
        find_model(NAME)


def test_neither_cached_nor_reachable_says_what_to_do(cache: Path) -> None:
    with pytest.raises(ModelNotFound, match=f"{NAME} is not on this machine") as caught:
        find_model(NAME)
    assert f"qvtime models get {NAME}" in (caught.value.hint or "")
    assert "--model demo" in (caught.value.hint or "")


def test_only_safe_files_are_fetched(small_hub: SmallHub) -> None:
    found = find_model(NAME)
    assert found.revision == COMMIT
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= small_hub.fetched
    assert not {"pytorch_model.bin", "modeling_evil.py"} & small_hub.fetched
    small_hub.fetched.clear()
    small_hub.status = 500
    assert find_model(NAME).revision == COMMIT
    assert not small_hub.fetched


def test_another_kind_of_model_is_refused_before_its_weights_are_fetched(
    small_hub: SmallHub,
) -> None:
    (small_hub.folder / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(ModelError, match="another kind"):
        find_model(NAME)
    assert small_hub.fetched == {"config.json"}


@pytest.mark.parametrize(
    ("status", "error_code", "words"),
    [
        (404, "RepoNotFound", "no model"),
        (401, "RepoNotFound", "no model"),
        (403, "GatedRepo", "not open to you"),
        (500, "", "cannot be reached"),
    ],
)
def test_a_hub_that_refuses_is_said_so(
    small_hub: SmallHub, status: int, error_code: str, words: str
) -> None:
    small_hub.status, small_hub.error_code = status, error_code
    with pytest.raises(ModelNotFound, match=words):
        find_model(NAME)


def test_a_closed_port_fails_at_once(small_hub: SmallHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelNotFound, match="cannot be reached"):
        find_model(NAME)


def test_a_connection_that_drops_is_taken_up_where_it_was(
    small_hub: SmallHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 1 << 16)
    small_hub.drops = {"model.safetensors": 1}
    found = fetch_model(NAME)
    weights = (small_hub.folder / "model.safetensors").read_bytes()
    assert (found.checkpoint.folder / "model.safetensors").read_bytes() == weights
    (asked,) = small_hub.ranges
    assert 0 < int(asked.removeprefix("bytes=").removesuffix("-")) <= len(weights) // 2
    assert find_copy(NAME) == found


def test_a_download_that_broke_off_keeps_the_files_that_are_whole(
    small_hub: SmallHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    assert not is_begun(NAME)
    small_hub.drops = {"model.safetensors": 100}
    with pytest.raises(ModelNotFound, match="broke off"):
        fetch_model(NAME)
    assert find_copy(NAME) is None
    assert is_begun(NAME)
    small_hub.drops.clear()
    small_hub.fetched.clear()
    assert fetch_model(NAME) == find_copy(NAME)
    assert "model.safetensors" in small_hub.fetched
    assert "config.json" not in small_hub.fetched
    assert not is_begun(NAME)


def test_a_model_larger_than_the_disk_is_not_begun(small_hub: SmallHub) -> None:
    small_hub.claimed_bytes = 1 << 60
    with pytest.raises(ModelError, match="has room for"):
        fetch_model(NAME)
    assert not small_hub.fetched


def test_a_missing_demo_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "DEMO_FOLDER", tmp_path)
    with pytest.raises(ModelNotFound, match="demo model is missing"):
        find_model("demo")


def test_the_demo_is_a_folder_of_the_package(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "DEMO_FOLDER", tiny_folder)
    assert find_model("demo").name == "demo"

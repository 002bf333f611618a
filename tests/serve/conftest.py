"""A server over made clips, before a model whose answers are planted."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from qvtime.frames import VideoInfo
from qvtime.report import Report
from qvtime.serve.app import Site, make_app
from qvtime.settings import Settings
from qvtime.store.fingerprint import take_fingerprint
from qvtime.store.index import open_index
from qvtime.store.place import place_of
from qvtime.timeline import Event, Span
from qvtime.video.worker import open_video
from tests.scripted import Script, seeing
from tests.serve.running import Running, serving
from tests.videos import STEADY, Clip, make

HOST = "http://127.0.0.1:8080"
MARKUP = "<img src=x onerror=alert(1)> & <b>bold</b>"
SEEN = (
    Event(Span(300, 900), "the red circle jumps", 0.9),
    Event(Span(1200, 1800), MARKUP, 0.5),
)
SAID = Event(Span(0, 1000), "welcome to the rally", source="subtitle")
SETTINGS = Settings(model="scripted", granularity_ms=500, features="none")


@dataclass
class Folder:
    """A folder of clips: `clip.mp4` is in its index, `sub/other.mp4` is not."""

    path: Path
    script: Script = field(default_factory=lambda: seeing(SEEN))

    def site(self, **changes: Any) -> Site:
        """What is served of it."""
        plain = Site([str(self.path)], SETTINGS, load=lambda _: self.script.load())
        return replace(plain, **changes)


def index_clip(path: Path, events: tuple[Event, ...] = (*SEEN, SAID)) -> None:
    """Puts a timeline into the index of the clip's folder."""
    with open_video(str(path)) as reader:
        info = VideoInfo(**{**_fields(reader.info), "path": str(path)})
    seen = tuple(event for event in events if event.source == "seen")
    said = [event for event in events if event.source == "subtitle"]
    report = Report(str(path), "list all events", "", seen, "scripted", info, granularity_ms=500)
    with open_index(place_of(str(path.parent)), writing=True) as index:
        index.save_timeline(str(path), take_fingerprint(str(path)), "{}", report, said)


def _fields(info: VideoInfo) -> dict[str, Any]:
    return {name: getattr(info, name) for name in info.__slots__}


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder, made once; tests that change it make their own."""
    folder = tmp_path_factory.mktemp("served")
    index_clip(make(Clip("clip.mp4", STEADY), folder))
    (folder / "sub").mkdir()
    make(Clip("other.mp4", STEADY), folder / "sub")
    return folder


@pytest.fixture
def folder(clips: Path) -> Folder:
    return Folder(clips)


@pytest.fixture
def client(folder: Folder) -> Iterator[TestClient]:
    with TestClient(make_app(folder.site()), HOST) as client:
        yield client


def ids(client: TestClient) -> dict[str, str]:
    """The ids of the videos by their names."""
    return {one["name"]: one["id"] for one in client.get("/api/videos").json()["videos"]}


def asked(client: TestClient, address: str, fields: Mapping[str, object]) -> list[dict[str, Any]]:
    """The messages of an answer."""
    response = client.post(address, json=fields)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


@pytest.fixture
def running(folder: Folder) -> Iterator[Running]:
    with serving(folder.site()) as running:
        yield running

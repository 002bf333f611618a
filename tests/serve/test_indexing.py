"""A run of `qvtime index` beside the server shows how far it is, and then what it found."""

import threading
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from qvtime.serve.app import make_app
from qvtime.store.run import FILE_NAME, RunNote, RunState, read_run
from qvtime.tasks.folders import Choices, index_paths
from tests.scripted import seeing
from tests.serve.conftest import HOST, SEEN, SETTINGS, Folder
from tests.videos import STEADY, Clip, make


def test_a_running_index_is_live(
    tmp_path: Path, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qvtime.serve.videos.FRESH_SECONDS", 0)
    make(Clip("a.mp4", STEADY), tmp_path)
    make(Clip("b.mp4", STEADY[:50]), tmp_path)
    go_on, begun = threading.Event(), threading.Event()
    script = seeing(SEEN)

    def wait() -> None:
        if len(script.windows) == 2:  # in the second video
            begun.set()
            assert go_on.wait(30)

    script.before = wait
    run = threading.Thread(
        target=lambda: list(index_paths([str(tmp_path)], Choices(), SETTINGS, script.load))
    )
    with TestClient(make_app(folder.site(paths=[str(tmp_path)])), HOST) as client:
        assert client.get("/api/status").json()["indexing"] == []
        run.start()
        assert begun.wait(30)
        assert client.get("/api/status").json()["indexing"] == [
            {
                "videos_done": 1,
                "videos_total": 2,
                "video": "b.mp4",
                "windows_done": 0,
                "windows_total": 1,
            }
        ]
        statuses = [one["status"] for one in client.get("/api/videos").json()["videos"]]
        assert statuses == ["indexed", "new"]
        go_on.set()
        run.join(30)
        assert client.get("/api/status").json()["indexing"] == []
        statuses = [one["status"] for one in client.get("/api/videos").json()["videos"]]
        assert statuses == ["indexed", "indexed"]
    assert not (tmp_path / ".qvtime" / FILE_NAME).exists()


def test_a_run_that_was_killed_is_none(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('{"videos_done": 3}')
    assert read_run(tmp_path) is None
    with RunNote(tmp_path) as note:
        note.say(RunState(1, "a long name.mp4", 2, 3))
        note.say(RunState(2, "b.mp4", 2, 3))
        assert read_run(tmp_path) == RunState(2, "b.mp4", 2, 3)
    assert read_run(tmp_path) is None


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"videos_done": -1}', '{"video": 7}', '{"x": 1}']
)
def test_what_a_stranger_wrote_says_nothing(tmp_path: Path, content: str) -> None:
    with RunNote(tmp_path):
        (tmp_path / FILE_NAME).write_text(content)
        assert read_run(tmp_path) == RunState()


def test_a_run_goes_on_where_its_note_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with RunNote(tmp_path) as note:
        note.say(RunState(1))
    assert read_run(tmp_path) is None

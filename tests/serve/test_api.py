"""The HTTP API over a real folder and its index, before a model that sees what was planted."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from qvtime.errors import ModelNotFound
from qvtime.model.backend import Backend
from qvtime.report import Report
from qvtime.serve.app import make_app
from qvtime.serve.catalogue import download
from qvtime.serve.documents import without_folders
from qvtime.serve.requests import LARGEST_BODY_BYTES
from qvtime.settings import Settings
from qvtime.tasks.captions import Pointed
from qvtime.timeline import Event, Span
from tests.scripted import seeing
from tests.serve.conftest import HOST, MARKUP, SEEN, SETTINGS, Folder, asked, ids
from tests.videos import read_number

JUMPS = SEEN[0]


def test_the_list_says_what_the_index_knows(client: TestClient) -> None:
    found = client.get("/api/videos").json()
    clip, other = found["videos"]
    assert found["problems"] == []
    assert (clip["name"], clip["status"], clip["events"]) == ("clip.mp4", "indexed", len(SEEN))
    assert clip["duration_ms"] == 2400
    assert (other["name"], other["status"], other["events"]) == ("sub/other.mp4", "new", None)


def test_a_video_comes_with_its_timeline(client: TestClient, clips: Path) -> None:
    shown = client.get(f"/api/videos/{ids(client)['clip.mp4']}").json()
    assert (shown["duration_ms"], shown["media_type"]) == (2400, "video/mp4")
    captions = [event["caption"] for event in shown["timeline"]["events"]]
    assert captions == ["welcome to the rally", JUMPS.caption, MARKUP]
    assert client.get(f"/api/videos/{ids(client)['sub/other.mp4']}").json()["timeline"] is None


def test_no_path_is_ever_shown(client: TestClient, clips: Path) -> None:
    own = ids(client)
    number = asked(client, f"/api/videos/{own['clip.mp4']}/ask", {"question": "what happens?"})
    addresses = [
        "/api/status",
        "/api/videos",
        "/api/search?words=jumps",
        *(f"/api/videos/{one}" for one in own.values()),
        f"/api/videos/{own['clip.mp4']}/timeline?format=json",
        f"/api/answers/{number[-1]['number']}?format=json",
        "/api/videos/nothing",
        "/api/answers/99",
    ]
    for address in addresses:
        assert str(clips) not in client.get(address).text, address
    assert str(clips) not in repr(number)


def test_what_there_is_to_say_of_the_model_is_said_once(folder: Folder) -> None:
    folder.script.note = "half as much is read at once"
    with TestClient(make_app(folder.site()), HOST) as client:
        address = f"/api/videos/{ids(client)['clip.mp4']}/ask"
        first, second = (asked(client, address, {"question": "what happens?"}) for _ in range(2))
        assert client.get("/api/status").json()["model"]["note"] == folder.script.note
    notes = [[one["message"] for one in said if one["type"] == "note"] for said in (first, second)]
    assert notes == [[folder.script.note], []]


def test_a_picture_is_the_one_on_screen(client: TestClient) -> None:
    import cv2
    import numpy as np

    clip = ids(client)["clip.mp4"]
    for at_ms, number in ((0, 0), (1000, 25), (2399, 59), (10**12, 59)):
        response = client.get(f"/api/videos/{clip}/picture?at_ms={at_ms}&width_px=96")
        assert response.headers["content-type"] == "image/jpeg"
        pixels = cv2.imdecode(np.frombuffer(response.content, np.uint8), cv2.IMREAD_COLOR_RGB)
        assert pixels is not None
        assert read_number(np.asarray(pixels, np.uint8)) == number
    assert client.get(f"/api/videos/{clip}/picture?at_ms=-1").status_code == 400


def test_asking_tells_the_place_the_work_and_the_answer(client: TestClient) -> None:
    clip = ids(client)["clip.mp4"]
    told = asked(client, f"/api/videos/{clip}/ask", {"question": "what happens at 0:00.5?"})
    kinds = [message["type"] for message in told]
    assert kinds[0] == "accepted"
    assert kinds[-1] == "report"
    assert "started" in kinds
    assert "progress" in kinds
    report = told[-1]["report"]
    assert report["schema"] == "qvtime/1"
    assert report["video"] == report["video"] | {"id": clip, "path": "clip.mp4"}
    assert report["events"][0]["caption"] == JUMPS.caption
    assert report["events"][0]["start_ms"] < 500 < report["events"][0]["end_ms"]


def test_several_questions_are_answered_one_by_one(client: TestClient) -> None:
    clip = ids(client)["clip.mp4"]
    told = asked(client, f"/api/videos/{clip}/ask", {"questions": ["what happens?", "what else?"]})
    reports = [message["report"] for message in told if message["type"] == "report"]
    assert [report["question"] for report in reports] == ["what happens?", "what else?"]


def test_locating_gives_spans_and_scores(client: TestClient) -> None:
    clip = ids(client)["clip.mp4"]
    told = asked(client, f"/api/videos/{clip}/locate", {"event": JUMPS.caption})
    (event,) = told[-1]["report"]["events"]
    assert event["score"] == JUMPS.score
    assert abs(event["start_ms"] - JUMPS.span.start_ms) <= 250
    (starts,) = [message["starts"] for message in told if message["type"] == "starts"]
    assert [(one["start_ms"], one["probability"]) for one in starts] == [(250, JUMPS.score)]
    unsure = asked(client, f"/api/videos/{clip}/locate", {"event": MARKUP, "min_score": 0.6})
    assert unsure[-1]["report"]["events"] == []
    late = asked(client, f"/api/videos/{clip}/locate", {"event": JUMPS.caption, "within": "1s-2s"})
    assert late[-1]["report"]["events"] == []


def test_all_of_a_long_video_is_looked_at_where_that_is_asked_for(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The budget makes it long; the index finds its other end likely, in vain."""
    pointed = Pointed(likely=(Event(Span(0, 400), JUMPS.caption, 0.9),))
    monkeypatch.setattr("qvtime.tasks.locate.point", lambda *_: pointed)
    folder.script = seeing([Event(Span(800, 1500), JUMPS.caption)], window_patches=2)
    tight = folder.site(settings=replace(SETTINGS, patch_budget=4))
    with TestClient(make_app(tight), HOST) as client:
        address = f"/api/videos/{ids(client)['clip.mp4']}/locate"
        for given in ({}, {"everywhere": False}):
            part = asked(client, address, {"event": JUMPS.caption, **given})[-1]["report"]
            assert part["events"] == []
            assert part["settings"]["skipped_ms"] > 1000
        whole = asked(client, address, {"event": JUMPS.caption, "everywhere": True})[-1]["report"]
        assert [event["caption"] for event in whole["events"]] == [JUMPS.caption]
        assert "skipped_ms" not in whole["settings"]
        for wrong in ({"everywhere": 1}, {"everywhere": "yes"}, {"top_k": True}, {"top_k": False}):
            response = client.post(address, json={"event": JUMPS.caption, **wrong})
            assert (response.status_code, response.json()["error"]) == (400, "NotJson")


def test_searching_needs_no_model(client: TestClient, folder: Folder) -> None:
    hits = client.get("/api/search", params={"words": "red circle"}).json()["hits"]
    assert [(hit["video"]["name"], hit["start_ms"]) for hit in hits] == [("clip.mp4", 300)]
    (said,) = client.get("/api/search?words=welcome").json()["hits"]
    assert said["source"] == "subtitle"
    assert client.get("/api/search?words=elephant").json() == {"hits": [], "problems": []}
    assert client.get("/api/search?words=").status_code == 400


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("花园 1.mp4", "filename=\"___1.srt\"; filename*=UTF-8''%E8%8A%B1%E5%9B%AD%201.srt"),
        ("a'b;c.mp4", "filename=\"a_b_c.srt\"; filename*=UTF-8''a%27b%3Bc.srt"),
        ("\udcff.mp4", "filename=\"_.srt\"; filename*=UTF-8''%3F.srt"),
    ],
)
def test_a_download_has_the_name_of_its_video(name: str, header: str) -> None:
    report = Report(f"sub/{name}", "list all events", "", (), "scripted")
    assert download(report, "srt").headers["content-disposition"] == f"attachment; {header}"


def test_every_format_can_be_downloaded(client: TestClient) -> None:
    clip = ids(client)["clip.mp4"]
    told = asked(client, f"/api/videos/{clip}/locate", {"event": JUMPS.caption})
    for address in (f"/api/videos/{clip}/timeline", f"/api/answers/{told[-1]['number']}"):
        for name in ("srt", "vtt", "json", "csv"):
            response = client.get(f"{address}?format={name}")
            assert response.headers["content-disposition"] == f'attachment; filename="clip.{name}"'
            assert JUMPS.caption in response.text
        assert client.get(f"{address}?format=html").status_code == 400
    text = client.get(f"/api/videos/{clip}/timeline?format=csv").text
    assert len(list(csv.DictReader(io.StringIO(text)))) == len(SEEN) + 1
    vtt = client.get(f"/api/videos/{clip}/timeline?format=vtt").text
    assert "<img" not in vtt


def test_the_subtitles_of_a_video(tmp_path: Path, folder: Folder, clips: Path) -> None:
    (tmp_path / "a.mp4").write_bytes((clips / "clip.mp4").read_bytes())
    (tmp_path / "a.srt").write_text("1\n00:00:00,500 --> 00:00:01,000\nhello\n")
    with TestClient(make_app(folder.site(paths=[str(tmp_path)])), HOST) as client:
        cues = client.get(f"/api/videos/{ids(client)['a.mp4']}/subtitles").json()["subtitles"]
    assert cues == [{"start_ms": 500, "end_ms": 1000, "text": "hello"}]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"question": "  "}, 400),
        ({"question": 7}, 400),
        ({"question": "what?", "path": "/etc/passwd"}, 400),
        ({"questions": ["what?", None]}, 400),
        ({"questions": ["what?"] * 21}, 400),
        ({"question": "x" * 5000}, 400),
        ({"question": "x" * LARGEST_BODY_BYTES}, 413),
        ([], 400),
    ],
)
def test_what_is_no_question_is_said(client: TestClient, fields: object, status: int) -> None:
    response = client.post(f"/api/videos/{ids(client)['clip.mp4']}/ask", json=fields)
    assert response.status_code == status
    assert set(response.json()) == {"error", "message", "hint"}


@pytest.mark.parametrize(
    "fields",
    [
        f'{{"event": "x", "min_score": {10**400}}}',
        f'{{"event": "x", "min_score": -{10**400}}}',
        '{"event": "x", "min_score": NaN}',
        r'{"event": "x", "\ud800": 1}',
    ],
)
def test_json_that_only_python_stumbles_over_is_said(client: TestClient, fields: str) -> None:
    address = f"/api/videos/{ids(client)['clip.mp4']}/locate"
    response = client.post(address, content=fields, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert set(response.json()) == {"error", "message", "hint"}


def test_a_question_that_makes_no_sense_is_an_answer(client: TestClient, folder: Folder) -> None:
    clip = ids(client)["clip.mp4"]
    told = asked(client, f"/api/videos/{clip}/ask", {"question": "what happens at 2:48?"})
    assert told[-1]["type"] == "error"
    assert told[-1]["error"] == "UsageError"
    assert told[-1]["message"].startswith("clip.mp4: ")
    # and the next one is answered
    told = asked(client, f"/api/videos/{clip}/ask", {"question": "what happens?"})
    assert told[-1]["type"] == "report"


def test_a_mistake_ends_its_own_answer_only(
    client: TestClient, folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    def stumble() -> None:
        folder.script.before = lambda: None
        raise ZeroDivisionError("planted")

    folder.script.before = stumble
    clip = ids(client)["clip.mp4"]
    told = asked(client, f"/api/videos/{clip}/ask", {"question": "what happens?"})
    assert told[-1] == told[-1] | {"type": "error", "message": "this is a mistake in qvtime"}
    assert "planted" in capsys.readouterr().err
    told = asked(client, f"/api/videos/{clip}/ask", {"question": "what happens?"})
    assert told[-1]["type"] == "report"


def test_without_a_model_one_can_look(folder: Folder) -> None:
    site = folder.site(settings=Settings(model="none"))
    with TestClient(make_app(site), HOST) as client:
        assert client.get("/api/status").json()["model"]["state"] == "none"
        clip = ids(client)["clip.mp4"]
        assert client.get(f"/api/videos/{clip}").json()["timeline"]["events"]
        told = asked(client, f"/api/videos/{clip}/ask", {"question": "what happens?"})
        assert (told[-1]["type"], told[-1]["error"]) == ("error", "ModelNotFound")
    assert folder.script.loads == 0


def test_a_model_that_is_not_there_is_said_and_tried_again(folder: Folder) -> None:
    there: list[Backend] = []

    def load(_settings: Settings) -> Backend:
        if not there:
            raise ModelNotFound("there is no such model", "get it")
        return there[0]

    with TestClient(make_app(folder.site(load=load)), HOST) as client:
        clip = ids(client)["clip.mp4"]
        told = asked(client, f"/api/videos/{clip}/ask", {"question": "what happens?"})
        assert told[-1]["message"] == "there is no such model"
        model = client.get("/api/status").json()["model"]
        assert (model["state"], model["error"]["hint"]) == ("failed", "get it")
        there.append(folder.script.load())
        told = asked(client, f"/api/videos/{clip}/ask", {"question": "what happens?"})
        assert told[-1]["type"] == "report"
        assert client.get("/api/status").json()["model"]["state"] == "ready"


def test_a_video_that_is_none_is_said(tmp_path: Path, folder: Folder) -> None:
    (tmp_path / "page.mp4").write_text("<html><script>alert(1)</script></html>")
    with TestClient(make_app(folder.site(paths=[str(tmp_path)])), HOST) as client:
        own = ids(client)["page.mp4"]
        for address in ("", "/file", "/picture"):
            response = client.get(f"/api/videos/{own}{address}")
            assert response.status_code == 422
            assert response.headers["content-type"] == "application/json"
            assert response.json()["message"].startswith("page.mp4: ")


@pytest.fixture
def damaged(tmp_path: Path, clips: Path) -> Path:
    """A folder with a video, whose index is none."""
    made = tmp_path / "damaged"
    (made / ".qvtime").mkdir(parents=True)
    (made / "a.mp4").write_bytes((clips / "clip.mp4").read_bytes())
    (made / ".qvtime" / "index.db").write_bytes(b"garbage" * 999)
    return made


def test_a_damaged_index_takes_nothing_from_the_others(
    folder: Folder, clips: Path, damaged: Path
) -> None:
    with TestClient(make_app(folder.site(paths=[str(clips), str(damaged)])), HOST) as client:
        response = client.get("/api/search?words=jumps")
        assert response.status_code == 200
        assert [hit["caption"] for hit in response.json()["hits"]] == [JUMPS.caption]
        (problem,) = response.json()["problems"]
        assert problem.startswith("damaged/.qvtime/index.db: ")
        assert client.get("/api/videos").json()["problems"] == [problem]


@pytest.mark.parametrize("named", ["absolute", "relative", "above"])
def test_trouble_says_no_path(
    named: str, folder: Folder, damaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (damaged / "sub").mkdir()
    monkeypatch.chdir(damaged.parent if named != "above" else damaged / "sub")
    path = {"absolute": str(damaged), "relative": "damaged", "above": ".."}[named]
    gone = {"absolute": str(damaged / "gone"), "relative": "./gone", "above": "../gone"}[named]
    with TestClient(make_app(folder.site(paths=[path, gone])), HOST) as client:
        (video,) = client.get("/api/videos").json()["videos"]
        answers = [
            client.get(address)
            for address in (
                "/api/videos",
                "/api/search?words=jumps",
                f"/api/videos/{video['id']}",
                f"/api/videos/{video['id']}/timeline",
            )
        ]
        asked_it = asked(client, f"/api/videos/{video['id']}/ask", {"question": "at 9:00?"})
    assert [answer.status_code for answer in answers] == [200, 200, 200, 500]
    assert answers[2].json()["error"]["message"] == ".qvtime/index.db: is damaged"
    assert answers[3].json()["message"] == ".qvtime/index.db: is damaged"
    for said in (*(answer.text for answer in answers), repr(asked_it)):
        assert str(damaged.parent) not in said
        assert "../" not in said


def test_only_paths_of_folders_are_taken_out() -> None:
    said = "/srv/a: and/or /srv/a/b/c.db (/srv/a), /srv/ab/c, /x/srv/a"
    assert without_folders(said, ["/srv/a", "/srv/a/b/", "/", "."]) == (
        "a: and/or b/c.db (a), /srv/ab/c, /x/srv/a"
    )


def test_new_files_come_and_gone_ones_go(
    tmp_path: Path, folder: Folder, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qvtime.serve.videos.FRESH_SECONDS", 0)
    with TestClient(make_app(folder.site(paths=[str(tmp_path)])), HOST) as client:
        assert ids(client) == {}
        (tmp_path / "a.mp4").write_bytes((clips / "clip.mp4").read_bytes())
        own = ids(client)["a.mp4"]
        assert client.get(f"/api/videos/{own}").status_code == 200
        (tmp_path / "a.mp4").unlink()
        assert ids(client) == {}
        assert client.get(f"/api/videos/{own}").status_code == 404

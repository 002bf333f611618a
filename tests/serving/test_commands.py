"""Commands through a model server, by the command line itself; and the page."""

import json
import shutil
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from qvtime.cli.main import run
from qvtime.cli.settings import with_server
from qvtime.serve.app import Site
from qvtime.serve.security import access_for
from qvtime.settings import Settings
from qvtime.timestamps import parse_time
from tests.serve.running import serving as site_serving
from tests.serving.conftest import SHORT, VFR
from tests.serving.demo_server import DemoServer
from tests.videos import STEADY, Clip, make


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run([*arguments, "--model", "demo", "-q"])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_ask_says_where_the_answer_is_from(
    server: DemoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    question = "what happens at 0:04"
    _, document, _ = call(capsys, "ask", SHORT, question, "-f", "json")
    here = json.loads(document)
    code, document, err = call(capsys, "ask", SHORT, question, "--server", server.url, "-fjson")
    assert (code, err) == (0, "")
    there = json.loads(document)
    assert there["answer"] == here["answer"]
    spans = [[(one["start"], one["end"]) for one in kept["events"]] for kept in (here, there)]
    assert spans[0] == spans[1] != []
    settings = there["settings"]
    assert settings["server"] == f"{server.url}/v1"
    assert (settings["engine"], settings["frames_as"]) == ("vllm", "video")
    assert "device" not in settings


def test_locate_finds_the_same_spans_to_a_patch(
    server: DemoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    event = ("locate", SHORT, "the green square shakes", "-f", "json", "--within", "0:00-0:05")
    here, there = (
        json.loads(call(capsys, *event, *where)[1]) for where in ((), ("--server", server.url))
    )
    spans = [
        [parse_time(one[end]) for one in document["events"] for end in ("start", "end")]
        for document in (here, there)
    ]
    assert spans[0]
    # Pictures travel as JPEGs: a model that wavers between two patches may take the other.
    assert spans[0] == pytest.approx(spans[1], abs=500)
    scores = [[one["score"] for one in document["events"]] for document in (here, there)]
    assert scores[0] == pytest.approx(scores[1], abs=0.1)


def test_index_keeps_what_a_server_saw(
    server: DemoServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    video = make(Clip("steady.mp4", STEADY), tmp_path)
    code, _, err = call(capsys, "index", str(tmp_path), "--server", server.url)
    assert (code, err) == (0, "")
    code, out, _ = call(capsys, "index", "--show", str(video), "-f", "json")
    assert json.loads(out)["settings"]["engine"] == "vllm"
    asked = len(server.requests)
    assert call(capsys, "index", str(tmp_path), "--server", server.url)[0] == 0
    assert len(server.requests) == asked  # nothing is new


def test_a_dataset_is_asked_of_a_server(
    server: DemoServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "videos").mkdir()
    shutil.copy(SHORT, tmp_path / "videos")
    truth, found = tmp_path / "truth.txt", tmp_path / "found.jsonl"
    truth.write_text("short 0.5 1.9##the green square shakes\n")
    dataset = ("--run", str(truth), "--videos", str(tmp_path / "videos"))
    run = ("eval", *dataset, "--predictions", str(found), "-f", "json")
    code, measured, err = call(capsys, *run, "--server", server.url)
    assert (code, err) == (0, "")
    assert server.requests
    assert json.loads(measured)["groups"]["moments"]["measures"]["R@1 IoU 0.5"]["value"] == 100
    code, _, err = call(capsys, *run)
    assert code == 2
    assert "was begun with model demo, server auto" in err


def test_a_draft_of_labels_is_what_the_server_sees(
    server: DemoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    label = ("label", VFR, "-o", "-")
    code, there, err = call(capsys, *label, "--server", server.url)
    assert (code, err) == (0, "")
    assert server.requests
    here = call(capsys, *label)[1]
    captions = [
        [one["caption"] for one in json.loads(document)["segments"]] for document in (here, there)
    ]
    assert captions[0] == captions[1] != []


def test_the_page_asks_the_server(server: DemoServer, tmp_path: Path) -> None:
    shutil.copy(SHORT, tmp_path)
    chosen = with_server(Settings(model="demo"), server.url, "auto")
    access = access_for("127.0.0.1", (), None)
    with site_serving(Site([str(tmp_path)], chosen, None, access)) as site:
        asked = Request(
            f"{site.url}api/videos/{site.ids()['short.mp4']}/ask",
            json.dumps({"question": "what happens at 0:01"}).encode(),
            {"Content-Type": "application/json"},
        )
        with urlopen(asked, timeout=60) as answer:
            told = [json.loads(line) for line in answer]
        (report,) = [one["report"] for one in told if "report" in one]
        assert report["events"]
        assert report["settings"]["engine"] == "vllm"
        assert site.get("/api/status")["model"]["device"] == "vllm"
    assert server.requests


def test_plan_asks_the_server_for_its_model_alone(
    server: DemoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("locate", SHORT, "it jumps", "--plan")
    code, there, _ = call(capsys, *arguments, "--server", server.url, "--server-frames", "images")
    assert code == 0
    here = call(capsys, *arguments)[1].splitlines()
    ours = ("memory", "time")  # of this machine, which has nothing to do there
    kept = [line.replace(" of 32768", "") for line in here if not line.strip().startswith(ours)]
    assert there.splitlines() == kept
    assert server.requests == []


def test_a_server_that_is_gone_is_one_sentence_and_exit_code_5(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = call(capsys, "ask", SHORT, "what?", "--server", "http://127.0.0.1:9")
    assert (code, out) == (5, "")
    assert err.startswith("qvtime: http://127.0.0.1:9/v1 cannot be reached")
    assert len(err.splitlines()) <= 2


@pytest.mark.parametrize(
    "options",
    [
        ("--device", "cpu"),
        ("--dtype", "float32"),
        ("--quantize", "int8"),
        ("--kernels", "reference"),
        ("--features", "here"),
        ("--server-frames", "film"),
    ],
)
def test_what_is_the_servers_to_choose(
    capsys: pytest.CaptureFixture[str], options: tuple[str, str]
) -> None:
    code, _, err = call(capsys, "ask", SHORT, "what?", "--server", "http://gpu1:8000", *options)
    assert code == 2
    assert options[0] in err
    if options[0] == "--server-frames":
        assert call(capsys, "ask", SHORT, "what?", "--server-frames", "images")[0] == 2

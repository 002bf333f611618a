"""`qvtime locate` as people and programs use it: planted spans where they matter, the demo model
where only the plumbing does."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from qvtime.model.engine import Look
from qvtime.model.reply import Occurrences, ScoredSpan
from qvtime.tasks.looking import open_engine
from tests.cli.conftest import ROOT, SAMPLES, SHORT, Qvtime, command, environment

EVENT = "the yellow square spins"
DEMO = ("-m", "demo", "-q")


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[int, int], float]:
    """The model sees the event, patch by patch, in these spans (ms) with these scores."""
    truth = {(4000, 6000): 0.9, (8000, 9000): 0.7}

    def spans(look: Look, event: str) -> Occurrences:
        found = []
        for (start_ms, end_ms), score in truth.items():
            inside = [centre for centre in look.centres_ms if start_ms <= centre < end_ms]
            if inside:
                found.append(ScoredSpan(inside[0], inside[-1], score))
        return Occurrences(0.9 if found else 0.0, tuple(found))

    monkeypatch.setattr(Look, "spans", spans)
    return truth


@pytest.fixture
def other(tmp_path: Path) -> str:
    """A second video."""
    return str(shutil.copy(SHORT, tmp_path / "other.mp4"))


Planted = dict[tuple[int, int], float]


def test_spans_come_best_first_with_their_scores(qvtime: Qvtime, planted: Planted) -> None:
    planted[10_000, 10_500] = 0.3
    ran = qvtime("locate", SHORT, EVENT, "-m", "demo")
    assert ran.code == 0
    assert ran.stdout.splitlines() == [
        f"00:00:03.9 - 00:00:05.9  {EVENT} (0.90)",
        f"00:00:07.9 - 00:00:08.9  {EVENT} (0.70)",
        "<time>00:00:03.9</time> - <time>00:00:05.9</time>;"
        " <time>00:00:07.9</time> - <time>00:00:08.9</time>",
        _where(ran.stdout),
    ]
    assert re.fullmatch(
        r"\(looked at 00:00:00\.0 - 00:00:12\.0( in \d+ windows)?, granularity 0\.5 s,"
        r" model demo\)",
        _where(ran.stdout),
    )
    assert ran.stderr.startswith("qvtime: the demo model understands")


def _where(text: str) -> str:
    return text.splitlines()[-1]


def test_json_has_the_plan_and_the_scores(qvtime: Qvtime, planted: Planted) -> None:
    ran = qvtime("locate", SHORT, EVENT, *DEMO, "-f", "json", "--granularity", "0.1")
    document = json.loads(ran.stdout)
    assert [event["score"] for event in document["events"]] == pytest.approx([0.9, 0.7])
    assert document["question"] == EVENT
    assert document["granularity_ms"] == 100
    (first, second) = document["events"]
    assert (first["start_ms"], first["end_ms"]) == (3950, 5950)
    assert (second["start_ms"], second["end_ms"]) == (7950, 8950)
    settings = document["settings"]
    assert settings["coarse_ms"] == 500
    assert settings["edges_found"] == settings["edges_looked_at"] == 4
    plan = json.loads(
        qvtime("locate", SHORT, EVENT, *DEMO, "--plan", "-f", "json", "--granularity", "0.1").stdout
    )
    assert plan["tokens_per_window"] > 0
    known = plan.keys() & settings.keys()
    assert known >= {"windows", "window_ms", "frames_per_window", "width_px", "granularity_ms"}
    assert {key: plan[key] for key in known} == {key: settings[key] for key in known}


def test_only_the_best_only_there_only_the_surest(qvtime: Qvtime, planted: Planted) -> None:
    def scores(*options: str) -> list[float]:
        ran = qvtime("locate", SHORT, EVENT, *DEMO, "-f", "json", *options)
        return [event["score"] for event in json.loads(ran.stdout)["events"]]

    assert scores("--top-k", "1") == pytest.approx([0.9])
    assert scores("--min-score", "0.8") == pytest.approx([0.9])
    assert scores("--within", "0:07-0:12") == pytest.approx([0.7])


def test_nothing_found_is_exit_code_1_and_a_document(qvtime: Qvtime, planted: Planted) -> None:
    ran = qvtime("locate", SHORT, EVENT, *DEMO, "--min-score", "0.95", "-f", "json")
    assert (ran.code, json.loads(ran.stdout)["events"], ran.stderr) == (1, [], "")
    planted.clear()
    ran = qvtime("locate", SHORT, EVENT, *DEMO)
    assert ran.code == 1
    assert ran.stdout.startswith("Not found.\n(looked at ")
    ran = qvtime("locate", SHORT, EVENT, *DEMO, "-f", "srt")
    assert (ran.code, ran.stdout) == (1, "")


def test_several_videos_are_one_object_a_line(qvtime: Qvtime, planted: Planted, other: str) -> None:
    ran = qvtime("locate", SHORT, other, EVENT, *DEMO)
    documents = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [one["video"]["path"] for one in documents] == [SHORT, other]
    assert ran.code == 0
    text = qvtime("locate", SHORT, other, EVENT, *DEMO, "-f", "text").stdout
    first, second = text.split("\n\n")
    assert first.startswith(f"{SHORT}: {EVENT}\n00:00:0")
    assert second.startswith(f"{other}: {EVENT}\n00:00:0")


def test_csv_of_several_videos_has_one_header(
    qvtime: Qvtime, planted: Planted, other: str, tmp_path: Path
) -> None:
    arguments = ("locate", SHORT, other, EVENT, *DEMO, "-f", "csv")
    printed = qvtime(*arguments).stdout
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert [row["path"] for row in rows] == [SHORT, SHORT, other, other]
    assert printed.count("start_ms") == 1
    file = tmp_path / "spans.csv"
    assert qvtime(*arguments, "-o", str(file)).code == 0
    assert file.read_text("utf-8") == printed


def test_a_folder_and_a_list_with_the_model_loaded_once(
    qvtime: Qvtime, planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[Any] = []

    def counted(settings: Any) -> Any:
        loads.append(settings)
        return open_engine(settings)

    monkeypatch.setattr("qvtime.tasks.looking.open_engine", counted)
    folder = tmp_path / "folder" / "deep"
    folder.mkdir(parents=True)
    shutil.copy(SHORT, folder / "b.mp4")
    shutil.copy(SHORT, tmp_path / "folder" / "a.mp4")
    names = tmp_path / "names"
    names.write_bytes(os.fsencode(SHORT) + b"\0" + os.fsencode(folder / "b.mp4") + b"\0")
    ran = qvtime("locate", str(tmp_path / "folder"), EVENT, "--files-from", str(names), "-0", *DEMO)
    paths = [json.loads(line)["video"]["path"] for line in ran.stdout.splitlines()]
    assert paths == [str(tmp_path / "folder" / "a.mp4"), str(folder / "b.mp4"), SHORT]
    assert (ran.code, len(loads)) == (0, 1)


def test_one_that_fails_is_said_and_the_others_go_on(
    qvtime: Qvtime, planted: Planted, tmp_path: Path
) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    missing = str(tmp_path / "missing.mp4")
    ran = qvtime("locate", missing, str(text), SHORT, EVENT, *DEMO)
    assert ran.code == 3
    (document,) = [json.loads(line) for line in ran.stdout.splitlines()]
    assert document["video"]["path"] == SHORT
    assert missing in ran.stderr
    assert str(text) in ran.stderr
    planted.clear()
    assert qvtime("locate", str(text), SHORT, EVENT, *DEMO).code == 3


def test_files_stay_as_they_were_where_every_video_failed(
    qvtime: Qvtime, planted: Planted, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("o.json", "sheet.png", "plot.svg")]
    outputs = ("-o", str(files[0]), "--sheet", str(files[1]), "--plot", str(files[2]))
    for file in files:
        file.write_text("precious")
    missing = str(tmp_path / "missing.mp4")
    assert qvtime("locate", missing, EVENT, *DEMO, *outputs).code == 3
    assert qvtime("locate", missing, missing, EVENT, *DEMO, "-f", "csv", *outputs).code == 3
    assert [file.read_text() for file in files] == ["precious"] * 3
    planted.clear()
    assert qvtime("locate", SHORT, EVENT, *DEMO, *outputs).code == 1
    assert json.loads(files[0].read_text())["events"] == [], "that nothing was found is a report"
    assert files[1].read_bytes().startswith(b"\x89PNG")
    assert "precious" not in files[2].read_text()


def test_a_video_too_short_for_the_range_fails_alone(qvtime: Qvtime, planted: Planted) -> None:
    within, longer = ("--within", "0:13-0:15"), str(SAMPLES / "vfr.mp4")
    ran = qvtime("locate", SHORT, longer, EVENT, *DEMO, *within, "--min-score", "0")
    assert ran.code == 3
    assert [json.loads(line)["video"]["path"] for line in ran.stdout.splitlines()] == [longer]
    assert ran.stderr.startswith(f"qvtime: {SHORT}: ")
    assert qvtime("locate", SHORT, EVENT, *DEMO, *within).code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((EVENT,), f'there is no video to find "{EVENT}" in'),
        ((SHORT,), "there is no event to find"),
        ((SHORT, " "), "the question is empty"),
        ((SHORT, "y" * 5000), "the question has 5000 characters"),
        ((SHORT, EVENT, "--top-k", "0"), "--top-k cannot be 0"),
        ((SHORT, EVENT, "--min-score", "2"), "--min-score cannot be 2"),
        ((SHORT, EVENT, "-0"), "-0 says how a list of files is written"),
        ((EVENT, "--files-from", "/no/such/list"), "/no/such/list: no such file"),
        ((SHORT, EVENT, "--granularity", "7"), "--granularity cannot be 7"),
        ((SHORT, SHORT, EVENT, "-f", "srt"), "srt holds the events of one video"),
        ((SHORT, EVENT, "-f", "mp3"), 'there is no format "mp3"'),
        ((SHORT, EVENT, "--plan", "-f", "srt"), "a plan cannot be printed as srt"),
    ],
)
def test_what_makes_no_sense_is_exit_code_2(
    qvtime: Qvtime, arguments: tuple[str, ...], said: str
) -> None:
    ran = qvtime("locate", *arguments, "-m", "demo")
    assert (ran.code, ran.stdout) == (2, "")
    assert said in ran.stderr


def test_no_video_is_overwritten(qvtime: Qvtime, planted: Planted, tmp_path: Path) -> None:
    video = tmp_path / "clip.mp4"
    shutil.copy(SHORT, video)
    ran = qvtime("locate", str(tmp_path), EVENT, *DEMO, "-f", "jsonl", "-o", str(video))
    assert ran.code == 5
    assert "it is a video" in ran.stderr
    odd = video.rename(tmp_path / "clip")
    ran = qvtime("locate", str(odd), SHORT, EVENT, *DEMO, "-f", "jsonl", "-o", str(odd))
    assert ran.code == 5
    assert "it is the video" in ran.stderr
    assert odd.read_bytes() == Path(SHORT).read_bytes()


def test_two_outputs_are_two_files(
    qvtime: Qvtime, planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.png").symlink_to("a.png")
    into_png = ("-f", "json", "-o", "a.png")
    for outputs in (
        ("--sheet", "a.png", "--plot", str(tmp_path / "a.png")),
        ("--sheet", "link.png", *into_png),
        ("--plot", "a.png", *into_png),
        ("--clips", "a.png/", *into_png),
    ):
        ran = qvtime("locate", SHORT, EVENT, *DEMO, *outputs)
        assert (ran.code, ran.stdout) == (2, "")
        assert "is named for two outputs" in ran.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["link.png"]


def test_a_name_that_is_too_long_is_a_video_that_fails(qvtime: Qvtime) -> None:
    ran = qvtime("locate", "x" * 300, EVENT, *DEMO)
    assert (ran.code, ran.stdout) == (3, "")
    assert "cannot be opened: File name too long" in ran.stderr


def test_an_empty_folder_has_nothing(qvtime: Qvtime, tmp_path: Path) -> None:
    ran = qvtime("locate", str(tmp_path), EVENT, *DEMO)
    assert (ran.code, ran.stdout) == (1, "")


def test_the_plan_loads_no_weights(
    qvtime: Qvtime, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: Any) -> None:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("qvtime.model.weights.load_model", load)
    ran = qvtime("locate", SHORT, other, EVENT, "-m", "demo", "--plan", "--within", "0-10s")
    assert ran.code == 0
    assert ran.stdout.count("  granularity  0.5 s\n") == 2
    assert f"{SHORT}: 00:00:00.0 - 00:00:10.0\n  windows " in ran.stdout


def test_the_same_run_of_the_real_model_gives_the_same_bytes(qvtime: Qvtime) -> None:
    arguments = ("locate", SHORT, EVENT, *DEMO, "-f", "csv", "--min-score", "0")
    first, second = qvtime(*arguments), qvtime(*arguments)
    assert first == second
    assert first.code in (0, 1)
    for row in csv.DictReader(io.StringIO(first.stdout)):
        assert 0 <= int(row["start_ms"]) < int(row["end_ms"]) <= 12_000
        assert 0 < float(row["score"]) <= 1


def test_a_pipeline_gets_the_first_result_before_the_last_name_is_known(tmp_path: Path) -> None:
    """Names of any bytes from stdin; then the reader stops reading, and it ends quietly."""
    name = os.fsencode(tmp_path) + b"/-caf\xe9 \xff\n.mp4"
    shutil.copy(os.fsencode(SHORT), name)
    arguments = ("locate", EVENT, "--files-from", "-", "-0", "-m", "demo", "--min-score", "0")
    with subprocess.Popen(
        command(*arguments, "-f", "jsonl", "-q"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=environment(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            process.stdin.write(name + b"\0")
            process.stdin.flush()
            document = json.loads(process.stdout.readline())
            assert document["video"]["duration_ms"] == 12_000
            assert document["question"] == EVENT
            process.stdout.close()
            process.stdin.write(os.fsencode(SHORT) + b"\0")
            process.stdin.close()
            assert process.stderr.read() == b""
            assert process.wait(timeout=50) == 0
        finally:
            process.kill()


def test_help_names_every_option(qvtime: Qvtime) -> None:
    text = qvtime("locate", "--help").stdout
    for option in ("--top-k", "--min-score", "--within", "--files-from", "--null", "--plan"):
        assert option in text

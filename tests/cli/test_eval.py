"""`qvtime eval` as a command: what it prints, what it says, what it loads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, SAMPLES, Qvtime, environment

RALLY = str(SAMPLES / "rally.truth.json")


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """Two queries: one answered exactly, one with IoU 5/15."""
    given, truth = tmp_path / "given.jsonl", tmp_path / "truth.txt"
    truth.write_text("v1 0.0 10.0##a dog runs.\nv2 0.0 10.0##a cat sleeps.\n", "utf-8")
    events = ((0, 10_000), (5_000, 15_000))
    reports = (
        {
            "schema": "qvtime/1",
            "video": {"path": f"clips/v{number}.mp4"},
            "question": question,
            "events": [{"start_ms": start, "end_ms": end, "caption": "", "score": 1.0}],
        }
        for number, question, (start, end) in zip(
            (1, 2), ("A dog runs", "a cat sleeps"), events, strict=True
        )
    )
    given.write_text("".join(json.dumps(report) + "\n" for report in reports), "utf-8")
    return str(given), str(truth)


def test_the_table(qvtime: Qvtime, files: tuple[str, str]) -> None:
    ran = qvtime("eval", *files, "--preset", "charades-sta")
    assert (ran.code, ran.stderr) == (0, "")
    lines = [line.split() for line in ran.stdout.splitlines()]
    assert lines[0] == ["moments", "(2", "queries)"]
    assert ["R@1", "IoU", "0.5", "50.00", "%"] in lines
    assert ["mIoU", "66.67", "%"] in lines


def test_json_holds_the_numbers_the_rules_and_the_formats(
    qvtime: Qvtime, files: tuple[str, str], tmp_path: Path
) -> None:
    ran = qvtime("eval", *files, "--format", "json")
    document = json.loads(ran.stdout)
    assert document["schema"] == "qvtime-eval/1"
    assert document["formats"] == {"predictions": "qvtime", "truth": "charades-sta"}
    assert document["rules"]["passes"] == "at-least"
    measures = document["groups"]["moments"]["measures"]
    assert measures["mIoU"]["value"] == pytest.approx(100 * 2 / 3)
    out = tmp_path / "out.json"
    assert qvtime("eval", *files, "-o", str(out)).stdout == ""
    assert json.loads(out.read_text("utf-8")) == document


def test_what_is_read_is_not_written_over(qvtime: Qvtime, files: tuple[str, str]) -> None:
    for file, name in zip(files, ("predictions", "truth"), strict=True):
        before = Path(file).read_bytes()
        ran = qvtime("eval", *files, "-o", file)
        assert (ran.code, ran.stdout) == (5, "")
        assert f"it is the {name}" in ran.stderr
        assert Path(file).read_bytes() == before


def test_no_video_is_written_over(qvtime: Qvtime, files: tuple[str, str], tmp_path: Path) -> None:
    video = tmp_path / "clip.mp4"
    video.write_bytes(b"pictures")
    ran = qvtime("eval", *files, "-o", str(video))
    assert (ran.code, ran.stdout) == (5, "")
    assert "it is a video" in ran.stderr
    assert video.read_bytes() == b"pictures"


def test_the_ending_of_another_format_is_refused(
    qvtime: Qvtime, files: tuple[str, str], tmp_path: Path
) -> None:
    for name in ("out.csv", "out.srt", "out.segments.json"):
        ran = qvtime("eval", *files, "-o", str(tmp_path / name))
        assert (ran.code, ran.stdout) == (2, "")
        assert "measures cannot be written as" in ran.stderr
    assert qvtime("eval", *files, "-f", "json", "-o", str(tmp_path / "out.csv")).code == 0
    assert json.loads((tmp_path / "out.csv").read_text())
    assert qvtime("eval", *files, "-o", str(tmp_path / "measures")).code == 0


def test_a_truth_is_a_perfect_answer_to_itself(qvtime: Qvtime) -> None:
    ran = qvtime("eval", RALLY, RALLY)
    assert ran.code == 0
    assert ran.stdout.startswith("dense (1 videos)\n")
    assert ran.stdout.count("100.00 %") == 12
    queries = qvtime("eval", RALLY, RALLY, "--task", "moments")
    assert "moments (" in queries.stdout
    assert "R@1 IoU 0.7              100.00 %" in queries.stdout


def test_captions_by_video_are_measured_though_nothing_draws_them(
    qvtime: Qvtime, tmp_path: Path
) -> None:
    chart = tmp_path / "chart.png"
    plain = qvtime("eval", RALLY, RALLY, "--task", "dense")
    drawn = qvtime("eval", RALLY, RALLY, "--task", "dense", "--plot", str(chart))
    assert (plain.code, drawn.code) == (0, 2)
    assert drawn.stdout == plain.stdout
    assert "captions by video" in drawn.stderr
    assert not chart.exists()


def test_swapped_files_are_no_perfect_score(qvtime: Qvtime, tmp_path: Path) -> None:
    given, truth = tmp_path / "given.jsonl", tmp_path / "truth.jsonl"
    truth.write_text('{"qid": 1, "query": "a dog", "relevant_windows": [[0, 2]]}\n', "utf-8")
    given.write_text('{"qid": 1, "pred_relevant_windows": [[8, 9, 1.0]]}\n', "utf-8")
    ran = qvtime("eval", str(truth), str(given))
    assert (ran.code, ran.stdout) == (2, "")
    assert "swap the two files" in ran.stderr


def test_two_files_without_a_number_in_common_are_said(qvtime: Qvtime, tmp_path: Path) -> None:
    given, truth = tmp_path / "given.jsonl", tmp_path / "truth.jsonl"
    given.write_text('{"qid": 1, "pred_saliency_scores": [0.1, 0.2]}\n', "utf-8")
    truth.write_text('{"qid": 1, "duration": 4, "relevant_windows": [[0, 2]]}\n', "utf-8")
    ran = qvtime("eval", str(given), str(truth))
    assert (ran.code, ran.stdout) == (2, "")
    assert "clip scores" in ran.stderr


def test_what_is_left_out_is_said_and_ends_with_3(qvtime: Qvtime, files: tuple[str, str]) -> None:
    given = files[0]
    with Path(given).open("a", encoding="utf-8") as file:
        file.write("{half a li\n")
    ran = qvtime("eval", *files)
    assert ran.code == 3
    assert ran.stderr == f"qvtime: {given}: line 3 is not JSON (left out)\n"
    assert "moments (2 queries)" in ran.stdout
    quiet = qvtime("eval", *files, "-q")
    assert (quiet.code, quiet.stdout, quiet.stderr) == (3, ran.stdout, "")
    document = json.loads(qvtime("eval", *files, "-f", "json").stdout)
    (mistakes,) = document["mistakes"]
    assert mistakes["kinds"][0]["count"] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("none.json", RALLY),
        (RALLY, "none.json"),
        (RALLY, str(SAMPLES / "short.mp4")),
        ("-", "-"),
        (RALLY, RALLY, "--preset", "imagenet"),
        (RALLY, RALLY, "--round-to", "0"),
        (RALLY, RALLY, "--round-to", "nan"),
        (RALLY,),
        (RALLY, RALLY, "--top-k", "5"),
        (RALLY, RALLY, "-m", "demo"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    qvtime: Qvtime, arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = qvtime("eval", *arguments)
    assert (ran.code, ran.stdout) == (2, "")
    assert "Traceback" not in ran.stderr


def test_a_closed_stdin_is_said(
    qvtime: Qvtime, files: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    ran = qvtime("eval", "-", files[1])
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("qvtime: cannot read stdin: it is closed\n")


def test_predictions_from_stdin_without_torch(files: tuple[str, str]) -> None:
    script = (
        "import sys; from qvtime.cli.main import run; code = run(sys.argv[1:]);"
        "sys.stderr.write(' '.join(sys.modules)); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "eval", "-", files[1]],
        input=Path(files[0]).read_bytes(),
        capture_output=True,
        cwd=ROOT,
        env=environment(),
        timeout=50,
        check=True,
    )
    assert b"moments (2 queries)" in done.stdout
    loaded = set(done.stderr.decode().split())
    assert "qvtime.evaluation.moments" in loaded
    assert not loaded & {"torch", "transformers", "av", "cv2", "sqlite3"}

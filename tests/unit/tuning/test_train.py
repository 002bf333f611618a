"""Teaching from end to end: what is written loads, and a killed run goes on as if it had not."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from qvtime.cli.main import run
from qvtime.model.weights import load_model

ROOT = Path(__file__).parents[3]
OPTIONS = ("--steps", "6", "--batch", "2", "--questions", "2", "--keep-every", "1", "--seed", "3")


def command(clips: Path, folder: Path, out: Path, *more: str) -> list[str]:
    return ["train", str(clips), "--model", str(folder), "--out", str(out), *OPTIONS, *more]


def lines(out: Path) -> list[dict[str, Any]]:
    text = (out / "run" / "losses.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def taught(clips: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was never disturbed, looking at its held-out video every two steps."""
    out = tmp_path_factory.mktemp("taught") / "out"
    assert run(command(clips, folder, out, "--check-every", "2", "-q")) == 0
    return out


def test_the_result_is_a_model_with_the_habits_of_its_base(taught: Path, folder: Path) -> None:
    new, old = load_model(str(taught), "cpu"), load_model(str(folder), "cpu")
    assert new.habits == old.habits
    before, after = old.model.state_dict(), new.model.state_dict()
    assert before.keys() == after.keys()
    checks = [one for one in lines(taught) if "grade" in one]
    best = max(checks, key=lambda one: one["grade"])["step"]
    same = all(torch.equal(before[name], after[name]) for name in before)
    assert same == (best == 0)
    config = json.loads((taught / "config.json").read_text("utf-8"))
    assert config["dtype"] == "float16"
    assert (taught / "model.safetensors").stat().st_mode == (taught / "config.json").stat().st_mode
    assert (taught / "losses.png").read_bytes().startswith(b"\x89PNG")
    assert not list(taught.glob(".new-*"))


def test_the_last_step_is_kept_where_nothing_is_held_out(
    clips: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(command(clips, folder, out, "--held-out", "0", "-q")) == 0
    assert "of step 6, nothing held out" in capsys.readouterr().out
    assert (out / "losses.png").read_bytes().startswith(b"\x89PNG")
    before, after = (load_model(str(one), "cpu").model.state_dict() for one in (folder, out))
    assert not all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.timeout(300)  # two more processes load torch
def test_a_killed_run_goes_on_to_the_same_losses_and_weights(
    clips: Path, folder: Path, taught: Path, tmp_path: Path
) -> None:
    """kill -9 once a step is kept; on a CPU nothing differs, to the last bit."""
    out = tmp_path / "out"
    arguments = command(clips, folder, out, "--check-every", "2", "-q")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "qvtime", *arguments], cwd=ROOT, env=environment
    ) as process:
        deadline = time.monotonic() + 200
        while time.monotonic() < deadline and process.poll() is None:
            if (out / "run" / "losses.jsonl").exists() and len(lines(out)) >= 3:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (out / "config.json").exists()
    kept = len([one for one in lines(out) if "loss" in one])
    assert 1 <= kept < 6
    assert run(arguments) == 2  # not by accident
    assert run([*arguments, "--resume"]) == 0
    assert lines(out) == lines(taught)
    assert (out / "model.safetensors").read_bytes() == (taught / "model.safetensors").read_bytes()


def test_two_runs_do_not_teach_into_one_folder(
    clips: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (out / "run").mkdir(parents=True)
    with (out / "run" / "lock").open("ab") as other:
        fcntl.flock(other.fileno(), fcntl.LOCK_EX)
        assert run(command(clips, folder, out, "--resume", "-q")) == 5
    assert "another run is teaching into" in capsys.readouterr().err
    assert not (out / "run" / "checkpoint.pt").exists()


def test_a_run_goes_on_only_as_it_was_begun(
    clips: Path, folder: Path, taught: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = command(clips, folder, taught, "--check-every", "2", "--rate", "0.5", "--resume")
    assert run(changed) == 2
    assert "another rate" in capsys.readouterr().err
    (taught / "run" / "checkpoint.pt").write_bytes(b"broken")
    assert run(command(clips, folder, taught, "--check-every", "2", "--resume")) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_places_that_cannot_be_written(
    clips: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    assert run(command(clips, folder, tmp_path / "file")) == 5
    assert run(command(clips, folder, tmp_path / "file" / "out")) == 5
    assert run(command(clips, folder, folder)) == 2
    assert "holds a model already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--rate", "nan"),
        ("--rate", "inf"),
        ("--rate", "0"),
        ("--rate", "-1"),
        ("--align-weight", "inf"),
    ],
)
def test_numbers_that_no_training_can_use(
    option: str, value: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(command(tmp_path, folder, out, option, value)) == 2
    assert f"{option} cannot be {value}" in capsys.readouterr().err
    assert not out.exists()

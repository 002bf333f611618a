"""`--plan` of each command: what would be read, with no weights loaded and nothing written."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from qvtime.model import weights
from tests.cli.conftest import SHORT, Qvtime
from tests.scripted import seeing

DEMO = ("-m", "demo", "--plan")


@pytest.fixture(autouse=True)
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*arguments: Any, **more: Any) -> None:
        raise AssertionError("a plan loads no weights")

    monkeypatch.setattr(weights, "load_model", load)


def test_ask(qvtime: Qvtime) -> None:
    ran = qvtime("ask", SHORT, "what happens at 0:04?", "who spins?", *DEMO)
    assert (ran.code, ran.stderr) == (0, "")
    for word in ("0:04?", "who spins?", "windows", "96x96 px", "9 a patch", "memory", "time"):
        assert word in ran.stdout
    lines = qvtime("ask", SHORT, "what happens at 0:04?", "who spins?", *DEMO, "-f", "json").stdout
    first, second = map(json.loads, lines.splitlines())
    assert first["question"] == "what happens at 0:04?"
    assert first["windows"] == 1
    assert second["windows"] > 1
    assert second["tokens"] > second["tokens_per_window"] > 54
    assert second["weight_bytes"] > 0
    assert second["short"] is None
    assert qvtime("ask", SHORT, "at 9:00?", *DEMO).code == 2


def test_index(qvtime: Qvtime, tmp_path: Path) -> None:
    shutil.copy(SHORT, tmp_path / "a.mp4")
    (tmp_path / "b.mp4").write_text("no video")
    ran = qvtime("index", str(tmp_path), *DEMO, "-f", "jsonl")
    assert ran.code == 3
    assert "b.mp4" in ran.stderr
    (line,) = ran.stdout.splitlines()
    assert json.loads(line)["path"] == str(tmp_path / "a.mp4")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]
    chosen = qvtime("index", str(tmp_path), *DEMO, "--include", "a.*", "--fps", "2")
    assert chosen.code == 0
    assert "granularity  1 s" in chosen.stdout


def test_index_plans_only_what_it_would_look_at(
    qvtime: Qvtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        shutil.copy(SHORT, tmp_path / name)
        os.utime(tmp_path / name, ns=(10**18, 10**18))
    script = seeing([])
    with monkeypatch.context() as planted:
        planted.setattr("qvtime.cli.indexing.open_model", lambda *_: script.load())
        ran = qvtime("index", str(tmp_path / "a.mp4"), "-m", "demo", "-q", "--features", "none")
        assert ran.code == 0
    before = (tmp_path / ".qvtime" / "index.db").read_bytes()

    def planned(*more: str) -> list[str]:
        ran = qvtime("index", str(tmp_path), *DEMO, "-f", "jsonl", *more)
        return [Path(json.loads(line)["path"]).name for line in ran.stdout.splitlines()]

    assert planned() == ["b.mp4", "c.mp4"]
    assert planned("--limit", "1") == ["b.mp4"]
    assert planned(str(tmp_path / "b.mp4"), f"{tmp_path}/") == ["b.mp4", "c.mp4"]
    assert planned("--granularity", "1") == ["a.mp4", "b.mp4", "c.mp4"]
    assert (tmp_path / ".qvtime" / "index.db").read_bytes() == before
    refused = qvtime("index", str(tmp_path), *DEMO, "--prune")
    assert refused.code == 2
    assert "--plan forgets no video" in refused.stderr


def test_subtitles_that_a_run_could_not_read_are_no_plan(qvtime: Qvtime, tmp_path: Path) -> None:
    named = ("--subtitles", str(tmp_path / "none.srt"))
    for command in (("ask", SHORT, "who?"), ("index", SHORT), ("locate", SHORT, "it spins")):
        ran = qvtime(*command, *DEMO, *named)
        assert (ran.code, ran.stdout) == (2, "")
        assert "cannot read the subtitles in" in ran.stderr


def test_what_cannot_be_printed(qvtime: Qvtime, tmp_path: Path) -> None:
    for command in (("ask", SHORT, "who?"), ("index", SHORT), ("locate", SHORT, "it spins")):
        ran = qvtime(*command, *DEMO, "-f", "csv")
        assert ran.code == 2
        assert "a plan cannot be printed as csv" in ran.stderr
        ran = qvtime(*command, *DEMO, "-o", str(tmp_path / "plan.json"))
        assert (ran.code, ran.stdout) == (2, "")
        assert "--plan is printed, not written to" in ran.stderr
        assert qvtime(*command, *DEMO, "-o", "-").code == 0
    assert list(tmp_path.iterdir()) == []


def test_more_or_less_at_once(qvtime: Qvtime) -> None:
    def plan(*options: str) -> dict[str, Any]:
        ran = qvtime("locate", SHORT, "it spins", *DEMO, "-f", "json", *options)
        found: dict[str, Any] = json.loads(ran.stdout)
        return found

    usual, fewer, small = plan(), plan("--tokens", "64"), plan("--max-pixels", "64x64")
    assert fewer["frames_per_window"] < usual["frames_per_window"] == 12
    assert fewer["windows"] > usual["windows"]
    assert (small["width_px"], small["height_px"], small["tokens_per_patch"]) == (64, 64, 4)
    assert plan("--fps", "2")["coarse_ms"] == 1000
    refused = qvtime("locate", SHORT, "it spins", *DEMO, "--tokens", "10M")
    assert refused.code == 2
    assert "--tokens is 10000000; demo reads 32768" in refused.stderr


def test_what_a_plan_does_not_make(qvtime: Qvtime, tmp_path: Path) -> None:
    wishes = (("--clips", "clips"), ("--sheet", "a.png"), ("--plot", "a.svg"), ("--frames",))
    for option, *value in wishes:
        ran = qvtime(
            "locate", SHORT, "it spins", *DEMO, option, *(str(tmp_path / v) for v in value)
        )
        assert (ran.code, ran.stdout) == (2, "")
        assert f"--plan makes no {option}" in ran.stderr
    assert not list(tmp_path.iterdir())

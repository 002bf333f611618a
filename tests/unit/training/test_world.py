"""Clips on disk hold what their truth says, at the times it says."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from qvtime.evaluation.readers import read_file
from qvtime.timestamps import format_time
from qvtime.training.render import render
from qvtime.training.samples import RALLY_MOMENT_MS, SIGNS_MOMENT_MS, rally, signs, uneven_times
from qvtime.training.script import make_scene
from qvtime.training.world import even_times, film, truth_of
from qvtime.video.worker import open_video


def test_a_film_shows_the_scene_at_its_times(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    scene = make_scene(generator, 6000)
    times_ms = uneven_times(6000, generator)
    film(scene, times_ms, tmp_path / "clip.mp4", 128, 20, np.random.default_rng(0))
    with open_video(str(tmp_path / "clip.mp4")) as reader:
        batch = reader.frames_at(times_ms)
    assert batch.presented_ms.tolist() == times_ms
    truth = render(scene, times_ms, 128).astype(float)
    assert np.abs(batch.pixels - truth).mean() < 8


def test_the_command_writes_clips_and_truth_and_repeats_itself(tmp_path: Path) -> None:
    for name in ("first", "again"):
        command = ["--seed", "7", "--count", "2", "--seconds", "3", "--out"]
        subprocess.run(
            [sys.executable, "-m", "qvtime.training.world", *command, str(tmp_path / name)],
            check=True,
        )
    names = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert names == [f"clip-7-000{n}.{kind}" for n in (0, 1) for kind in ("mp4", "truth.json")]
    for name in names:
        first, again = (tmp_path / run / name for run in ("first", "again"))
        assert first.read_bytes() == again.read_bytes()


def test_truth_is_the_segments_format_with_subject_and_verb(tmp_path: Path) -> None:
    folder = Path(__file__).parents[3] / "samples"
    for name in ("rally", "short", "signs", "vfr"):
        text = (folder / f"{name}.truth.json").read_text("utf-8")
        reading = read_file(str(folder / f"{name}.truth.json"), is_truth=True)
        assert (reading.format.name, reading.mistakes.counts) == ("segments", {})
        (entry,) = reading.entries
        assert entry.video == name
        for event, raw in zip(entry.intervals, json.loads(text)["segments"], strict=True):
            assert event.caption == f"the {raw['subject']} {raw['verb']}"


def test_the_rally_has_one_jump_at_its_moment() -> None:
    scene, _ = rally()
    going_on = [h for h in scene.happenings if h.start_ms <= RALLY_MOMENT_MS < h.end_ms]
    assert [one.verb for one in going_on] == ["jumps"]


def test_the_sample_with_signs_has_a_word_at_its_moment() -> None:
    scene, _ = signs()
    sign = scene.sign(SIGNS_MOMENT_MS)
    assert sign
    assert sign.word == "SPORT"
    kept = Path(__file__).parents[3] / "samples" / "signs.truth.json"
    assert json.loads(kept.read_text("utf-8")) == truth_of(scene, "signs")


def test_even_times() -> None:
    assert even_times(1000, 3) == [0, 333, 667]


def test_the_truth_of_a_clip_with_signs_says_what_is_written_and_when(tmp_path: Path) -> None:
    scene = make_scene(np.random.default_rng(2), 20_000, signs=True)
    truth = truth_of(scene, "clip")
    assert [one["word"] for one in truth["signs"]] == [sign.word for sign in scene.signs]
    assert truth["signs"][0]["end_time"] == format_time(scene.signs[0].end_ms, 3)
    (tmp_path / "clip.truth.json").write_text(json.dumps(truth), "utf-8")
    (entry,) = read_file(str(tmp_path / "clip.truth.json"), is_truth=True).entries
    assert len(entry.intervals) == len(scene.happenings)
    assert "signs" not in truth_of(replace(scene, signs=()), "clip")

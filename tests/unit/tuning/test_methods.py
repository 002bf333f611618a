"""Adapters, the alignment loss, several processes: ways to teach that change what they must."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from qvtime.cli.main import run
from qvtime.cli.training import read_layers
from qvtime.errors import UsageError
from qvtime.frames import FrameBatch
from qvtime.model.weights import load_model
from qvtime.tuning.adapters import merge_adapters
from qvtime.tuning.alignment import looks_of, open_recorder
from qvtime.tuning.labels import inside
from qvtime.tuning.lessons import Lesson, Shown, make_lesson
from qvtime.tuning.losses import lesson_loss
from qvtime.tuning.negatives import Negatives
from qvtime.tuning.pupil import Pupil, load_pupil
from qvtime.tuning.questions import Asker
from qvtime.tuning.recipe import Recipe
from tests.unit.tuning.conftest import video

ROOT = Path(__file__).parents[3]
TIMES = (1000, 1500, 2000, 2500)
VIDEO = video((1400, 2100, "the red circle jumps"))


def lesson_for(pupil: Pupil) -> Lesson:
    """One question, when: its answer is <time>1.5</time> - <time>2.0</time>."""
    asker = Asker(pupil.loaded.tokenizer, pupil.loaded.habits, Negatives([VIDEO]), 0.0)
    tail = asker.when("the red circle jumps", inside(VIDEO.labels, TIMES), TIMES)
    pixels = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3), dtype=np.uint8)
    shown = Shown(FrameBatch(pixels, np.arange(8), np.arange(8)))
    return make_lesson(asker, shown, TIMES, [tail])


@pytest.mark.parametrize("vision", [0.0, 1.0])
def test_only_adapters_learn_and_they_become_part_of_the_weights(
    folder: Path, vision: float
) -> None:
    pupil = load_pupil(str(folder), "cpu", Recipe(steps=1, method="lora", vision_rate=vision))
    assert all("lora_" in name for name in pupil.named)
    assert any("visual" in name for name in pupil.named) == (vision > 0)
    assert all(one.dtype == torch.float32 for one in pupil.named.values())
    lesson = lesson_for(pupil)
    optimizer = torch.optim.AdamW(pupil.groups())
    losses = []
    for _ in range(8):
        loss = lesson_loss(pupil, lesson)
        loss.total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.total.detach()))
    assert losses[-1] < losses[0]
    with torch.no_grad():
        adapted = float(lesson_loss(pupil, lesson).total)
        pupil.model = merge_adapters(pupil.adapted)
        assert float(lesson_loss(pupil, lesson).total) == pytest.approx(adapted, abs=1e-4)
    names = pupil.model.state_dict().keys()
    assert names == load_model(str(folder), "cpu").model.state_dict().keys()


def test_the_alignment_loss_looks_at_the_pictures_of_the_patch_that_is_said(
    folder: Path,
) -> None:
    pupil = load_pupil(str(folder), "cpu", Recipe(steps=1, align_weight=1.0, align_heads=2))
    lesson = lesson_for(pupil)
    tokenizer = pupil.loaded.tokenizer
    looks = looks_of(lesson, pupil.loaded.control.video_pad, torch.device("cpu"))
    ids = [*lesson.prefix, *lesson.tails[0].ids]
    for place, target in zip(looks.places.tolist(), looks.targets, strict=True):
        token = tokenizer.decode([ids[place + 1]])
        wanted = target.nonzero().flatten().tolist()
        said = tokenizer.decode(ids[place : place + 6])
        if token in "0123456789." and ids[place] == tokenizer.convert_tokens_to_ids("<time>"):
            assert wanted == [TIMES.index(round(1000 * float(said[6:9])))]
    assert looks.targets[0].tolist() == [0, 0.5, 0.5, 0]  # the question: all of the event
    for patch in range(4):
        own = [ids[k] for k in (looks.owners[0] == patch).nonzero().flatten().tolist()]
        assert own == [pupil.loaded.control.video_pad] * (lesson.rows * lesson.columns)
    optimizer = torch.optim.AdamW(pupil.groups(), lr=1e-2)
    heard = []
    for _ in range(15):
        optimizer.zero_grad()
        loss = lesson_loss(pupil, lesson)
        assert loss.alignment is not None
        assert loss.total.item() == pytest.approx(loss.answers.item() + loss.alignment.item())
        loss.alignment.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        heard.append(loss.alignment.item())
    assert heard[-1] < 0.7 * heard[0]


def test_answers_are_the_same_whether_attention_is_heard_or_not(folder: Path) -> None:
    losses = []
    for weight in (0.0, 0.5):
        pupil = load_pupil(str(folder), "cpu", Recipe(steps=1, align_weight=weight))
        losses.append(lesson_loss(pupil, lesson_for(pupil)).answers.item())
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_layers_and_heads_that_a_model_does_not_have(folder: Path) -> None:
    model: Any = load_model(str(folder), "cpu").model
    with pytest.raises(UsageError, match="no layer 3"):
        open_recorder(model, Recipe(steps=1, align_weight=1, align_layers=(1, 3)))
    with pytest.raises(UsageError, match="cannot be 3"):
        open_recorder(model, Recipe(steps=1, align_weight=1, align_heads=3))
    assert read_layers("4, 3") == (3, 4)
    with pytest.raises(UsageError, match="cannot be x"):
        read_layers("x")


@pytest.mark.timeout(300)  # two processes load torch
def test_two_processes_teach_one_model(clips: Path, folder: Path, tmp_path: Path) -> None:
    """The same windows and the same gradients as one process: each takes a half."""
    losses = []
    for processes in (1, 2):
        out = tmp_path / str(processes)
        options = ["--steps", "3", "--batch", "8", "--questions", "2", "--held-out", "0", "-q"]
        arguments = ["train", str(clips), "--model", str(folder), "--out", str(out), *options]
        if processes == 1:
            assert run(arguments) == 0
        else:
            launch = ["-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"]
            launch += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
            subprocess.run(
                [sys.executable, *launch, "-m", "qvtime", *arguments],
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "MASTER_PORT": "29611"},
                check=True,
                timeout=250,
            )
        lines = (out / "run" / "losses.jsonl").read_text("utf-8").splitlines()
        losses.append([json.loads(line)["loss"] for line in lines])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)

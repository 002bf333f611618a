"""At which rates what is taught; and a course, cut off and gone on with."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from qvtime.training.export import HEADS_FILE
from qvtime.training.miniature import TeachingHeads, build_model
from qvtime.training.tokenizer import build_tokenizer
from qvtime.training.train import (
    HEADS_FIRST_RATE,
    HEADS_FIRST_STEPS,
    TOWER_RATE_SHARE,
    Course,
    start_from,
)
from qvtime.training.wording import corpus


def rates(step: int, language: bool, vision_steps: int = 0, new: bool = True) -> dict[str, float]:
    course = SimpleNamespace(
        step=step,
        heads_first=HEADS_FIRST_STEPS if new else 0,
        options=SimpleNamespace(vision_steps=vision_steps, steps=2000),
    )
    return Course._rate_shares(cast("Any", course), language)


def test_new_heads_learn_alone_first() -> None:
    for step in (0, HEADS_FIRST_STEPS - 1):
        assert rates(step, language=True) == {
            "tower": 0,
            "cells": HEADS_FIRST_RATE,
            "language": 0,
            "heads": HEADS_FIRST_RATE,
        }
    after = rates(HEADS_FIRST_STEPS, language=True)
    assert 0 < after["language"] < 0.02
    assert after["tower"] == pytest.approx(TOWER_RATE_SHARE * after["language"])
    assert after["heads"] == after["language"]


def test_a_tower_taught_alone_has_its_heads_when_the_language_model_waits_for_its_own() -> None:
    first = rates(0, language=False, vision_steps=500)
    assert (first["tower"], first["cells"]) == (0, HEADS_FIRST_RATE)
    assert rates(HEADS_FIRST_STEPS + 100, language=False, vision_steps=500)["tower"] > 0.2
    both = rates(510, language=True, vision_steps=500)
    assert (both["language"], both["heads"]) == (0, HEADS_FIRST_RATE)
    assert 0 < both["tower"] == both["cells"]


def test_heads_that_came_with_a_checkpoint_are_not_waited_for() -> None:
    assert rates(0, language=True, new=False)["language"] > 0
    assert rates(100, language=True, new=False)["language"] == pytest.approx(1, abs=0.01)
    assert rates(1999, language=True, new=False)["language"] == pytest.approx(0.02, abs=0.001)


@pytest.mark.timeout(240)  # two processes that load torch, on a machine that may be busy
def test_a_course_is_run_and_gone_on_with(tmp_path: Path) -> None:
    """One step of the tower and one of everything; then one more, on the checkpoint of those."""
    short = ["--batch", "1", "--patches", "3", "--glimpses", "3", "--threads", "1"]
    command = [sys.executable, "-m", "qvtime.training.train", "--out", str(tmp_path), *short]
    course = tmp_path / "checkpoint.pt"
    steps = []
    for language_steps in ("1", "2"):
        arguments = ["--vision-steps", "1", "--steps", language_steps, "--device", "cpu"]
        subprocess.run([*command, *arguments], check=True, capture_output=True, timeout=300)
        steps.append(torch.load(course, weights_only=True)["step"])
    assert steps == [2, 3]
    assert (tmp_path / "model" / "model.safetensors").stat().st_size > 1_000_000

    model, heads = build_model(build_tokenizer(corpus())), TeachingHeads()
    taught = torch.load(course, weights_only=True)["heads"]
    assert not start_from(tmp_path / "model", model, heads)
    for name, weight in heads.state_dict().items():
        torch.testing.assert_close(weight, taught[name], atol=1e-3, rtol=1e-3)
    (tmp_path / "model" / HEADS_FILE).unlink()
    assert start_from(tmp_path / "model", model, heads)

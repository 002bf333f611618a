"""Teach the demo model: `python -m qvtime.training.train --out DIR --minutes N`.

First the vision tower alone, densely, then everything together (docs/demo-model.md says why in
this order). A run can be stopped at any time and goes on from its last checkpoint; the same
command works on a CPU and on a GPU. `--no-alignment` leaves the alignment loss out, to compare.
"""

import argparse
import math
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn.attention import SDPBackend, sdpa_kernel

from qvtime.model.machine import multiplies_bfloat16
from qvtime.model.vision import speed_up_vision
from qvtime.model.weights import load_model
from qvtime.training.alignment import AttentionRecorder
from qvtime.training.batches import Batch, Glimpses
from qvtime.training.export import HEADS_FILE, export
from qvtime.training.losses import answer_loss, cell_loss, see
from qvtime.training.miniature import (
    ALIGNED_HEADS,
    ALIGNED_LAYERS,
    SAYING_LAYERS,
    TeachingHeads,
    build_model,
    grow,
)
from qvtime.training.supply import Supply
from qvtime.training.tokenizer import build_tokenizer
from qvtime.training.wording import corpus

TOWER_RATE_SHARE = 0.25
"""The tower's learning rate beside the language model's, once both are taught."""
HEADS_FIRST_STEPS, HEADS_FIRST_RATE = 250, 3.0
"""How long teaching heads learn to read a model that came without some of them before it learns,
and at how many times the learning rate.

A model that learned from heads which could not read it yet unlearned: the tower in their first
steps, so that "at" fell from 87 to 51 %; the language model, after 60 of them, so that "when" fell
from 73 to 50 %, which took it a third of a course to make good.
"""
CHECKPOINT_SECONDS = 240


def main() -> None:
    """Teach until the time is up, then write the model where `qvtime --model DIR` finds it."""
    options = _options()
    torch.manual_seed(options.seed)
    if options.threads:
        torch.set_num_threads(options.threads)
    tokenizer = build_tokenizer(corpus())
    model = build_model(tokenizer, options.seed)
    heads = TeachingHeads()
    heads_first = 0
    if options.start and start_from(options.start, model, heads, options.tower_only):
        heads_first = HEADS_FIRST_STEPS
    model, heads = model.to(options.device), heads.to(options.device)
    speed_up_vision(model)
    recorder = AttentionRecorder(ALIGNED_LAYERS, ALIGNED_HEADS, SAYING_LAYERS)
    recorder.install(model)
    options.out.mkdir(parents=True, exist_ok=True)
    course = Course(model, heads, recorder, tokenizer, options, heads_first)
    course.resume()
    if options.device == "cpu":
        # Written out, the tower's attention takes a third of the fused kernel's time.
        torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp(True)
        with sdpa_kernel(SDPBackend.MATH):
            course.run()
    else:
        course.run()
    export(model, heads, tokenizer, options.out / "model", options.patches)


def start_from(path: Path, model: Any, heads: TeachingHeads, tower_only: bool = False) -> bool:
    """Begin with the weights and heads of a model folder, or of a course's checkpoint.pt.

    tower_only: the vision tower's alone, and a language model that was taught nothing. Returns
    whether there are heads that the weights know nothing of.
    """
    if tower_only:
        model.model.visual.load_state_dict(
            load_model(str(path), "cpu").model.model.visual.state_dict()
        )
        return True
    if path.is_dir():
        grow(model, load_model(str(path), "cpu").model.state_dict())
        kept = path / HEADS_FILE
        known = load_file(kept) if kept.exists() else {}
    else:
        state = torch.load(path, map_location="cpu", weights_only=True)
        grow(model, state["model"])
        known = state["heads"]
    return bool(heads.load_state_dict(known, strict=False).missing_keys)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="go on from this model folder or checkpoint.pt")
    parser.add_argument(
        "--tower-only", action="store_true", help="of a --start folder the vision tower alone"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--vision-steps", type=int, default=1500)
    parser.add_argument("--steps", type=int, default=6000, help="steps after the vision tower's")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so long")
    parser.add_argument("--batch", type=int, default=12, help="clips of the most patches a step")
    parser.add_argument("--patches", type=int, default=6, help="temporal patches a clip at most")
    parser.add_argument("--glimpses", type=int, default=72, help="single patches for the tower")
    parser.add_argument("--rate", type=float, default=1e-3, help="highest learning rate")
    parser.add_argument("--workers", type=int, default=1, help="processes that make clips")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-alignment", action="store_true")
    return parser.parse_args()


class Course:
    """One run of teaching: what is taught, how far it is, and where it is kept."""

    def __init__(
        self,
        model: Any,
        heads: TeachingHeads,
        recorder: AttentionRecorder,
        tokenizer: Any,
        options: argparse.Namespace,
        heads_first: int,
    ) -> None:
        self.model, self.heads, self.recorder = model, heads, recorder
        self.tokenizer, self.options = tokenizer, options
        self.heads_first = heads_first
        self.in_bfloat16 = multiplies_bfloat16(options.device)
        self.groups = {
            "tower": list(model.model.visual.parameters()),
            "cells": list(heads.cells.parameters()),
            "language": list(model.model.language_model.parameters()),
            "heads": [p for n, p in heads.named_parameters() if not n.startswith("cells.")],
        }
        self.optimizer = torch.optim.AdamW(
            [{"params": group} for group in self.groups.values()],
            lr=options.rate,
            betas=(0.9, 0.98),
            weight_decay=0.05,
            fused=True,
        )
        self.step = 0
        self.kept = options.out / "checkpoint.pt"

    def resume(self) -> None:
        """Go on from the last checkpoint, if there is one."""
        if self.kept.exists():
            state = torch.load(self.kept, map_location=self.options.device, weights_only=True)
            self.model.load_state_dict(state["model"])
            self.heads.load_state_dict(state["heads"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step = state["step"]

    def keep(self) -> None:
        """Write a checkpoint beside the old one, then replace it."""
        state = {
            "model": self.model.state_dict(),
            "heads": self.heads.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }
        beside = self.kept.with_suffix(".new")
        torch.save(state, beside)
        beside.replace(self.kept)

    def run(self) -> None:
        """Teach until the steps or the minutes are over."""
        options = self.options
        began = kept = time.monotonic()
        total = options.vision_steps + options.steps
        supply = Supply(options.seed + self.step, options.workers, options.patches, options.device)
        glimpses = supply.glimpses(options.glimpses)
        lessons = supply.lessons(options.batch * options.patches, self.tokenizer)
        figures: dict[str, list[float]] = defaultdict(list)
        self.model.train()
        while self.step < total and time.monotonic() - began < options.minutes * 60:
            waited = time.monotonic()
            batch = next(lessons) if self.step >= options.vision_steps else None
            glimpse = next(glimpses)
            figures["wait"].append(time.monotonic() - waited)
            for name, figure in self._learn(glimpse, batch).items():
                figures[name].append(figure)
            self.step += 1
            if self.step % 50 == 0:
                means = " ".join(f"{name} {np.mean(f):.3f}" for name, f in figures.items())
                took = (time.monotonic() - began) / 60
                sys.stderr.write(f"{took:.1f} min, step {self.step}: {means}\n")
                figures.clear()
            if time.monotonic() - kept > CHECKPOINT_SECONDS:
                self.keep()
                kept = time.monotonic()
        self.keep()

    def _learn(self, glimpses: Glimpses, batch: Batch | None) -> dict[str, float]:
        """One step: the tower on glimpses, and the rest on lessons once its time has come."""
        options = self.options
        shares = self._rate_shares(language=batch is not None)
        for name, group in zip(self.groups, self.optimizer.param_groups, strict=True):
            group["lr"] = options.rate * shares[name]
        with torch.autocast(options.device, torch.bfloat16, enabled=self.in_bfloat16):
            seen = cell_loss(self.heads, see(self.model, glimpses), glimpses)
        torch.autograd.backward(seen.loss)
        figures = {"cells": seen.loss.item(), **seen.figures}
        if batch:
            with torch.autocast(options.device, torch.bfloat16, enabled=self.in_bfloat16):
                said = answer_loss(
                    self.model,
                    self.heads,
                    self.recorder,
                    batch,
                    not options.no_alignment,
                    learns=shares["language"] > 0,
                )
            torch.autograd.backward(said.loss)
            figures |= {"loss": said.loss.item(), **said.figures}
        for group in self.optimizer.param_groups:
            torch.nn.utils.clip_grad_norm_(group["params"], 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return figures

    def _rate_shares(self, language: bool) -> dict[str, float]:
        """The learning rate of every group, in shares of the highest; language: beside lessons.

        Each of the two parts falls along a cosine to a fiftieth, after a warm-up that begins once
        the heads can read.
        """
        begin = self.options.vision_steps if language else 0
        length = self.options.steps if language else self.options.vision_steps
        done = self.step - begin
        warm = min(1.0, (max(0, done - self.heads_first) + 1) / 100)
        share = warm * (0.51 + 0.49 * math.cos(math.pi * done / length))
        tower = share * (TOWER_RATE_SHARE if language else 1.0)
        shares = {"tower": tower, "cells": tower, "language": share, "heads": share}
        if self.step < self.heads_first:
            shares |= {"tower": 0.0, "cells": HEADS_FIRST_RATE}
        if language and done < self.heads_first:
            shares |= {"language": 0.0, "heads": HEADS_FIRST_RATE}
        return shares


if __name__ == "__main__":
    main()

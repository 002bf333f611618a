"""Made clips as encoded files, and the real command line that examinations ask about them."""

import argparse
import contextlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qvtime.cli.main import run
from qvtime.timeline import Span
from qvtime.training.scene import Scene
from qvtime.training.world import COMPRESSIONS, FRAME_RATES, SIZES_PX, even_times, film

CHINESE_SHARE = 1 / 3
"""How many questions of an examination are in Chinese."""


def examination(doc: str | None, count: int, seconds: float, seed: int) -> argparse.ArgumentParser:
    """The options of every examination, with how many clips of which length and seed it takes."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--count", type=int, default=count, help="clips; %(default)s")
    parser.add_argument("--seconds", type=float, default=seconds, help="of a clip; %(default)s")
    parser.add_argument("--seed", type=int, default=seed, help="%(default)s")
    return parser


def examination_of_one(
    doc: str | None, count: int, seconds: float, seed: int
) -> argparse.ArgumentParser:
    """The same, of one model whose answers may be kept."""
    parser = examination(doc, count, seconds, seed)
    parser.add_argument("--model", default="demo")
    parser.add_argument("--out", type=Path, metavar="FILE", help="keep what was asked and answered")
    return parser


def examination_of_several(
    doc: str | None, count: int, seconds: float, seed: int
) -> argparse.ArgumentParser:
    """The same, of models beside each other."""
    parser = examination(doc, count, seconds, seed)
    parser.add_argument("--model", action="append", required=True, help="may be given again")
    return parser


def film_by_chance(scene: Scene, clip: Path, generator: np.random.Generator) -> None:
    """The scene as an encoded file, at a rate, size and compression left to chance."""
    rate, size_px = int(generator.choice(FRAME_RATES)), int(generator.choice(SIZES_PX))
    compression = int(generator.integers(*COMPRESSIONS))
    film(scene, even_times(scene.duration_ms, rate), clip, size_px, compression, generator)


def ask(clip: Path, questions: Sequence[str], model: str, *options: str) -> list[dict[str, Any]]:
    """The reports that `qvtime ask` prints for these questions, all on one look at the clip."""
    return _reports(["ask", str(clip), *questions, "--model", model, *options], codes=(0,))


def locate(clip: Path, event: str, model: str, *options: str) -> dict[str, Any]:
    """The report that `qvtime locate` prints for this event, found or not."""
    (report,) = _reports(["locate", str(clip), event, "--model", model, *options], codes=(0, 1))
    return report


def likeliest(report: dict[str, Any]) -> Span | None:
    """The event with the highest score; None where there is none."""
    best = max(report["events"], key=lambda event: event["score"] or 0, default=None)
    return Span(best["start_ms"], best["end_ms"]) if best else None


def _reports(arguments: Sequence[str], codes: tuple[int, ...]) -> list[dict[str, Any]]:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = run([*arguments, "-q", "--format", "jsonl"])
    if code not in codes:
        raise SystemExit(code)
    return [json.loads(line) for line in printed.getvalue().splitlines()]

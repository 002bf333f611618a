"""The checkpoints that are known by name: their shapes, and what was published of them.

The configurations in qvtime/data/configs are the published ones; `-Instruct` and `-Thinking` of a
size share one, as do fine-tunes. Accuracy is quoted, never measured here; docs/accuracy.md has all
of it. Any other Qwen3-VL can be run as well: this is a list to choose from, not a list of what is
allowed.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from qvtime.model.shape import ModelShape, shape_of

CONFIGS = Path(__file__).parents[1] / "data" / "configs"

REPORT = "arXiv 2511.21631, tables 2-4"
TIMELENS = "TencentARC/TimeLens, README"
TIMELENS2 = "MCG-NJU/TimeLens2, model card"


@dataclass(frozen=True, slots=True)
class Published:
    """A figure of somebody else's: mean IoU in percent, on a benchmark, and who says so."""

    benchmark: str
    miou: float
    source: str


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A checkpoint on the hub. size: the stem of its configuration; published: best known first."""

    name: str
    size: str
    published: tuple[Published, ...] = ()

    @property
    def config(self) -> dict[str, Any]:
        """Its config.json, as far as shapes go."""
        return read_config(self.size)

    @property
    def shape(self) -> ModelShape:
        return shape_of(self.config)


@cache
def _config_text(size: str) -> str:
    return (CONFIGS / f"{size}.json").read_text("utf-8")


def read_config(size: str) -> dict[str, Any]:
    """The published configuration of a size, such as "4b"."""
    config: dict[str, Any] = json.loads(_config_text(size))
    return config


_CHARADES = {  # Instruct, Thinking
    "2B": (54.5, 56.9),
    "4B": (55.5, 59.0),
    "8B": (56.0, 59.9),
    "30B-A3B": (63.5, 62.7),
    "32B": (61.2, 62.8),
    "235B-A22B": (64.8, 63.5),
}


def _of_qwen(size: str) -> tuple[KnownModel, KnownModel]:
    figures: list[tuple[Published, ...]] = [
        (Published("Charades-STA", miou, REPORT),) for miou in _CHARADES[size]
    ]
    if size == "8B":
        figures[0] += (
            Published("Charades-TimeLens", 48.3, TIMELENS),
            Published("ActivityNet-TimeLens", 46.8, TIMELENS),
            Published("QVHighlights-TimeLens", 59.4, TIMELENS),
        )
    return (
        KnownModel(f"Qwen/Qwen3-VL-{size}-Instruct", size.lower(), figures[0]),
        KnownModel(f"Qwen/Qwen3-VL-{size}-Thinking", size.lower(), figures[1]),
    )


KNOWN_MODELS: tuple[KnownModel, ...] = (
    *(model for size in _CHARADES for model in _of_qwen(size)),
    KnownModel(
        "TencentARC/TimeLens-8B",
        "8b",
        (
            Published("Charades-TimeLens", 55.2, TIMELENS),
            Published("ActivityNet-TimeLens", 53.2, TIMELENS),
            Published("QVHighlights-TimeLens", 65.5, TIMELENS),
        ),
    ),
    KnownModel(
        "MCG-NJU/TimeLens2-2B", "2b", (Published("mean of seven benchmarks", 44.5, TIMELENS2),)
    ),
    KnownModel("MCG-NJU/TimeLens2-4B", "4b"),
    KnownModel("MCG-NJU/TimeLens2-8B", "8b"),
)


def known_model(name: str) -> KnownModel | None:
    """The entry of this name, in any case and with or without its owner; None when there is none.

    A name that fits several (`8B`) fits none.
    """
    wanted = name.casefold()
    found = [
        model
        for model in KNOWN_MODELS
        if wanted in (model.name.casefold(), model.name.partition("/")[2].casefold())
    ]
    return found[0] if len(found) == 1 else None

"""A checkpoint of a course as a model folder: `python -m qvtime.training.export --out DIR`.

Weights are kept in half precision, half the size; inference computes in float32. Beside them lie
the teaching heads, which only a course that goes on from the folder reads.
"""

import argparse
import copy
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from qvtime.model.checkpoint import DEMO_FOLDER
from qvtime.model.weights import load_model
from qvtime.training.glimpses import SIZE_PX
from qvtime.training.miniature import TeachingHeads, build_model
from qvtime.training.tokenizer import build_tokenizer
from qvtime.training.wording import corpus

HEADS_FILE = "teaching-heads.safetensors"


def export(
    model: Any, heads: TeachingHeads, tokenizer: Any, folder: Path, window_patches: int
) -> None:
    """Write the model where `qvtime --model FOLDER` finds it, with how it wants to be asked."""
    kept = copy.deepcopy(model.state_dict())
    clean: Any = build_model(tokenizer)
    clean.load_state_dict(kept)
    clean.config.qvtime = {
        "window_patches": window_patches,
        "frame_pixels": SIZE_PX * SIZE_PX,
        "closer_moments": True,
        "answer_form": "",
        "when_form": "{event}",
    }
    clean.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    halves = {name: weight.half() for name, weight in heads.state_dict().items()}
    save_file(halves, folder / HEADS_FILE)


def mix(model: nn.Module, earlier: nn.Module, share: float) -> None:
    """Move the weights of a model this share of the way back to earlier ones that it came from.

    The mean of two points of one course is often better than either (Wortsman et al. 2022, "Model
    soups", arXiv:2203.05482; Ilharco et al. 2022, "Patching open-vocabulary models by
    interpolating weights", arXiv:2208.05592).
    """
    before = earlier.state_dict()
    with torch.no_grad():
        for name, weight in model.state_dict().items():
            weight.lerp_(before[name].to(weight), share)


def main() -> None:
    """Write the last checkpoint of a course as a model folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--course", type=Path, required=True, help="the --out of the training")
    parser.add_argument("--out", type=Path, default=DEMO_FOLDER)
    parser.add_argument("--patches", type=int, default=6, help="patches the model reads at once")
    parser.add_argument("--mix", type=Path, help="the model folder that the course began with")
    parser.add_argument("--mix-share", type=float, default=0.2, help="how much of it to mix in")
    options = parser.parse_args()
    tokenizer = build_tokenizer(corpus())
    model, heads = build_model(tokenizer), TeachingHeads()
    state = torch.load(options.course / "checkpoint.pt", map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    heads.load_state_dict(state["heads"])
    if options.mix:
        mix(model, load_model(str(options.mix), "cpu").model, options.mix_share)
    export(model, heads, tokenizer, options.out, options.patches)


if __name__ == "__main__":
    main()

"""How much faster qvtime's vision tower is than transformers' own, in one run.

    python benchmarks/vision.py [--patches 64] [--rounds 5] [--threads 1]

The same random weights see the same pictures through both. Processor time is measured, the rounds
alternate and the fastest of each counts, so that a busy machine slows both alike. The towers: the
demo's, and the 2B's (hidden 1024) cut to 4 of its 24 layers, at 96x96 px.
"""
# ruff: noqa: T201 (a benchmark prints)

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from transformers import Qwen3VLConfig, Qwen3VLModel

from qvtime.model.pixels import patches_of
from qvtime.model.vision import speed_up_vision, video_features

SIDE_PX = 96
DEMO = {"hidden_size": 192, "intermediate_size": 512, "num_heads": 3, "out_hidden_size": 256}
LARGE = {"hidden_size": 1024, "intermediate_size": 4096, "num_heads": 16, "out_hidden_size": 2048}


class Holder(torch.nn.Module):
    """A model as far as its vision tower: `model.model.visual`."""

    def __init__(self, shape: dict[str, int], dtype: torch.dtype) -> None:
        super().__init__()
        config = Qwen3VLConfig(
            text_config={
                "vocab_size": 8,
                "hidden_size": shape["out_hidden_size"],
                "intermediate_size": 8,
                "num_hidden_layers": 1,
                "num_attention_heads": 1,
                "num_key_value_heads": 1,
            },
            vision_config={**shape, "depth": 4, "deepstack_visual_indexes": [0, 1, 2]},
        )
        torch.manual_seed(0)
        model: Any = Qwen3VLModel(config)
        self.model = model.eval().to(dtype)


def fastest_ms(works: list[Callable[[], object]], rounds: int) -> list[float]:
    """The fastest of `rounds` alternating runs of each, in ms of processor time, after a first."""
    best = [float("inf")] * len(works)
    for turn in range(rounds + 1):
        for place, work in enumerate(works):
            started = time.process_time()
            work()
            if turn:
                best[place] = min(best[place], 1000 * (time.process_time() - started))
    return best


def compare(
    name: str,
    shape: dict[str, int],
    dtype: torch.dtype,
    options: argparse.Namespace,
) -> None:
    """One line: the two times, their ratio, and the largest difference of the features."""
    pixels = np.random.default_rng(0).integers(
        0, 256, (2 * options.patches, SIDE_PX, SIDE_PX, 3), dtype=np.uint8
    )
    stock, fast = Holder(shape, dtype), Holder(shape, dtype)
    speed_up_vision(fast)
    grid = torch.tensor([[options.patches, SIDE_PX // 16, SIDE_PX // 16]])

    def see_stock() -> torch.Tensor:
        seen = stock.model.visual(patches_of(pixels).to(dtype), grid_thw=grid, return_dict=True)
        features: torch.Tensor = seen.pooler_output
        return features

    def see_fast() -> torch.Tensor:
        return video_features(fast, pixels).pooled

    with torch.inference_mode():
        difference = float((see_stock() - see_fast()).abs().max())
        stock_ms, fast_ms = fastest_ms([see_stock, see_fast], options.rounds)
    print(
        f"{name:6} {str(dtype)[6:]:8} {stock_ms:9.1f} {fast_ms:9.1f} "
        f"{stock_ms / fast_ms:7.2f} {difference:11.1e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--patches", type=int, default=64, help="temporal patches")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(
        f"{options.patches} temporal patches, {options.threads} thread(s), processor time, "
        f"fastest of {options.rounds}"
    )
    print("tower  dtype    stock ms   fast ms   ratio  difference")
    compare("demo", DEMO, torch.float32, options)
    for dtype in (torch.float32, torch.bfloat16):
        compare("2B/6", LARGE, dtype, options)


if __name__ == "__main__":
    main()

"""What qvtime's way through Qwen3-VL costs beside transformers' own, in one run.

    python benchmarks/stock.py [--shape demo|2B] [--layers 2] [--dtype float32] [--device cpu]

The same random weights and the same random pictures through both: the vision tower, reading the
video (prefill), a token said, the first question and the tenth. The 2B is cut to `--layers` layers
of each part. Rounds alternate and the fastest of each counts; on a CPU processor time is measured,
so that a busy machine slows both alike. Beside them stand the floors: what the operations and the
bytes of each stage take at the speed of a large matrix product and of a large copy, measured in the
same run.
"""
# ruff: noqa: T201 (a benchmark prints)

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

from qvtime.model.kernels import install_kernels, why_no_kernels
from qvtime.model.layout import lay_out
from qvtime.model.pixels import grid_of, patches_of
from qvtime.model.prefix import VideoPrefix, prefill
from qvtime.model.vision import VideoFeatures, video_features
from qvtime.ops.kernels import choose_kernels

PAD, START, END, WORDS = 100, 101, 102, 100
MARK_TOKENS, QUESTION_TOKENS, ANSWER_TOKENS = 6, 20, 16
SIDE_PX = 96


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a Qwen3-VL: those of its text model, then those of its vision tower."""

    hidden: int
    inner: int
    heads: int
    kv_heads: int
    head_dim: int
    layers: int
    section: tuple[int, int, int]
    vocabulary: int
    vision_hidden: int
    vision_inner: int
    vision_heads: int
    vision_layers: int

    def cut(self, layers: int) -> "Shape":
        """With no more than so many layers in each part."""
        values = {name: getattr(self, name) for name in self.__slots__}
        shorter = {"layers": layers, "vision_layers": max(3, layers)}
        return Shape(**values | {name: min(values[name], n) for name, n in shorter.items()})


SHAPES = {
    "demo": Shape(256, 640, 4, 2, 64, 6, (12, 10, 10), 4096, 192, 512, 3, 4),
    "2B": Shape(2048, 6144, 16, 8, 128, 28, (24, 20, 20), 151_936, 1024, 4096, 16, 24),
    "4B": Shape(2560, 9728, 32, 8, 128, 36, (24, 20, 20), 151_936, 1024, 4096, 16, 24),
}


def random_model(shape: Shape, dtype: torch.dtype, device: str) -> Any:
    """A Qwen3-VL of random weights, the same every time."""
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": shape.vocabulary,
            "hidden_size": shape.hidden,
            "intermediate_size": shape.inner,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "num_key_value_heads": shape.kv_heads,
            "head_dim": shape.head_dim,
            "max_position_embeddings": 262_144,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 5_000_000.0,
                "mrope_section": list(shape.section),
                "mrope_interleaved": True,
            },
        },
        vision_config={
            "depth": shape.vision_layers,
            "hidden_size": shape.vision_hidden,
            "intermediate_size": shape.vision_inner,
            "num_heads": shape.vision_heads,
            "out_hidden_size": shape.hidden,
            "deepstack_visual_indexes": [0, 1, 2],
        },
        image_token_id=103,
        video_token_id=PAD,
        vision_start_token_id=START,
        vision_end_token_id=END,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    with torch.device(device):
        model: Any = Qwen3VLForConditionalGeneration(config)
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)
    return model.eval().requires_grad_(False)


class Prompt:
    """A video of noise and what is asked about it."""

    def __init__(self, patches: int) -> None:
        random = np.random.default_rng(0)
        self.pixels = random.integers(0, 256, (2 * patches, SIDE_PX, SIDE_PX, 3), np.uint8)
        self.grid = grid_of(self.pixels)
        self.prefix: list[int] = []
        pads = [PAD] * self.grid.tokens_per_time
        for _ in range(patches):
            self.prefix += [*map(int, random.integers(0, WORDS, MARK_TOKENS)), START, *pads, END]
        self.tail = [int(word) for word in random.integers(0, WORDS, QUESTION_TOKENS)]


class Stock:
    """transformers as its documents have it: everything anew for every question."""

    def __init__(self, model: Any, prompt: Prompt) -> None:
        self.model, self.prompt = model, prompt
        grid = prompt.grid
        self.grid = torch.tensor([[grid.times, grid.rows, grid.columns]], device=model.device)

    def see(self) -> Any:
        patches = patches_of(self.prompt.pixels, str(self.model.device)).to(self.model.dtype)
        return self.model.model.visual(patches, grid_thw=self.grid, return_dict=True)

    def read(self, tail: list[int]) -> Any:
        ids = torch.tensor([self.prompt.prefix + tail], device=self.model.device)
        return self.model(
            input_ids=ids,
            pixel_values_videos=patches_of(self.prompt.pixels, str(ids.device)).to(
                self.model.dtype
            ),
            video_grid_thw=self.grid,
            mm_token_type_ids=2 * (ids == PAD).int(),
            logits_to_keep=1,
            use_cache=True,
        )

    def say(self, cache: Any, token: torch.Tensor) -> Any:
        return self.model(
            input_ids=token.view(1, 1), past_key_values=cache, use_cache=True, logits_to_keep=1
        )

    def question(self) -> list[int]:
        out, said = self.read(self.prompt.tail), []
        for _ in range(ANSWER_TOKENS):
            token = out.logits[0, -1].argmax()
            said.append(int(token))
            out = self.say(out.past_key_values, token)
        return said


class Ours:
    """qvtime: the video is read once."""

    def __init__(self, model: Any, prompt: Prompt, mode: Any) -> None:
        self.model, self.prompt = model, prompt
        why_not = why_no_kernels(model.config, model.dtype)
        self.kernels = choose_kernels(mode, str(model.device), why_not)
        install_kernels(model, self.kernels)
        lay_out(model)

    def see(self) -> VideoFeatures:
        return video_features(self.model, self.prompt.pixels, kernels=self.kernels)

    def read(self, features: VideoFeatures) -> VideoPrefix:
        return prefill(self.model, self.prompt.prefix, features, PAD, self.kernels)

    def question(self, prefix: VideoPrefix) -> list[int]:
        said = []
        with prefix.question():
            logits = prefix.add(self.prompt.tail)
            for _ in range(ANSWER_TOKENS):
                said.append(int(logits.argmax()))
                logits = prefix.add(said[-1:])
        return said


class Stopwatch:
    """Alternating rounds of several works; the fastest of each counts, in ms."""

    def __init__(self, device: str, rounds: int) -> None:
        self.on_cuda, self.rounds = device != "cpu", rounds

    def _now(self) -> float:
        if self.on_cuda:
            torch.cuda.synchronize()
            return time.perf_counter()
        return time.process_time()

    def fastest_ms(self, *works: Callable[[], object]) -> list[float]:
        best = [float("inf")] * len(works)
        for turn in range(self.rounds + 1):
            for place, work in enumerate(works):
                started = self._now()
                work()
                if turn:
                    best[place] = min(best[place], 1000 * (self._now() - started))
        return best


def speeds(model: Any, watch: Stopwatch) -> tuple[float, float]:
    """Operations and bytes a millisecond: of a large matrix product, of a large copy."""
    side = 4096 if watch.on_cuda else 1024
    a = torch.randn(side, side, device=model.device).to(model.dtype)
    source = torch.empty(64 << 20, dtype=torch.uint8, device=model.device)
    target = torch.empty_like(source)
    product_ms, copy_ms = watch.fastest_ms(lambda: a @ a, lambda: target.copy_(source))
    return 2 * side**3 / product_ms, 2 * len(source) / copy_ms


def floors_ms(model: Any, prompt: Prompt, shape: Shape, watch: Stopwatch) -> dict[str, float]:
    """What matrix products alone (vision, reading) and reading memory alone (a token) take."""
    operations, bytes_ = speeds(model, watch)

    def weights(part: Any) -> int:
        return sum(
            p.numel() for name, p in part.named_parameters() if p.ndim == 2 and "emb" not in name
        )

    def attention(layers: int, width: int, queries: int, keys: float) -> float:
        return 4 * layers * width * queries * keys

    tower, text = model.model.visual, model.model.language_model
    patches, tokens = prompt.grid.patches, len(prompt.prefix)
    picture = prompt.grid.rows * prompt.grid.columns
    merging = sum(weights(part) for part in (tower.merger, *tower.deepstack_merger_list))
    seeing: float = 2 * (weights(tower) - merging) * patches + 2 * merging * patches / 4
    seeing += attention(shape.vision_layers, shape.vision_hidden, patches, picture)
    reading: float = 2 * weights(text) * tokens
    reading += attention(shape.layers, shape.heads * shape.head_dim, tokens, tokens / 2)
    size = model.dtype.itemsize
    held = size * 2 * shape.layers * shape.kv_heads * shape.head_dim * tokens
    token = size * (weights(text) + shape.vocabulary * shape.hidden) + held
    return {
        "vision": seeing / operations,
        "prefill": reading / operations,
        "a token": token / bytes_,
    }


@torch.inference_mode()
def compare(shape: Shape, options: argparse.Namespace) -> None:
    """Print one line a stage."""
    dtype = getattr(torch, options.dtype)
    prompt = Prompt(options.patches)
    stock = Stock(random_model(shape, dtype, options.device), prompt)
    ours = Ours(random_model(shape, dtype, options.device), prompt, options.kernels)
    watch = Stopwatch(options.device, options.rounds)
    floors = floors_ms(stock.model, prompt, shape, watch)

    features = ours.see()
    prefix = ours.read(features)
    started = stock.read(prompt.tail)
    token = started.logits[0, -1].argmax()
    difference = float((started.logits[0, -1] - prefix.add(prompt.tail)).abs().max())

    def ours_first() -> object:
        return ours.question(ours.read(ours.see()))

    works: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "vision": (stock.see, ours.see),
        "vision and prefill": (lambda: stock.read([]), lambda: ours.read(ours.see())),
        "a token": (
            lambda: stock.say(started.past_key_values, token),
            lambda: prefix.add([int(token)]),
        ),
        "first question": (stock.question, ours_first),
        "tenth question": (stock.question, lambda: ours.question(prefix)),
    }
    wanted = options.only or [*works]
    lines = {name: watch.fastest_ms(*both) for name, both in works.items() if name in wanted}
    floors["vision and prefill"] = floors["vision"] + floors["prefill"]
    floors["first question"] = floors["vision and prefill"] + ANSWER_TOKENS * floors["a token"]
    floors["tenth question"] = ANSWER_TOKENS * floors["a token"]
    layers = f"{shape.layers} and {shape.vision_layers} layers"
    video = (
        f"{options.patches} temporal patches of {SIDE_PX}x{SIDE_PX} px, {len(prompt.prefix)} tokens"
    )
    print(f"{options.shape}, {layers}, {options.dtype}; {video}")
    print(f"kernels: {ours.kernels.name}; logits differ by {difference:.1e}")
    print(f"{'ms':20}{'stock':>10}{'qvtime':>10}{'times faster':>14}{'floor':>10}")
    for name, (stock_ms, our_ms) in lines.items():
        print(
            f"{name:20}{stock_ms:10.1f}{our_ms:10.1f}{stock_ms / our_ms:14.2f}{floors[name]:10.1f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shape", choices=SHAPES, default="demo")
    parser.add_argument("--layers", type=int, default=99, help="at most so many in each part")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--patches", type=int, default=64, help="temporal patches")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--kernels", default="auto")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", metavar="STAGE", help='such as "a token"')
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    compare(SHAPES[options.shape].cut(options.layers), options)


if __name__ == "__main__":
    main()

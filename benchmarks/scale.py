"""What indexing and searching a million hours of video would take: arithmetic, no measurement.

    python benchmarks/scale.py

Prints the tables of docs/scale.md. Every figure that goes in is a constant below, with where it is
from: measured by another benchmark here, published by somebody else, or assumed. What a model
costs is its floating-point operations at a share of a GPU's peak.
"""
# ruff: noqa: T201 (a benchmark prints)

from collections.abc import Sequence
from dataclasses import dataclass

from qvtime.model.catalogue import known_model
from qvtime.model.habits import Habits
from qvtime.model.outline import LABEL_TOKENS
from qvtime.model.shape import PIXELS_A_TOKEN, ModelShape
from qvtime.settings import GRANULARITY_MS
from qvtime.tasks.skim import OVERLAP_SHARE

HOURS = 1_000_000
HOUR_S = 3600

# Measured here (docs/benchmarks.md).
DECODE_CPU_S_A_MINUTE = 3.94
"""Of one core, for 60 s of 1280x720 at 30 fps."""
INDEX_BYTES_AN_HOUR = 172e6 / 10_000
SEARCH_CPU_MS, SEARCHED_HOURS = 6.6, 10_000

# Of one H200: the roofline that docs/benchmarks/kernels.md measures with.
PEAK_FLOPS = 790e12
PEAK_BYTES_S = 4.3e12

# Assumed.
USED_SHARE = 0.5
"""Of the peak while a prompt is read. Published: 0.26 with transformers on an L40."""
DECODE_SHARE = 0.6
"""Of the memory's bandwidth while words are said."""
EVENTS_AN_HOUR = 120
"""As the index above was made with."""
TOKENS_AN_EVENT = 25
BATCH = 16
"""Windows whose answers are said side by side."""
JPEG_BYTES_A_PIXEL = 0.35
"""At quality 95, of 448x256."""
GPU_DOLLARS_AN_HOUR, CORE_DOLLARS_AN_HOUR = 3.0, 0.04
DISK_DOLLARS_A_GB_MONTH = 0.02
GPUS = 100

MODELS = (
    "Qwen/Qwen3-VL-2B-Instruct",
    "Qwen/Qwen3-VL-4B-Instruct",
    "Qwen/Qwen3-VL-8B-Instruct",
    "Qwen/Qwen3-VL-30B-A3B-Instruct",
)


@dataclass(frozen=True, slots=True)
class Windows:
    """How an hour is read: patches and tokens a window, windows an hour."""

    patches: int
    tokens: int
    an_hour: float


def windows_of(habits: Habits) -> Windows:
    """As `qvtime index` cuts an hour, at its usual granularity."""
    patches = habits.window_patches
    label = LABEL_TOKENS + len("1800.0")
    tokens = patches * (habits.frame_pixels // PIXELS_A_TOKEN + label)
    stride_s = patches * GRANULARITY_MS / 1000 * (1 - OVERLAP_SHARE)
    return Windows(patches, tokens, HOUR_S / stride_s)


@dataclass(frozen=True, slots=True)
class Cost:
    """What an hour of video costs with one model, in seconds of one GPU."""

    vision_s: float
    prefill_s: float
    answer_s: float

    @property
    def gpu_s(self) -> float:
        return self.vision_s + self.prefill_s + self.answer_s


def cost_of(shape: ModelShape, windows: Windows, habits: Habits) -> Cost:
    """Vision and prompts by their operations, answers by the bytes that each token reads.

    A token meets every active weight twice (multiply, add), and, in attention, all before it:
    4 layers heads head_dim n^2 / 2 operations for a prompt of n tokens (arXiv 2005.14165, D).
    """
    pixels = windows.patches * habits.frame_pixels
    tower_patches = pixels // (PIXELS_A_TOKEN // 4)
    vision = 2 * shape.tower_parameters * tower_patches
    attention = 2 * shape.layers * shape.heads * shape.head_dim * windows.tokens**2
    prefill = 2 * shape.active_parameters * windows.tokens + attention
    said = EVENTS_AN_HOUR * TOKENS_AN_EVENT / (1 - OVERLAP_SHARE)  # a seam is told twice
    read = shape.weight_bytes() / BATCH + shape.kv_bytes_per_token() * windows.tokens
    return Cost(
        vision_s=windows.an_hour * vision / (USED_SHARE * PEAK_FLOPS),
        prefill_s=windows.an_hour * prefill / (USED_SHARE * PEAK_FLOPS),
        answer_s=said * read / (DECODE_SHARE * PEAK_BYTES_S),
    )


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows as Markdown, the first as its head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def model_table() -> str:
    """What an hour, and a million of them, costs with each model."""
    habits = Habits()
    windows = windows_of(habits)
    head = ("model", "GPU s an hour of video", "of that vision", "prompts", "answers")
    rows = [(*head, "hours of video a GPU hour", f"days on {GPUS} GPUs", "a million hours, $")]
    for name in MODELS:
        known = known_model(name)
        if known is None:
            raise ValueError(f"{name} is in no list")
        cost = cost_of(known.shape, windows, habits)
        gpu_hours = HOURS * cost.gpu_s / HOUR_S
        rows.append(
            (
                name.removeprefix("Qwen/Qwen3-VL-").removesuffix("-Instruct"),
                f"{cost.gpu_s:.0f}",
                f"{cost.vision_s:.0f}",
                f"{cost.prefill_s:.0f}",
                f"{cost.answer_s:.1f}",
                f"{HOUR_S / cost.gpu_s:.0f}",
                f"{gpu_hours / GPUS / 24:.1f}",
                f"{gpu_hours * GPU_DOLLARS_AN_HOUR:,.0f}",
            )
        )
    return table(rows)


def rest_table() -> str:
    """What does not depend on the model."""
    habits = Habits()
    windows = windows_of(habits)
    core_s = DECODE_CPU_S_A_MINUTE * 60 / (1 - OVERLAP_SHARE)
    pixels = 2 * windows.patches * habits.frame_pixels
    sent = windows.an_hour * pixels * JPEG_BYTES_A_PIXEL * 4 / 3
    index_gb = HOURS * INDEX_BYTES_AN_HOUR / 1e9
    search_s = SEARCH_CPU_MS / 1000 * HOURS / SEARCHED_HOURS
    core_hours = HOURS * core_s / HOUR_S
    return table(
        [
            ("", "an hour of video", "a million hours"),
            (
                "windows",
                f"{windows.an_hour:.0f} of {windows.tokens:,} tokens",
                f"{HOURS * windows.an_hour / 1e6:.0f} million",
            ),
            ("decoding, core seconds", f"{core_s:.0f}", f"{core_hours:,.0f} core hours"),
            ("decoding, $", "", f"{core_hours * CORE_DOLLARS_AN_HOUR:,.0f}"),
            (
                "pictures to a server",
                f"{sent / 1e9:.1f} GB",
                f"{HOURS * sent / 1e15:.1f} PB, inside one network",
            ),
            ("index", f"{INDEX_BYTES_AN_HOUR / 1e3:.0f} KB", f"{index_gb:.0f} GB"),
            ("index, $ a month", "", f"{index_gb * DISK_DOLLARS_A_GB_MONTH:.2f}"),
            ("a search, core seconds", "", f"{search_s:.2f}, if it grows with the index"),
        ]
    )


if __name__ == "__main__":
    print(model_table(), rest_table(), sep="\n\n")

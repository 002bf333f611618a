"""Every choice of the user and every cap, with its unit."""

from dataclasses import dataclass, field
from typing import Literal, get_args

GRANULARITIES_MS = (100, 500, 1000)
"""What `--granularity` may be: the span of one temporal patch (two sampled frames)."""
GRANULARITY_MS = 500
"""What it is where nothing else is asked for."""

PATCH_BUDGET = 2048
"""How many temporal patches one pass over a video reads at most.

At a full-size model's 120 tokens a patch these are 250,000 tokens: what Qwen3-VL was trained to
read at once and evaluated with (arXiv 2511.21631, 5.9), seconds of prefill on one GPU. At 0.5 s
they hold ten minutes of overlapping windows; a longer video is skimmed first.
"""

MIN_SCORE = 0.5
"""What `locate` reports by default: occurrences likelier to be named than not."""

DECODERS = ("pyav", "opencv")

KernelMode = Literal["auto", "cuda", "reference", "check"]
"""What computes position encodings: CUDA kernels where they can run, always, never, or both."""

KERNEL_MODES: tuple[KernelMode, ...] = get_args(KernelMode)

DtypeName = Literal["auto", "bfloat16", "float16", "float32"]
DTYPES: tuple[DtypeName, ...] = get_args(DtypeName)

Quantization = Literal["int8", "int4"]
QUANTIZATIONS: tuple[Quantization, ...] = get_args(Quantization)

FramesAs = Literal["video", "images"]
"""How a model server gets pictures: as a video with their times, or as images between times."""
FRAMES_AS: tuple[FramesAs, ...] = get_args(FramesAs)

DEMO_MODEL = "demo"
DEFAULT_MODEL = "Qwen/Qwen3-VL-4B-Instruct"


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps against hostile or absurd input. Reaching one is an error that names it."""

    frame_pixels: int = 8192 * 4352
    duration_ms: int = 24 * 3600 * 1000
    frames: int = 20_000_000
    decode_seconds: float = 3600.0
    stall_seconds: float = 60.0
    consecutive_decode_failures: int = 8
    memory_bytes: int = 4 << 30
    question_characters: int = 4000
    subtitle_bytes: int = 8 << 20
    subtitle_cues: int = 100_000
    cue_characters: int = 200
    window_subtitle_characters: int = 6000


@dataclass(frozen=True, slots=True)
class ServerChoice:
    """A model server. frames_as: None for what its engine takes best."""

    url: str
    frames_as: FramesAs | None = None
    timeout_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class ClusterChoice:
    """A Ray cluster, "local" for one of this machine. workers: None for as many as it has room."""

    address: str
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose for one run.

    subtitles: "auto" for a file beside the video or a track in it, "none", or a file.
    features: where vision features are kept: a folder, "none", or "auto" for beside the index.
    window_tokens, frame_pixels: how much the model reads at once and the size of a picture at most,
    None for what it reads best and what fits; yarn: whether its positions are stretched.
    dtype: of the weights; quantize: the decoder's in fewer bits; spread: over all GPUs. server:
    where the model runs, None for here; the settings of weights are the server's own then.
    cluster: who indexes videos, None for this process.
    """

    model: str = DEFAULT_MODEL
    decoder: str = "pyav"
    granularity_ms: int = GRANULARITY_MS
    window_ms: int | None = None
    window_tokens: int | None = None
    frame_pixels: int | None = None
    yarn: bool = False
    patch_budget: int = PATCH_BUDGET
    max_new_tokens: int = 256
    device: str = "auto"
    dtype: DtypeName = "auto"
    quantize: Quantization | None = None
    spread: bool = False
    server: ServerChoice | None = None
    cluster: ClusterChoice | None = None
    kernels: KernelMode = "auto"
    subtitles: str = "auto"
    features: str = "auto"
    features_cap_bytes: int = 2_000_000_000
    limits: Limits = field(default_factory=Limits)

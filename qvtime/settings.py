"""Every choice of the user and every cap, with its unit."""

from dataclasses import dataclass, field

GRANULARITIES_MS = (100, 500, 1000)
"""What `--granularity` may be: the span of one temporal patch (two sampled frames)."""

DECODERS = ("pyav", "opencv")

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


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose for one run."""

    model: str = DEFAULT_MODEL
    decoder: str = "pyav"
    granularity_ms: int | None = None
    window_ms: int | None = None
    max_new_tokens: int = 256
    device: str = "auto"
    limits: Limits = field(default_factory=Limits)

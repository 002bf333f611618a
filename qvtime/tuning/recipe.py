"""Every choice of a run of teaching; two runs with the same recipe and data give the same model."""

from dataclasses import dataclass
from typing import Literal

Method = Literal["full", "lora"]
Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is taught.

    steps: of the optimizer; batch_windows: windows a step; questions: about each window;
    granularity_ms: of most windows; never_share: of the questions for a time, those about what
    does not happen; rehearse_share: of the windows, those from the videos to rehearse;
    warmup_steps: until the learning rate is at its height; vision_rate: the tower's rate, of that
    (0: it stays as it is); rank: of the adapters of method "lora"; checkpointing: compute
    activations twice, and keep none. align_weight: of the alignment loss (0: without), over the
    first align_heads heads of the layers align_layers. check_every, keep_every: steps between two
    looks at the held-out videos, and between two checkpoints.
    """

    steps: int
    batch_windows: int = 12
    questions: int = 6
    rate: float = 3e-4
    warmup_steps: int = 20
    seed: int = 0
    granularity_ms: int = 500
    never_share: float = 0.4
    rehearse_share: float = 0.0
    method: Method = "full"
    rank: int = 16
    vision_rate: float = 1.0
    precision: Precision = "float32"
    checkpointing: bool = False
    align_weight: float = 0.0
    align_layers: tuple[int, ...] = ()
    align_heads: int = 2
    check_every: int = 50
    keep_every: int = 25
    check_questions: int = 96

"""Processes that make what a course is taught with, for as long as it goes on."""

from typing import Any

import numpy as np
import torch

from qvtime.training.glimpses import make_glimpse
from qvtime.training.lessons import make_lesson
from qvtime.training.tokenizer import build_tokenizer
from qvtime.training.wording import corpus

GRANULARITIES_MS, GRANULARITY_SHARES = (500, 1000, 100), (0.76, 0.12, 0.12)
LENGTH_SHARES = (0.15, 0.35, 0.5)
"""How many lessons are of windows a third, two thirds and all of the most patches long."""


def make_lessons(busy_share: float, seed: int, most: int, out: Any) -> None:
    """A process that makes lessons for ever, of three lengths: `(patches, Lesson)`."""
    torch.set_num_threads(1)
    generator = np.random.default_rng(seed)
    tokenizer = build_tokenizer(corpus())
    while True:
        patches = int(generator.choice([most // 3, 2 * most // 3, most], p=LENGTH_SHARES))
        granularity_ms = int(generator.choice(GRANULARITIES_MS, p=GRANULARITY_SHARES))
        lesson = make_lesson(tokenizer, generator, patches, granularity_ms, busy_share)
        out.put((patches, lesson))


def make_glimpses(seed: int, most: int, out: Any) -> None:
    """A process that makes glimpses for ever: `(0, Glimpse)`."""
    generator = np.random.default_rng(seed)
    while True:
        granularity_ms = int(generator.choice(GRANULARITIES_MS, p=GRANULARITY_SHARES))
        out.put((0, make_glimpse(generator, granularity_ms)))

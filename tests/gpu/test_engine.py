"""On a CUDA device the demo model says what it says on a CPU."""

import numpy as np
import pytest

from qvtime.frames import FrameBatch
from qvtime.model.engine import Engine
from qvtime.model.reply import Reply
from qvtime.model.weights import load_model

CENTRES_MS = tuple(range(164_000, 172_000, 500))
QUESTIONS = ("what happens at <168.0 seconds>?", "list all events with their times")

pytestmark = pytest.mark.gpu


def replies(device: str) -> list[Reply]:
    """The answers about a window of noise, so that nothing is easy."""
    pixels = np.random.default_rng(0).integers(0, 256, (2 * len(CENTRES_MS), 96, 96, 3), np.uint8)
    times = np.arange(len(pixels), dtype=np.int64) * 250
    frames = FrameBatch(pixels, times, times)
    with Engine(load_model("demo", device)) as engine, engine.look(frames, CENTRES_MS) as look:
        return [look.ask(question, 24) for question in QUESTIONS]


def test_the_answers_are_those_of_the_cpu() -> None:
    for ours, theirs in zip(replies("cpu"), replies("cuda"), strict=True):
        assert theirs.token_ids == ours.token_ids
        assert np.allclose(theirs.log_probabilities, ours.log_probabilities, atol=1e-3)

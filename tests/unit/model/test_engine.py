"""From weights to an answer, on a random model."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pytest

from qvtime.frames import FrameBatch
from qvtime.model.engine import Engine, Look
from qvtime.model.weights import LoadedModel

Pictures = Callable[..., npt.NDArray[np.uint8]]
CENTRES_MS = (167_500, 168_000, 168_500)


def batch(pixels: npt.NDArray[np.uint8]) -> FrameBatch:
    times = np.arange(len(pixels), dtype=np.int64) * 250
    return FrameBatch(pixels, times, times)


@pytest.fixture
def look(loaded: LoadedModel, pictures: Pictures) -> Iterator[Look]:
    with Engine(loaded) as engine, engine.look(batch(pictures(6, 64, 96)), CENTRES_MS) as look:
        yield look


def test_the_same_question_gets_the_same_answer_after_another_one(look: Look) -> None:
    first = look.ask("what happens?", 12)
    look.ask("and where is the red circle at the end?", 20)
    assert look.ask("what happens?", 12).token_ids == first.token_ids
    assert 0 < first.score < 1


def test_the_answer_depends_on_the_pictures(
    loaded: LoadedModel, pictures: Pictures, look: Look
) -> None:
    with Engine(loaded) as engine, engine.look(batch(pictures(6, 64, 96, 1)), CENTRES_MS) as other:
        ours, theirs = (one.ask("what happens?", 12).log_probabilities for one in (look, other))
    assert ours != theirs


def test_a_closed_look_cannot_be_asked(look: Look) -> None:
    look.close()
    with pytest.raises(ValueError, match="closed"):
        look.ask("what happens?")


def test_times_and_patches_must_agree(loaded: LoadedModel, pictures: Pictures) -> None:
    with Engine(loaded) as engine, pytest.raises(ValueError, match="2 times for 3 patches"):
        engine.look(batch(pictures(6, 64, 96)), CENTRES_MS[:2])

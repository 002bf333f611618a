"""A Thinking model's thought is no part of its answer, and ends."""

from dataclasses import replace

import numpy as np
import pytest

from qvtime.frames import FrameBatch
from qvtime.model import engine as engine_module
from qvtime.model.engine import Engine
from qvtime.model.generate import Generation
from qvtime.model.habits import Habits
from qvtime.model.prompt import THINK_CLOSE, THINK_OPEN, encode_control
from qvtime.model.weights import LoadedModel
from tests.unit.model.conftest import Pictures


def test_the_thought_is_apart_and_the_answer_follows_it(
    loaded: LoadedModel, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = np.arange(4) * 250
    frames = FrameBatch(pictures(4, 64, 64), times, times)
    thinking = replace(loaded, habits=Habits(thinks=True))
    words = loaded.tokenizer
    thought, answer = (encode_control(words, text) for text in ("the red circle", "jumps"))
    asked: list[tuple[list[int], int]] = []

    def scripted(
        prefix: object, tail: list[int], stops: object, most: int, rules: object
    ) -> Generation:
        asked.append((list(tail), most))
        said = thought if len(asked) == 1 else answer
        return Generation(tuple(said), (-1.0,) * len(said), "stop")

    monkeypatch.setattr(engine_module, "generate", scripted)
    monkeypatch.setattr(engine_module, "THINKING_TOKENS", 32)
    with Engine(thinking) as engine, engine.look(frames, [0, 500]) as look:
        reply = look.ask("what happens?", 8)
    opened, closed = (encode_control(words, text) for text in (THINK_OPEN, THINK_CLOSE))
    (first, budget), (second, rest) = asked
    assert first[-len(opened) :] == opened
    assert second == [*first, *thought, *closed]
    assert (budget, rest) == (32, 8)
    assert (reply.text, reply.reasoning) == ("jumps", "the red circle")


def test_an_answer_that_goes_round_is_ended(
    loaded: LoadedModel, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = np.arange(4) * 250
    frames = FrameBatch(pictures(4, 64, 64), times, times)
    with Engine(loaded) as engine, engine.look(frames, [0, 500]) as look:
        monkeypatch.setattr(engine, "stop_ids", frozenset())
        never = engine.never_say
        round_trip = [50, 60, 70]

        def steer(said: list[int], logits: object) -> object:
            logits = never(said, logits)  # type: ignore[arg-type]
            logits.fill_(float("-inf"))
            logits[round_trip[len(said) % 3]] = 0.0
            return logits

        monkeypatch.setattr(engine, "never_say", steer)
        reply = look.ask("what happens?", 200)
    assert reply.finish_reason == "loop"
    assert reply.token_ids[:3] == (50, 60, 70)
    assert len(reply.token_ids) < 6, "one round, and where in the next one it was noticed"

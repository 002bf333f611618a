"""What is asked of a window: enough of what the model would otherwise take for the same."""

from typing import Any

import numpy as np
import pytest

from qvtime.answer import parse_answer
from qvtime.timeline import Span
from qvtime.training.questions import Asker
from qvtime.training.scene import Happening, Scene, Sign
from qvtime.training.tails import Tail
from qvtime.training.tokenizer import build_tokenizer
from qvtime.training.wording import corpus

CENTRES_MS = np.arange(6) * 500


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return build_tokenizer(corpus())


def asked(
    tokenizer: Any, seed: int, *happenings: Happening, signs: tuple[Sign, ...] = ()
) -> list[tuple[str, Tail]]:
    generator = np.random.default_rng(seed)
    scene = Scene(9000, (), happenings, ((0, 0, 0), (9, 9, 9), 0.0), 0.0, 0.0, signs)
    asker = Asker(tokenizer, generator, scene, CENTRES_MS, 0)
    return [(tokenizer.decode(tail.ids[: tail.answer_start]), tail) for tail in asker.tails()]


def test_most_questions_for_what_does_not_happen_ask_for_another_turn(tokenizer: Any) -> None:
    turns = Happening(700, 2100, 0, "red", "square", "turns", "blue")
    never = [
        words
        for seed in range(60)
        for words, tail in asked(tokenizer, seed, turns)
        if tail.kind == "never"
    ]
    other = [
        words
        for words in never
        if ("red square" in words and "turn" in words and "blue" not in words)
        or ("红色方形" in words and "变成" in words and "蓝色" not in words)
    ]
    assert len(never) >= 50
    assert 0.55 < len(other) / len(never) < 0.9


def test_a_turn_is_asked_for_more_often_than_another_event(tokenizer: Any) -> None:
    turns = Happening(700, 2100, 0, "red", "square", "turns", "blue")
    jumps = Happening(700, 2100, 1, "green", "star", "jumps")
    words = [
        words
        for seed in range(60)
        for words, tail in asked(tokenizer, seed, turns, jumps)
        if tail.kind == "when"
    ]
    of_turn = [one for one in words if "red square" in one or "红色方形" in one]
    assert 0.6 < len(of_turn) / len(words) < 0.9


def test_what_is_written_is_asked_for_and_said(tokenizer: Any) -> None:
    """At a moment, and when; the answers are those of the scene, and can be read."""
    sign = Sign(700, 2100, "GOAL")
    said = set()
    for seed in range(40):
        for words, tail in asked(tokenizer, seed, signs=(sign,)):
            answer = tokenizer.decode(tail.ids[tail.answer_start :]).removesuffix("<|im_end|>")
            if tail.kind == "says":
                (moment,) = (one.time_ms for one in tail.moments)
                said.add(answer)
                assert ("GOAL" in answer) == (sign.start_ms <= moment < sign.end_ms)
                assert parse_answer(answer, Span(0, 3000)).nothing == ("GOAL" not in answer)
            elif "GOAL" in words:
                assert answer == "<time>1.0</time> - <time>2.0</time>"
    assert said == {"It says GOAL.", "写着GOAL。", "Nothing is written.", "什么也没写。"}

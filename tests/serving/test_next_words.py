"""Probabilities of whole strings, from rivals token by token, however those are cut."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.model.next_words import NextWords, Question, Step

ENDS = "."


def server_of(likely: dict[str, dict[str, float]], steps: int) -> tuple[NextWords, list[str]]:
    """A model that goes on from each text as planted, greedy; and what it was asked."""
    asked: list[str] = []

    def go_on(texts: Sequence[str]) -> list[list[Step]]:
        asked.extend(texts)
        return [path(text) for text in texts]

    def path(text: str) -> list[Step]:
        said: list[Step] = []
        while len(said) < steps and text in likely:
            rivals = likely[text]
            token = max(rivals, key=lambda one: rivals[one])
            said.append((token, {one: math.log(share) for one, share in rivals.items()}))
            text += token
        return said

    return NextWords(go_on), asked


def test_a_choice_is_as_likely_as_all_its_spellings() -> None:
    """ "12" comes as one token or as two, "1" also goes on to "13", and "1." runs over "1"."""
    words, _ = server_of(
        {"": {"12": 0.3, "1": 0.5, "x": 0.2}, "1": {"2": 0.6, "3": 0.3, ".9": 0.1}}, steps=1
    )
    (weights,) = words.weigh([Question("", ["12", "13", "1."])])
    assert weights == pytest.approx([0.3 + 0.5 * 0.6, 0.5 * 0.3, 0.5 * 0.1])


@given(
    st.lists(st.floats(0.05, 1), min_size=3, max_size=3),
    st.lists(st.floats(0.05, 1), min_size=9, max_size=9),
    st.integers(1, 4),
)
def test_weights_are_products_and_no_beginning_is_asked_for_twice(
    first: list[float], second: list[float], steps: int
) -> None:
    digits = "012"
    shares = {"": dict(zip(digits, (one / sum(first) for one in first), strict=True))}
    for place, digit in enumerate(digits):
        row = second[3 * place : 3 * place + 3]
        shares[digit] = dict(zip(digits, (one / sum(row) for one in row), strict=True))
    words, asked = server_of(shares, steps)
    choices = [one + other for one in digits for other in digits]
    (weights,) = words.weigh([Question("", choices, least=0.0)])
    expected = [shares[""][one] * shares[one][other] for one in digits for other in digits]
    assert weights == pytest.approx(expected)
    assert len(asked) == len(set(asked)) <= 4
    words.weigh([Question("", choices, least=0.0)])
    assert len(asked) <= 4


def test_what_is_unlikely_is_not_asked_for() -> None:
    words, asked = server_of({"": {"1": 0.999, "2": 0.001}, "1": {ENDS: 1.0}}, steps=1)
    assert words.weigh([Question("", ["1.", "2."])]) == [[0.999, 0.0]]
    assert asked == ["", "1"]


def test_of_shares_only_what_leads_to_choices_counts() -> None:
    """Both choices are unlikely, and one of them has a tenth of what they have."""
    words, _ = server_of(
        {"": {"x": 0.98, "1": 0.018, "2": 0.002}, "1": {ENDS: 1.0}, "2": {ENDS: 1.0}}, 1
    )
    choices = ["1.", "2."]
    assert words.weigh([Question("", choices, only_shares=True)]) == [pytest.approx([0.018, 0.002])]
    assert words.weigh([Question("", choices)]) == [pytest.approx([0.018, 0.0])]


def test_a_server_that_says_nothing_leaves_nothing_likely() -> None:
    words, _ = server_of({}, steps=1)
    assert words.weigh([Question("", ["1.", "2."])]) == [[0.0, 0.0]]

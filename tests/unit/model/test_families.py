"""Each family is asked in its own words, and its own way to write spans is what is weighed."""

from typing import Any

import pytest

from qvtime.errors import ModelError
from qvtime.model.catalogue import KNOWN_MODELS
from qvtime.model.families import FAMILIES, family_of
from qvtime.model.habits import Habits, habits_of
from qvtime.model.prompt import encode_words, time_words
from qvtime.model.span_forms import SPAN_FORMS
from qvtime.model.spans import find_occurrences
from tests.unit.model.test_spans import CENTRES_MS, Believer, scores


def test_every_known_model_is_of_a_family() -> None:
    assert {family_of(model.name) for model in KNOWN_MODELS} == set(FAMILIES)
    assert family_of("/models/Qwen3-VL-4B-Thinking/") == "qwen3-vl-thinking"
    assert family_of("demo") is None


def test_the_words_are_those_on_record() -> None:
    one = habits_of({}, "TencentARC/TimeLens-8B").ask_when("a dog runs")
    assert one.startswith("Please find the visual event described by the sentence 'a dog runs',")
    assert one.endswith("'The event happens in <start time> - <end time> seconds'.")
    every = habits_of({}, "MCG-NJU/TimeLens2-4B").ask_when("a dog runs")
    assert every.startswith('Given the query: "a dog runs", return ALL time spans (in seconds)')
    qwen = habits_of({}, "Qwen/Qwen3-VL-4B-Instruct")
    assert qwen.dense_form.endswith("in json format with 'mm:ss.ff' format for time depiction.")
    assert (qwen.thinks, habits_of({}, "Qwen/Qwen3-VL-4B-Thinking").thinks) == (False, True)


def test_what_a_checkpoint_says_itself_comes_first() -> None:
    own = habits_of({"qvtime": {"frame_pixels": 4096}}, "Qwen/Qwen3-VL-4B-Instruct")
    assert own == Habits(frame_pixels=4096)
    bare = habits_of({"qvtime": {"answer_form": ""}}, "x")
    assert bare.dense_form == bare.ask("list all events with their times")
    with pytest.raises(ModelError, match="spans of a form"):
        habits_of({"qvtime": {"span_form": "verse"}}, "x")


def written(tokenizer: Any, form: str, spans: list[tuple[int, int]]) -> tuple[int, ...]:
    """An answer of this form, piece by piece, as the model would say it."""
    how, ids = SPAN_FORMS[form], list[int]()
    for place, (first, last) in enumerate(spans):
        ids += encode_words(tokenizer, how.separators[0] if place else how.openings[0])
        ids += encode_words(tokenizer, time_words(CENTRES_MS[first]) + how.closing)
        ids += encode_words(tokenizer, how.between)
        ids += encode_words(tokenizer, time_words(CENTRES_MS[last]) + how.closing)
    return tuple(ids)


@pytest.mark.parametrize("form", ["tags", "json"])
def test_two_spans_are_weighed_in_the_form_of_the_model(tokenizer: Any, form: str) -> None:
    stub: Any = Believer(tokenizer, {"no": 0.3})
    stub.answers[written(tokenizer, form, [(1, 3), (5, 6)])] = 0.7
    found = find_occurrences(stub, tokenizer, [1, 2], CENTRES_MS, SPAN_FORMS[form])
    assert found.happens == pytest.approx(0.7)
    assert scores(found) == {(1, 3): pytest.approx(0.7), (5, 6): pytest.approx(0.7)}


def test_a_family_that_says_one_span_is_asked_for_no_other(tokenizer: Any) -> None:
    stub: Any = Believer(tokenizer, {"no": 0.2})
    stub.answers[written(tokenizer, "sentence", [(2, 4)])] = 0.8
    found = find_occurrences(stub, tokenizer, [1, 2], CENTRES_MS, SPAN_FORMS["sentence"])
    assert scores(found) == {(2, 4): pytest.approx(0.8)}


def test_a_fence_before_the_list_counts_as_well(tokenizer: Any) -> None:
    stub: Any = Believer(tokenizer, {"no": 0.2})
    stub.answers[written(tokenizer, "json", [(2, 4)])] = 0.5
    stub.answers[tuple(encode_words(tokenizer, SPAN_FORMS["json"].openings[2]))] = 0.3
    found = find_occurrences(stub, tokenizer, [1, 2], CENTRES_MS, SPAN_FORMS["json"])
    assert found.happens == pytest.approx(0.8)

"""The arithmetic of docs/scale.md is what benchmarks/scale.py computes, and computes rightly."""

from pathlib import Path

import pytest

from benchmarks.scale import (
    PEAK_FLOPS,
    USED_SHARE,
    cost_of,
    model_table,
    rest_table,
    windows_of,
)
from qvtime.model.catalogue import known_model
from qvtime.model.habits import Habits

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"


def test_the_page_has_the_tables() -> None:
    page = PAGE.read_text("utf-8")
    assert model_table() in page
    assert rest_table() in page


def test_a_prompt_costs_what_was_computed_elsewhere() -> None:
    """238 TFLOP in the weights and 317 in attention: 32,768 tokens of the 4B, by hand."""
    known = known_model("Qwen/Qwen3-VL-4B-Instruct")
    assert known is not None
    shape, tokens = known.shape, 32_768
    assert 2 * shape.active_parameters * tokens == pytest.approx(238e12, rel=0.03)
    attention = 2 * shape.layers * shape.heads * shape.head_dim * tokens**2
    assert attention == pytest.approx(317e12, rel=0.01)
    windows = windows_of(Habits())
    cost = cost_of(shape, windows, Habits())
    a_window = (
        2 * shape.active_parameters * windows.tokens + attention * (windows.tokens / tokens) ** 2
    )
    expected = windows.an_hour * a_window / (USED_SHARE * PEAK_FLOPS)
    assert cost.prefill_s == pytest.approx(expected)

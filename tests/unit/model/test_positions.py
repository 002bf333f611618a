"""Explicit positions against transformers' own."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from qvtime.model.positions import prefix_positions, tail_positions
from qvtime.model.prompt import control_ids, encode_question, encode_video


@settings(deadline=None, max_examples=40)
@given(
    rows=st.integers(1, 6),
    columns=st.integers(1, 6),
    centres_ms=st.lists(st.integers(0, 10**7), min_size=1, max_size=6),
    question=st.text(min_size=1, max_size=20),
)
def test_positions_are_those_of_the_model(
    stock: Any, tokenizer: Any, rows: int, columns: int, centres_ms: list[int], question: str
) -> None:
    pad = control_ids(tokenizer).video_pad
    prefix = encode_video(tokenizer, centres_ms, rows * columns)
    tail = encode_question(tokenizer, question)
    positions, following = prefix_positions(prefix, pad, rows, columns)
    ours = torch.cat((positions, tail_positions(following, len(tail))), dim=1)
    ids = torch.tensor([prefix + tail])
    theirs, delta = stock.model.get_rope_index(
        ids,
        mm_token_type_ids=2 * (ids == pad).int(),
        video_grid_thw=torch.tensor([[len(centres_ms), 2 * rows, 2 * columns]]),
    )
    assert torch.equal(ours, theirs[:, 0])
    assert following + len(tail) == ids.shape[1] + int(delta)


def test_a_patch_stays_at_one_time() -> None:
    # word, two patches of 1 x 3 tokens with a word between, as worked out by hand
    positions, following = prefix_positions([1, 9, 9, 9, 1, 9, 9, 9, 1], 9, 1, 3)
    assert positions.tolist() == [
        [0, 1, 1, 1, 4, 5, 5, 5, 8],
        [0, 1, 1, 1, 4, 5, 5, 5, 8],
        [0, 1, 2, 3, 4, 5, 6, 7, 8],
    ]
    assert following == 9


def test_an_incomplete_patch_is_refused() -> None:
    with pytest.raises(ValueError, match="not 1 x 3 pads"):
        prefix_positions([1, 9, 9], 9, 1, 3)

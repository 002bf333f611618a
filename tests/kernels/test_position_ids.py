"""Positions of whole prompts, against transformers."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.models.qwen3_vl.configuration_qwen3_vl import Qwen3VLConfig
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLModel

from qvtime.ops.kernels import REFERENCE, Kernels
from qvtime.ops.position_ids import position_ids
from tests.kernels.host import HostLauncher

sizes = st.integers(1, 6)
videos = st.lists(
    st.tuples(st.integers(1, 5), sizes, sizes, st.integers(1, 7)), min_size=1, max_size=3
)
"""(temporal patches, merged rows, merged columns, words after each patch)."""


class Holder:
    """As much of the model as `get_rope_index` looks at."""

    config = Qwen3VLConfig()
    get_vision_position_ids = Qwen3VLModel.get_vision_position_ids


def as_stretches(words: int, clips: list[tuple[int, int, int, int]]) -> list[list[int]]:
    stretches, token, position = [[0, 0, 0, 0]], words, words
    for times, rows, columns, after in clips:
        for _ in range(times):
            stretches.append([token, position, rows, columns])
            token, position = token + rows * columns, position + max(rows, columns)
            stretches.append([token, position, 0, 0])
            token, position = token + after, position + after
    return [*stretches, [token, position, 0, 0]]


@given(words=st.integers(1, 9), clips=videos)
@settings(max_examples=40)
def test_they_are_those_of_transformers(
    words: int, clips: list[tuple[int, int, int, int]], shared: HostLauncher
) -> None:
    *rows, (tokens, _, _, _) = as_stretches(words, clips)
    types = [0] * words
    for times, height, width, after in clips:
        types += ([2] * (height * width) + [0] * after) * times
    holder: Any = Holder()
    get_rope_index: Any = Qwen3VLModel.get_rope_index
    theirs, _ = get_rope_index(
        holder,
        torch.zeros(1, tokens, dtype=torch.long),
        torch.tensor([types]),
        None,
        torch.tensor([(times, 2 * height, 2 * width) for times, height, width, _ in clips]),
    )
    stretches = torch.tensor(rows, dtype=torch.int32)
    for kernels in (REFERENCE, Kernels("cuda", shared)):
        assert torch.equal(position_ids(kernels, stretches, tokens), theirs[:, 0])


@pytest.fixture(scope="module")
def shared(library: Any) -> HostLauncher:
    return HostLauncher(library)


def test_a_planted_prompt(on_host: Kernels) -> None:
    """Two words, a patch of 2 x 3, a word that begins after the longer side."""
    stretches = torch.tensor(
        [[0, 300_000, 0, 0], [2, 300_002, 2, 3], [8, 300_005, 0, 0]], dtype=torch.int32
    )
    expected = [
        [0, 1, 2, 2, 2, 2, 2, 2, 5],
        [0, 1, 2, 2, 2, 3, 3, 3, 5],
        [0, 1, 2, 3, 4, 2, 3, 4, 5],
    ]
    for kernels in (REFERENCE, on_host):
        assert (position_ids(kernels, stretches, 9) - 300_000).tolist() == expected


def test_only_int32_stretches_are_taken(on_host: Kernels) -> None:
    with pytest.raises(ValueError, match="int32"):
        position_ids(on_host, torch.zeros(1, 4, dtype=torch.int64), 3)

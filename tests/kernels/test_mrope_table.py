"""Cosines and sines against float64 and against transformers."""

import pytest
import torch
from transformers.models.qwen3_vl.configuration_qwen3_vl import Qwen3VLTextConfig
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLTextRotaryEmbedding

from qvtime.ops.kernels import REFERENCE, Kernels
from qvtime.ops.mrope_table import mrope_table
from tests.kernels import truth
from tests.kernels.cases import SECTIONS, far_positions, frequencies

SINGLE = torch.finfo(torch.float32).eps

PLANTED = "THW" * 20 + "TTTT"
"""The axes of [24, 20, 20] as the technical report of Qwen3-VL has them, checked by hand."""

YARN = {"rope_type": "yarn", "factor": 3.0, "original_max_position_embeddings": 262_144}


def rotary(head_dim: int, rope: dict[str, object]) -> Qwen3VLTextRotaryEmbedding:
    parameters = {
        "rope_theta": 5_000_000.0,
        "mrope_section": list(SECTIONS[head_dim]),
        "mrope_interleaved": True,
        **rope,
    }
    return Qwen3VLTextRotaryEmbedding(
        Qwen3VLTextConfig(
            head_dim=head_dim,
            hidden_size=4 * head_dim,
            num_attention_heads=4,
            max_position_embeddings=262_144,
            rope_parameters=parameters,
        )
    )


@pytest.mark.parametrize("head_dim", [64, 128])
@pytest.mark.parametrize("tokens", [1, 33])
@pytest.mark.parametrize("scaling", [1.0, 1.1099])
def test_it_is_the_float64_one(
    head_dim: int, tokens: int, scaling: float, on_host: Kernels
) -> None:
    positions, inv_freq = far_positions(tokens, "cpu"), frequencies(head_dim)
    expected = truth.mrope_table(positions, inv_freq, scaling, SECTIONS[head_dim])
    for kernels in (on_host, REFERENCE):
        table = mrope_table(kernels, positions, inv_freq, scaling, SECTIONS[head_dim])
        assert table.shape == (tokens, head_dim // 2, 2)
        assert float((table - expected).abs().max()) <= 2 * SINGLE * scaling


@pytest.mark.parametrize("rope", [{"rope_type": "default"}, YARN])
@pytest.mark.parametrize("head_dim", [64, 128])
def test_it_is_that_of_transformers(
    head_dim: int, rope: dict[str, object], on_host: Kernels
) -> None:
    theirs = rotary(head_dim, rope)
    if rope is YARN:
        assert theirs.attention_scaling > 1.1
        assert not torch.equal(theirs.inv_freq, frequencies(head_dim))
    positions = far_positions(41, "cpu")
    cosine, sine = theirs(torch.empty(0, dtype=torch.float32), positions[:, None])
    halves = torch.stack((cosine[0], sine[0]), -1)[:, : head_dim // 2]
    for kernels in (on_host, REFERENCE):
        ours = mrope_table(
            kernels, positions, theirs.inv_freq, theirs.attention_scaling, SECTIONS[head_dim]
        )
        assert float((ours - halves).abs().max()) <= 4 * SINGLE


def test_the_axes_are_the_planted_ones(on_host: Kernels) -> None:
    """One frequency for all pairs, a position that tells the axes apart."""
    positions = torch.tensor([[0], [1], [2]])
    axes = torch.tensor(["THW".index(letter) for letter in PLANTED])
    for kernels in (on_host, REFERENCE):
        table = mrope_table(kernels, positions, torch.ones(64), 1.0, (24, 20, 20))
        assert torch.allclose(table[0, :, 0], axes.float().cos(), atol=1e-6)


def test_positions_may_be_spread_over_the_axes(on_host: Kernels) -> None:
    """The words of a question have one row of positions for all three axes: a stride of 0."""
    words = torch.arange(200_000, 200_019)
    spread = mrope_table(on_host, words.expand(3, -1), frequencies(128), 1.0, SECTIONS[128])
    whole = mrope_table(on_host, words.repeat(3, 1), frequencies(128), 1.0, SECTIONS[128])
    assert torch.equal(spread, whole)


def test_what_is_not_laid_out_is_refused(on_host: Kernels) -> None:
    sparse = far_positions(8, "cpu")[:, ::2]
    with pytest.raises(ValueError, match="neighbours"):
        mrope_table(on_host, sparse, frequencies(128), 1.0, SECTIONS[128])

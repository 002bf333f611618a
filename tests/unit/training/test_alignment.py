"""The alignment loss, and the loss of links: worth their formulas on attention that is known."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch

from qvtime.training.alignment import AttentionRecorder, alignment_loss, link_loss
from qvtime.training.batches import Batch

torch.set_num_threads(1)


def recorded(query: torch.Tensor, key: torch.Tensor) -> AttentionRecorder:
    return record(AttentionRecorder((0,), 1), query, key)


def record(
    recorder: AttentionRecorder, query: torch.Tensor, key: torch.Tensor
) -> AttentionRecorder:
    """Let layer 0 attend causally, with these queries and keys [1, 1, S, D]."""
    size = query.shape[2]
    hidden = torch.full((1, 1, size, size), -torch.inf).triu(1)
    recorder.attend(SimpleNamespace(layer_idx=0), query, key, key, hidden, scaling=0.5)
    return recorder


def aligned(
    owners: list[int],
    places: list[int],
    targets: list[list[float]],
    weights: list[float] | None = None,
    at_end: bool = False,
) -> Batch:
    """One lesson of four or more tokens, each patch's last token its end."""
    size = len(owners)
    last = [k + 1 == size or owners[k + 1] != owners[k] for k in range(size)]
    ends = [mine and owner >= 0 for mine, owner in zip(last, owners, strict=True)]
    lesson = SimpleNamespace(
        owners=torch.tensor([owners]),
        ends=torch.tensor([ends]),
        rows=torch.zeros(len(places), dtype=torch.int64),
        places=torch.tensor(places),
        targets=torch.tensor(targets),
        weights=torch.tensor(weights or [1.0] * len(places)),
        at_ends=torch.tensor([at_end] * len(places)),
        saying=torch.tensor([False] * len(places)),
    )
    return cast("Batch", lesson)


def test_the_alignment_loss_is_zero_on_the_truth_and_that_of_chance_when_blind() -> None:
    batch = aligned([-1, 0, 0, 1, 1, 2, 2, -1], [7], [[0.0, 1.0, 0.0]])
    query, key = torch.zeros(1, 1, 8, 4), torch.zeros(1, 1, 8, 4)
    loss, share = alignment_loss(recorded(query, key), batch)
    assert loss.item() == pytest.approx(np.log(8 / 2))
    assert share.item() == pytest.approx(2 / 8)
    query[0, 0, 7, 0], key[0, 0, 3:5, 0] = 100.0, 10.0
    loss, share = alignment_loss(recorded(query, key), batch)
    assert loss.item() == pytest.approx(0, abs=1e-5)
    assert share.item() == pytest.approx(1)


def test_the_alignment_loss_counts_attention_to_words_as_lost() -> None:
    batch = aligned([0, 1, -1, -1], [3], [[1.0, 0.0]])
    query, key = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
    query[0, 0, 3, 0], key[0, 0, 0, 0], key[0, 0, 2, 0] = 100.0, 10.0, 10.0
    loss, share = alignment_loss(recorded(query, key), batch)
    assert loss.item() == pytest.approx(np.log(2), abs=1e-5)
    assert share.item() == pytest.approx(0.5)


def test_the_alignment_loss_may_want_the_end_of_a_patch() -> None:
    query, key = torch.zeros(1, 1, 5, 4), torch.zeros(1, 1, 5, 4)
    query[0, 0, 4, 0], key[0, 0, :2, 0] = 100.0, 10.0  # both tokens of the first patch
    for at_end, share in ((False, 1.0), (True, 0.5)):
        batch = aligned([0, 0, 1, 1, -1], [4], [[1.0, 0.0]], at_end=at_end)
        loss, found = alignment_loss(recorded(query, key), batch)
        assert found.item() == pytest.approx(share)
        assert loss.item() == pytest.approx(-np.log(share), abs=1e-5)


def test_the_alignment_loss_counts_tokens_by_their_weights() -> None:
    batch = aligned([0, 1, -1, -1], [2, 3], [[1.0, 0.0], [1.0, 0.0]], [3.0, 1.0])
    query, key = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
    query[0, 0, 2, 0], key[0, 0, 0, 0] = 100.0, 10.0  # token 2 looks at the truth, 3 is blind
    loss, share = alignment_loss(recorded(query, key), batch)
    assert loss.item() == pytest.approx(np.log(4) / 4, abs=1e-5)
    assert share.item() == pytest.approx((3 + 0.25) / 4)


def test_the_link_loss_is_zero_on_the_token_that_found_it() -> None:
    lesson = SimpleNamespace(
        owners=torch.full((1, 4), -1),
        links=torch.tensor([[0, 3, 1]]),
    )
    query, key = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
    recorder = record(AttentionRecorder((), 1, saying_layers=(0,)), query, key)
    assert link_loss(recorder, cast("Batch", lesson)).item() == pytest.approx(np.log(4))
    query[0, 0, 3, 0], key[0, 0, 1, 0] = 100.0, 10.0
    record(recorder, query, key)
    assert link_loss(recorder, cast("Batch", lesson)).item() == pytest.approx(0, abs=1e-5)


def test_the_alignment_loss_of_a_span_wants_all_of_it() -> None:
    batch = aligned([0, 1, 2, -1], [3], [[0.5, 0.5, 0.0]])
    query, key = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
    query[0, 0, 3, 0], key[0, 0, :2, 0] = 100.0, 1.0
    whole, _ = alignment_loss(recorded(query, key), batch)
    key[0, 0, 1, 0] = 0.9
    part, _ = alignment_loss(recorded(query, key), batch)
    assert whole.item() == pytest.approx(0, abs=1e-5)
    assert part > whole

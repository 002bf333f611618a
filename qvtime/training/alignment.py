"""The temporal alignment loss: where a model looks when it says a time.

For a token that speaks of some patches (a digit of a time, the token before an answer), the
attention of a few heads over the video is pulled onto those patches:

    loss = KL(target || attention),  attention summed over the tokens of every patch,
    target uniform over the patches of the truth

so that the times which a model says rest on the pictures that it looked at.
"""

from typing import Any

import torch
import torch.nn.functional as F
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

RECORDED_ATTENTION = "qvtime_recorded"


class AttentionRecorder:
    """Keeps the rotated queries and keys of some layers of one forward pass."""

    def __init__(self, layers: tuple[int, ...], heads: int) -> None:
        self.layers, self.heads = layers, heads
        self.recorded: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        ALL_ATTENTION_FUNCTIONS.register(RECORDED_ATTENTION, self.attend)

    def attend(
        self,
        module: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None,
        scaling: float | None = None,
        **kwargs: Any,
    ) -> tuple[torch.Tensor, None]:
        """Plain grouped-query attention that remembers query [B, heads, S, D] and key."""
        query, key = query.to(value.dtype), key.to(value.dtype)
        if module.layer_idx in self.layers:
            self.recorded[module.layer_idx] = (query, key)
        groups = query.shape[1] // key.shape[1]
        mixed = F.scaled_dot_product_attention(
            query,
            key.repeat_interleave(groups, 1),
            value.repeat_interleave(groups, 1),
            attn_mask=attention_mask,
            scale=scaling,
        )
        return mixed.transpose(1, 2), None

    def install(self, model: Any) -> None:
        """Make the language model attend through this recorder."""
        model.model.language_model.config._attn_implementation = RECORDED_ATTENTION


def alignment_loss(
    recorder: AttentionRecorder,
    rows: torch.Tensor,
    places: torch.Tensor,
    weights: torch.Tensor,
    targets: torch.Tensor,
    owners: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean KL over aligned tokens, layers and heads; and the share of attention on the truth.

    rows, places: int64 [N], batch row and token of each aligned token; weights: float [N], its
    share in both means; targets: float [N, P],
    each row sums to 1; owners: int64 [B, S], the patch that a token belongs to, or -1.
    """
    patches = targets.shape[1]
    loss = shares = torch.zeros((), device=targets.device)
    for query, key in recorder.recorded.values():
        groups = query.shape[1] // key.shape[1]
        kept = [head // groups for head in range(recorder.heads)]
        for row in range(len(owners)):
            chosen = rows == row
            owned = owners[row] >= 0
            member = F.one_hot(owners[row, owned], patches).float()  # [S, P]
            asked = query[row, : recorder.heads, places[chosen]].float()  # [H, n, D]
            keys = key[row, kept][:, owned].float()  # [H, S, D]
            scores = asked @ keys.transpose(1, 2) / query.shape[-1] ** 0.5  # [H, n, S]
            mass = (scores.softmax(-1) @ member).clamp_min(1e-6)  # [H, n, P]
            target = targets[chosen]
            entropy = torch.xlogy(target, target)
            weight = weights[chosen]
            loss = loss + ((entropy - target * mass.log()).sum(-1).mean(0) * weight).sum()
            share = (mass.detach() * (target > 0)).sum(-1).mean(0)
            shares = shares + (share * weight).sum()
    count = weights.sum() * len(recorder.recorded)
    return loss / count, shares / count

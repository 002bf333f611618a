"""The temporal alignment loss: where a model looks when it says a time.

For a token that speaks of some patches (a digit of a time, the token before an answer), the
attention of a few heads over the video is pulled onto those patches:

    loss = KL(target || attention),  attention summed over the tokens of every patch,
    target uniform over the patches of the truth

so that the times which a model says rest on the pictures that it looked at.
"""

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

if TYPE_CHECKING:
    from qvtime.training.batches import Batch

RECORDED_ATTENTION = "qvtime_recorded"


class AttentionRecorder:
    """Keeps the rotated queries and keys of some layers of one forward pass.

    layers: where times look at patches; saying_layer: where answers look at what was found.
    """

    def __init__(self, layers: tuple[int, ...], heads: int, saying_layer: int = -1) -> None:
        self.layers, self.heads, self.saying_layer = layers, heads, saying_layer
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
        if module.layer_idx in (*self.layers, self.saying_layer):
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
    recorder: AttentionRecorder, batch: "Batch"
) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean KL over aligned tokens, layers and heads; and the share of attention on the truth.

    Attention is all that a token pays, to words as well: a head that looks at the right patch with
    a hundredth of its attention has not looked. Where a token should attend to the end of its
    patch (`batch.at_ends`), which knows what goes on in it, its other tokens count as none.
    """
    patches = batch.targets.shape[1]
    loss = shares = torch.zeros((), device=batch.targets.device)
    count = torch.zeros((), device=batch.targets.device)
    for layer, (query, key) in recorder.recorded.items():
        here = batch.saying if layer == recorder.saying_layer else ~batch.saying
        count = count + batch.weights[here].sum()
        groups = query.shape[1] // key.shape[1]
        kept = [head // groups for head in range(recorder.heads)]
        for row in range(len(batch.owners)):
            chosen = here & (batch.rows == row)
            places = batch.places[chosen]
            owners = batch.owners[row]
            member = F.one_hot(owners + 1, patches + 1)[:, 1:].float()  # [S, P]
            asked = query[row, : recorder.heads, places].float()  # [H, n, D]
            scores = asked @ key[row, kept].float().transpose(1, 2) / query.shape[-1] ** 0.5
            scores = scores.masked_fill(~batch.visible[row, :, places], float("-inf"))
            attention = scores.softmax(-1)  # [H, n, S]
            at_ends = batch.at_ends[chosen, None]
            mass = torch.where(
                at_ends, attention @ (member * batch.ends[row, :, None]), attention @ member
            ).clamp_min(1e-6)  # [H, n, P]
            target, weight = batch.targets[chosen], batch.weights[chosen]
            entropy = torch.xlogy(target, target)
            loss = loss + ((entropy - target * mass.log()).sum(-1).mean(0) * weight).sum()
            share = (mass.detach() * (target > 0)).sum(-1).mean(0)
            shares = shares + (share * weight).sum()
    count = count.clamp_min(1e-6)
    return loss / count, shares / count


def link_loss(recorder: AttentionRecorder, batch: "Batch") -> torch.Tensor:
    """The mean of -log of the attention that tokens pay to the one that found what they say."""
    query, key = recorder.recorded[recorder.saying_layer]
    groups = query.shape[1] // key.shape[1]
    kept = [head // groups for head in range(recorder.heads)]
    loss = torch.zeros((), device=query.device)
    for row in range(len(batch.owners)):
        places, sources = batch.links[batch.links[:, 0] == row, 1:].unbind(1)
        asked = query[row, : recorder.heads, places].float()  # [H, n, D]
        scores = asked @ key[row, kept].float().transpose(1, 2) / query.shape[-1] ** 0.5
        scores = scores.masked_fill(~batch.visible[row, :, places], float("-inf"))
        there = scores.log_softmax(-1)[:, torch.arange(len(places)), sources]
        loss = loss - there.mean(0).sum()
    return loss / max(1, len(batch.links))

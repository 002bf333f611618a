"""The temporal alignment loss: where a model looks when it says a time.

For a token that speaks of some patches (a digit of a time, the token before an answer), the
attention of a few heads over the video is pulled onto those patches:

    loss = KL(target || attention),  attention summed over the tokens of every patch,
    target uniform over the patches of the truth

so that the times which a model says rest on the pictures that it looked at.
"""

from typing import TYPE_CHECKING, Any, Protocol

import torch
import torch.nn.functional as F
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

if TYPE_CHECKING:
    from qvtime.training.batches import Batch

RECORDED_ATTENTION = "qvtime_recorded"


class Looks(Protocol):
    """What should attend where, as `qvtime.training.batches.Batch` says it."""

    @property
    def owners(self) -> torch.Tensor: ...
    @property
    def ends(self) -> torch.Tensor: ...
    @property
    def rows(self) -> torch.Tensor: ...
    @property
    def places(self) -> torch.Tensor: ...
    @property
    def targets(self) -> torch.Tensor: ...
    @property
    def weights(self) -> torch.Tensor: ...
    @property
    def at_ends(self) -> torch.Tensor: ...
    @property
    def saying(self) -> torch.Tensor: ...


class AttentionRecorder:
    """Keeps what some layers of one forward pass look at.

    layers: where times look at patches; saying_layers: where answers look at what was found;
    recorded: for each of them the masked scores of its first heads, before the softmax, float32
    [B, heads, S, S].
    """

    def __init__(
        self, layers: tuple[int, ...], heads: int, saying_layers: tuple[int, ...] = ()
    ) -> None:
        self.layers, self.heads, self.saying_layers = layers, heads, saying_layers
        self.recorded: dict[int, torch.Tensor] = {}
        ALL_ATTENTION_FUNCTIONS.register(RECORDED_ATTENTION, self.attend)

    def attend(
        self,
        module: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor,
        scaling: float,
        **kwargs: Any,
    ) -> tuple[torch.Tensor, None]:
        """Plain grouped-query attention, written out, of query [B, heads, S, D].

        attention_mask: what is added to the scores, [B, 1, S, S]. The queries that share a key
        are one longer row of queries: no key is copied.
        """
        size, heads, length, head_dim = query.shape
        folded = (query * scaling).to(value.dtype).reshape(size, key.shape[1], -1, head_dim)
        scores = folded @ key.to(value.dtype).transpose(2, 3)
        scores = scores.view(size, heads, length, length) + attention_mask
        if module.layer_idx in (*self.layers, *self.saying_layers):
            self.recorded[module.layer_idx] = scores[:, : self.heads].float()
        attention = scores.softmax(-1).to(value.dtype)
        mixed = attention.view(size, key.shape[1], -1, length) @ value
        return mixed.view(size, heads, length, head_dim).transpose(1, 2), None

    def install(self, model: Any) -> None:
        """Make the language model attend through this recorder."""
        model.model.language_model.config._attn_implementation = RECORDED_ATTENTION


def alignment_loss(recorder: AttentionRecorder, batch: Looks) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean KL over aligned tokens, layers and heads; and the share of attention on the truth.

    Attention is all that a token pays, to words as well: a head that looks at the right patch with
    a hundredth of its attention has not looked. Where a token should attend to the end of its
    patch (`batch.at_ends`), which knows what goes on in it, its other tokens count as none.
    """
    patches = batch.targets.shape[1]
    member = F.one_hot(batch.owners + 1, patches + 1)[..., 1:].float()  # [B, S, P]
    last = member * batch.ends[..., None]
    loss = shares = count = torch.zeros((), device=batch.targets.device)
    for layer, scores in recorder.recorded.items():
        here = batch.saying if layer in recorder.saying_layers else ~batch.saying
        rows, target, weight = batch.rows[here], batch.targets[here], batch.weights[here]
        attention = scores[rows, :, batch.places[here]].softmax(-1)  # [n, H, S]
        counted = torch.where(batch.at_ends[here, None, None], last[rows], member[rows])
        mass = (attention @ counted).clamp_min(1e-6)  # [n, H, P]
        divergence = torch.xlogy(target, target)[:, None] - target[:, None] * mass.log()
        loss = loss + (divergence.sum(-1).mean(1) * weight).sum()
        share = (mass.detach() * (target > 0)[:, None]).sum(-1).mean(1)
        shares = shares + (share * weight).sum()
        count = count + weight.sum()
    count = count.clamp_min(1e-6)
    return loss / count, shares / count


def link_loss(recorder: AttentionRecorder, batch: "Batch") -> torch.Tensor:
    """The mean of -log of the attention that tokens pay to the one that found what they say."""
    rows, places, sources = batch.links.unbind(1)
    loss = torch.zeros((), device=rows.device)
    for layer in recorder.saying_layers:
        looks = recorder.recorded[layer][rows, :, places].log_softmax(-1)  # [L, H, S]
        loss = loss - looks[torch.arange(len(rows)), :, sources].mean(1).sum()
    return loss / max(1, len(rows) * len(recorder.saying_layers))

"""What follows a video, read by walking over the text model's own layers.

transformers' forward pass works out masks, caches and arguments anew for every token, and calls
every part through hooks. Here the same parts, with the same weights, follow each other directly:
projections, experts and head are called as the modules they are, so that quantised and adapted
ones work, and between them stand the operations of qvtime.ops. What is computed is
`Qwen3VLTextModel` of transformers (without pictures, whose features only a prefix holds); norms
and rotations round once, where transformers rounds several times.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import torch
from torch.nn import functional

from qvtime.model.layout import joined, side_by_side
from qvtime.ops.kernels import Kernels
from qvtime.ops.mrope_table import mrope_table
from qvtime.ops.qk_norm_rope import qk_norm_rope


class Memory(Protocol):
    """The keys and values of one layer, each [1, kv_heads, tokens, head_dim]."""

    keys: Any
    values: Any

    def make_room(self, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Where new keys and values shaped `like` go; then `keys` and `values` hold them."""
        ...


class Attention(Protocol):
    """How queries look at a memory."""

    def __call__(
        self, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float
    ) -> torch.Tensor:
        """What each query sees, shaped as the queries are.

        queries: [1, kv_heads, groups, tokens, head_dim], of the last tokens; keys and values as in
        Memory. All heads that share keys are handed in together, since these need not be repeated.
        """
        ...


class MaskedAttention:
    """Each token sees what a mask lets it see, by torch's own attention.

    mask: what is added to the scores, [tokens, tokens held], in the queries' dtype; None: there is
    one token, which sees all.
    """

    def __init__(self, mask: torch.Tensor | None, groups: int) -> None:
        self._mask = None if mask is None else mask.expand(groups, -1, -1).contiguous()

    def __call__(
        self, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float
    ) -> torch.Tensor:
        tokens = queries.shape[3]
        if self._mask is None and queries.device.type == "cpu" and queries.dtype == torch.float32:
            # One token: torch's blocks cost more than they save. In halves they round less.
            rows = (queries[0] * scale).flatten(1, 2)
            weights = torch.bmm(rows, keys[0].mT).softmax(-1)
            return torch.bmm(weights, values[0]).view(queries.shape)
        mask = None if self._mask is None else self._mask[:, -tokens:].flatten(0, 1)
        rows = queries.flatten(2, 3)  # a group is nothing but more queries
        mixed = functional.scaled_dot_product_attention(
            rows, keys, values, attn_mask=mask, scale=scale
        )
        return mixed.view(queries.shape)


class Walker:
    """The text model of a Qwen3-VL, dense or mixture of experts, whole and on one device.

    The parts of its layers are called by their `forward`, past hooks: looking for these takes a
    fourteenth of a token on a CPU (qvtime.model.decoding has the models that this suits).
    """

    def __init__(self, model: Any, kernels: Kernels) -> None:
        self._text, self._head, self._kernels = model.model.language_model, model.lm_head, kernels
        # Of each layer the projections as one matrix, and then the gate with its partner.
        self._joined = [
            [*map(joined, side_by_side(layer)), None][:2] for layer in self._text.layers
        ]
        self.groups: int = self._text.layers[0].self_attn.num_key_value_groups
        self.device: torch.device = self._text.embed_tokens.weight.device

    def logits(
        self,
        cache: Any,
        ids: Sequence[int],
        positions: torch.Tensor,
        seen: torch.Tensor | None = None,
        rows: int = 1,
    ) -> torch.Tensor:
        """Append `ids` to a cache of RoomyLayers; see qvtime.model.decoding.Decoder."""
        if seen is None and len(ids) > 1:
            held = int(cache.get_seq_length())
            seen = torch.ones((len(ids), held + len(ids)), dtype=torch.bool).tril_(held)
        mask = None if seen is None else additive(seen.to(self.device), self._text.dtype)
        return self.walk(
            torch.tensor(ids, device=self.device),
            positions.to(self.device),
            cache.layers,
            MaskedAttention(mask, self.groups),
            rows,
        )

    def walk(
        self,
        ids: torch.Tensor,
        positions: torch.Tensor,
        memories: Iterable[Memory],
        attention: Attention,
        rows: int,
        slots: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The logits after the last `rows` of these tokens, float32 [rows, vocabulary].

        ids: int64 [tokens]; positions: int64 [3, tokens]; slots: where in its room a memory puts
        each token (int64 [tokens]), the beginning where there are none.
        """
        text = self._text
        hidden = text.embed_tokens.forward(ids[None])  # [1, tokens, hidden]
        rotary = text.rotary_emb
        table = mrope_table(
            self._kernels,
            positions,
            rotary.inv_freq.float(),
            rotary.attention_scaling,
            rotary.mrope_section,
        )[None]
        last = text.layers[-1]
        for layer, memory, (qkv, gated) in zip(text.layers, memories, self._joined, strict=True):
            part = layer.self_attn
            normed = _normed(hidden, layer.input_layernorm)
            queries = self._queries(part, qkv, normed, table, memory, slots)
            if layer is last:  # nothing reads what the other tokens become
                queries, hidden = queries[:, :, -rows:], hidden[:, -rows:]
            grouped = queries.view(1, -1, self.groups, *queries.shape[2:])
            mixed = attention(grouped, memory.keys, memory.values, part.scaling)
            mixed = mixed.flatten(1, 2).transpose(1, 2).flatten(2)  # [1, tokens, heads * head_dim]
            hidden = hidden + part.o_proj.forward(mixed)
            normed = _normed(hidden, layer.post_attention_layernorm)
            hidden = hidden + _mlp(layer.mlp, gated, normed)
        # Rows, not a slice [1, rows, hidden] of more: for that torch copies the whole vocabulary.
        logits: torch.Tensor = self._head(_normed(hidden[0, -rows:], text.norm))
        return logits.float()

    def _queries(
        self,
        part: Any,
        joint: torch.Tensor | None,
        normed: torch.Tensor,
        table: torch.Tensor,
        memory: Memory,
        slots: torch.Tensor | None,
    ) -> torch.Tensor:
        """Queries [1, heads, tokens, head_dim]; keys and values are put away.

        joint: the weights of all three projections, where they lie as one matrix.
        """
        heads = (1, normed.shape[1], -1, part.head_dim)
        projections = (part.q_proj, part.k_proj, part.v_proj)
        if joint is None:
            q, k, v = (one.forward(normed).view(heads) for one in projections)
        else:
            sizes = [one.out_features for one in projections]
            rows = torch.split(functional.linear(normed, joint), sizes, -1)
            q, k, v = (one.view(heads) for one in rows)
        k_out, v_out = memory.make_room(k.transpose(1, 2))
        return qk_norm_rope(
            self._kernels,
            q,
            k,
            v,
            part.q_norm.weight,
            part.k_norm.weight,
            part.q_norm.variance_epsilon,
            table,
            k_out,
            v_out,
            slots,
        )


def _mlp(mlp: Any, joint: torch.Tensor | None, normed: torch.Tensor) -> torch.Tensor:
    """What the MLP makes of each token, or its experts."""
    if joint is None:
        made: torch.Tensor = mlp.forward(normed)
        return made
    gate, up = functional.linear(normed, joint).chunk(2, -1)
    made = mlp.down_proj.forward(mlp.act_fn(gate) * up)
    return made


def _normed(hidden: torch.Tensor, norm: Any) -> torch.Tensor:
    """`Qwen3VLTextRMSNorm` of transformers, in one operation."""
    return functional.rms_norm(hidden, norm.weight.shape, norm.weight, norm.variance_epsilon)


def additive(seen: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """What attention adds to its scores: 0 where a token is seen, else the least number."""
    mask = torch.zeros(seen.shape, dtype=dtype, device=seen.device)
    return mask.masked_fill_(~seen, torch.finfo(dtype).min)

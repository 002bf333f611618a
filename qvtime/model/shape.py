"""What a Qwen3-VL of some shape weighs and holds in memory: arithmetic on its config.json.

No tensor is made: a plan can be known for a model that this machine could never load.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BYTES_A_WEIGHT = {"bfloat16": 2.0, "float16": 2.0, "float32": 4.0, "int8": 1.0, "int4": 0.5625}
"""int4: four bits and, for every 64 weights, a scale of float32 (bitsandbytes, NF4)."""

PIXELS_A_TOKEN = 32 * 32
"""The vision tower's 16 px patches, merged 2 x 2."""
_PATCH_NUMBERS = 3 * 2 * 16 * 16
_SAID_AT_ONCE = 512
_MERGED = 4
"""The tower's patches that become one token: 2 x 2."""


@dataclass(frozen=True, slots=True)
class ModelShape:
    """The sizes of a Qwen3-VL that decide what it costs.

    text_parameters: of the decoder's layers, which `--quantize` makes smaller;
    other_parameters: the vision tower, the embedding, the head and the norms;
    tower_parameters: of these, the tower's blocks, which every patch of a picture meets;
    active_parameters: those that one token meets in a decoder with experts;
    context_tokens: the longest prompt that it was trained for.
    """

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    feed_forward: int
    deepstack_levels: int
    context_tokens: int
    text_parameters: int
    other_parameters: int
    tower_parameters: int
    active_parameters: int
    vocabulary: int

    @property
    def parameters(self) -> int:
        """All of them."""
        return self.text_parameters + self.other_parameters

    def kv_bytes_per_token(self, width: int = 2) -> int:
        """Keys and values of one token in all layers; width: bytes of a number."""
        return 2 * self.layers * self.kv_heads * self.head_dim * width

    def feature_bytes_per_token(self, width: int = 2) -> int:
        """What the vision tower says of one token: the pooled feature and each DeepStack level."""
        return (1 + self.deepstack_levels) * self.hidden * width

    def weight_bytes(self, dtype: str = "bfloat16", quantized: str | None = None) -> int:
        """The weights as they lie in memory; quantized: "int8" or "int4" for the decoder's."""
        text = BYTES_A_WEIGHT[quantized or dtype]
        return round(self.text_parameters * text + self.other_parameters * BYTES_A_WEIGHT[dtype])

    def work_bytes(self, tokens: int, width: int = 2) -> int:
        """What reading so many tokens at once takes beside weights, keys and values.

        An estimate: the features, the residual stream with its copies, and the widest layer.
        """
        attention = 2 * (self.heads + self.kv_heads) * self.head_dim
        numbers = 4 * self.hidden + max(3 * self.feed_forward, attention)
        return tokens * (numbers * width + self.feature_bytes_per_token(width))

    def window_bytes(self, tokens: int, width: int = 2) -> int:
        """What a window of so many tokens takes beside the weights: an estimate.

        Its keys and values, the work of reading it, and the logits of one pass over what may be
        said (`spans.TREE_TOKENS`), once in the weights' dtype and once in float32.
        """
        logits = _SAID_AT_ONCE * self.vocabulary * (width + 4)
        return tokens * self.kv_bytes_per_token(width) + self.work_bytes(tokens, width) + logits

    def prefill_flops(self, tokens: int) -> float:
        """Multiplications and additions of reading so many tokens: the layers, and attention."""
        attention = 2 * self.layers * self.heads * self.head_dim * float(tokens) ** 2
        return 2.0 * self.active_parameters * tokens + attention

    def vision_flops(self, tokens: int) -> float:
        """The same of the tower, for pictures that become so many tokens; without attention."""
        return 2.0 * self.tower_parameters * _MERGED * tokens


def shape_of(config: Mapping[str, Any]) -> ModelShape:
    """The shape that a checked config.json of a Qwen3-VL describes. KeyError for another model."""
    text, vision = config["text_config"], config["vision_config"]
    hidden, layers = int(text["hidden_size"]), int(text["num_hidden_layers"])
    heads, kv_heads = int(text["num_attention_heads"]), int(text["num_key_value_heads"])
    head_dim = int(text.get("head_dim", hidden // heads))
    attention = 2 * hidden * head_dim * (heads + kv_heads) + 2 * head_dim
    if "num_experts" in text:
        one, experts = 3 * hidden * int(text["moe_intermediate_size"]), int(text["num_experts"])
        used = int(text["num_experts_per_tok"])
        feed, active = experts * (one + hidden), used * one + experts * hidden
        widest = used * int(text["moe_intermediate_size"])
    else:
        feed = active = 3 * hidden * int(text["intermediate_size"])
        widest = int(text["intermediate_size"])
    tied = bool(config.get("tie_word_embeddings", text.get("tie_word_embeddings", False)))
    vocabulary = int(text["vocab_size"])
    words = vocabulary * hidden * (1 if tied else 2)
    tower, blocks = _tower(vision)
    return ModelShape(
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        feed_forward=widest,
        deepstack_levels=len(vision["deepstack_visual_indexes"]),
        context_tokens=int(text["max_position_embeddings"]),
        text_parameters=layers * (attention + feed + 2 * hidden),
        other_parameters=words + hidden + tower,
        tower_parameters=blocks,
        active_parameters=layers * (attention + active + 2 * hidden),
        vocabulary=vocabulary,
    )


def _tower(vision: Mapping[str, Any]) -> tuple[int, int]:
    """The parameters of a vision tower with its mergers, and those of its blocks alone."""
    hidden, inner = int(vision["hidden_size"]), int(vision["intermediate_size"])
    out, merged = int(vision["out_hidden_size"]), _MERGED * int(vision["hidden_size"])
    block = 4 * hidden + 4 * hidden * hidden + 4 * hidden + 2 * hidden * inner + inner + hidden
    mixed = merged * merged + merged + merged * out + out
    places = (int(vision["num_position_embeddings"]) + _PATCH_NUMBERS + 1) * hidden
    levels = len(vision["deepstack_visual_indexes"])
    blocks = int(vision["depth"]) * block
    return places + blocks + mixed + 2 * hidden + levels * (mixed + 2 * merged), blocks

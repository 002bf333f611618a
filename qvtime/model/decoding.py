"""How what follows a video is read: which of three ways, and why.

- "graph": the whole step of a token is one CUDA graph, replayed (qvtime.model.step);
- "walk": over the layers directly (qvtime.model.walk); so are several tokens at once, always;
- "transformers": its own forward pass, which can do everything.

The first that fits a model is taken; reports name it in their settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch

from qvtime.model.kernels import FIXED_ROPES
from qvtime.model.step import StepDecoder
from qvtime.model.walk import Walker, additive
from qvtime.ops.kernels import Kernels


class Decoder(Protocol):
    """Something that reads tokens on top of what a cache holds."""

    def logits(
        self,
        cache: Any,
        ids: Sequence[int],
        positions: torch.Tensor,
        seen: torch.Tensor | None = None,
        rows: int = 1,
    ) -> torch.Tensor:
        """Append `ids`; the logits after the last `rows` of them, float32 [rows, vocabulary].

        positions: int64 [3, tokens]; seen: what each token sees, bool [tokens, tokens held and
        these], where that is not all before it and itself.
        """
        ...


class StockDecoder:
    """transformers' own forward pass."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def logits(
        self,
        cache: Any,
        ids: Sequence[int],
        positions: torch.Tensor,
        seen: torch.Tensor | None = None,
        rows: int = 1,
    ) -> torch.Tensor:
        """See Decoder."""
        device = self._model.device
        mask = None if seen is None else additive(seen.to(device), self._model.dtype)[None, None]
        out = self._model.model(
            input_ids=torch.tensor([ids], device=device),
            position_ids=positions.to(device).unsqueeze(1),  # [3, 1, tokens]
            attention_mask=mask,
            past_key_values=cache,
            use_cache=True,
        )
        # Rows, not a slice [1, rows, hidden] of more: for that torch copies the whole vocabulary.
        logits: torch.Tensor = self._model.lm_head(out.last_hidden_state[0, -rows:])
        return logits.float()


@dataclass(frozen=True, slots=True)
class Decoding:
    """A way to read on; why: what keeps the model from a quicker one, None where nothing does."""

    name: Literal["graph", "walk", "transformers"]
    why: str | None = None

    @property
    def described(self) -> str:
        """The name, and why if there is a reason."""
        return self.name if self.why is None else f"{self.name} ({self.why})"


def choose_decoding(model: Any, kernels: Kernels) -> Decoding:
    """The quickest way that this loaded Qwen3-VL can go with these kernels."""
    why = _why_no_walk(model)
    if why is not None:
        return Decoding("transformers", why)
    if model.device.type != "cuda":
        return Decoding("walk")
    why = _why_no_graph(model, kernels)
    return Decoding("graph") if why is None else Decoding("walk", why)


def make_decoder(model: Any, kernels: Kernels) -> Decoder:
    """The decoder of that way, for one cache: a graph is bound to its memory."""
    name = choose_decoding(model, kernels).name
    if name == "transformers":
        return StockDecoder(model)
    walker = Walker(model, kernels)
    return StepDecoder(walker) if name == "graph" else walker


def _why_no_walk(model: Any) -> str | None:
    text = model.model.language_model
    rope, attention = text.config.rope_parameters["rope_type"], text.config._attn_implementation
    if rope not in FIXED_ROPES:
        return f"the rotation is of type {rope}"
    if attention != "sdpa":
        return f"the attention is {attention}"
    weights = (*text.parameters(), *model.lm_head.parameters())
    places = {str(weight.device) for weight in weights}
    if len(places) > 1 or "meta" in places:  # meta: fetched by hooks of accelerate when needed
        return "the weights are on several devices"
    return None


def _why_no_graph(model: Any, kernels: Kernels) -> str | None:
    if kernels.name != "cuda":
        return f"the kernels are {kernels.name}"
    if getattr(model, "hf_quantizer", None) is not None:
        return "the weights are quantized"
    if hasattr(model.config.get_text_config(), "num_experts"):
        return "experts are chosen from token to token"
    return None

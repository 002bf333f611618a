"""Positions stretched by YaRN, so that a model reads more at once than it was trained for.

What Qwen3-VL's README says for a million tokens: a factor of 3 on a context of 262,144, since
positions grow more slowly than tokens where most of these are pictures. Method: Peng et al., 2023,
arXiv 2309.00071. It changes short prompts too, a little: worth it where a video needs the room.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from transformers import AutoConfig

from qvtime.model.hub import FoundModel

FACTOR = 3.0
TRAINED_TOKENS, STRETCHED_TOKENS = 262_144, 1_000_000


def stretched_tokens(context_tokens: int) -> int:
    """How many tokens a model of this context reads when stretched: 1,000,000 for 262,144."""
    return context_tokens * STRETCHED_TOKENS // TRAINED_TOKENS


def stretch(config: Mapping[str, Any]) -> dict[str, Any]:
    """A checkpoint's config.json with YaRN in it; what is stretched already stays as it is."""
    whole = deepcopy(dict(config))  # transformers writes into what it is given
    text = whole["text_config"]
    # The name of the entry before transformers 5 is read as well as today's.
    key = "rope_parameters" if "rope_parameters" in text else "rope_scaling"
    rope = dict(text.get(key) or {})
    if rope.get("rope_type") == "yarn":
        return whole
    context = int(text["max_position_embeddings"])
    text[key] = rope | {
        "rope_type": "yarn",
        "factor": FACTOR,
        "original_max_position_embeddings": context,
    }
    text["max_position_embeddings"] = stretched_tokens(context)
    return whole


def stretched_config(found: FoundModel) -> Any:
    """transformers' configuration of a checkpoint, stretched."""
    kind = AutoConfig.for_model(found.checkpoint.config["model_type"])
    return type(kind).from_dict(stretch(found.checkpoint.config))

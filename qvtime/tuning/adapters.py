"""LoRA: small matrices beside the frozen weights of a large model, learned in their place.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", arXiv 2106.09685.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qvtime.errors import UsageError
from qvtime.tuning.recipe import Recipe

LANGUAGE = r".*language_model\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)"
VISION = r".*visual\.(blocks\.\d+\.(attn\.(qkv|proj)|mlp\.linear_fc[12])|merger\.linear_fc[12])"
"""What gets adapters: every linear layer of the blocks. Experts of a mixture have none."""


def add_adapters(model: Any, recipe: Recipe) -> Any:
    """peft's wrapping of `model`, whose adapters alone learn. UsageError without peft."""
    targets = f"({LANGUAGE})|({VISION})" if recipe.vision_rate > 0 else LANGUAGE
    with _hushed():
        try:
            from peft import LoraConfig, get_peft_model
        except ImportError as error:
            raise UsageError(
                "--method lora needs peft, which is not installed", "pip install 'qvtime[train]'"
            ) from error
        config = LoraConfig(
            r=recipe.rank, lora_alpha=2 * recipe.rank, lora_dropout=0.0, target_modules=targets
        )
        return get_peft_model(model, config)


@contextmanager
def _hushed() -> Iterator[None]:
    """What the libraries have to say to each other about their versions is nothing to the user."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            yield
    finally:
        logging.disable(logging.NOTSET)


def merge_adapters(adapted: Any) -> Any:
    """The model with what its adapters learned in its own weights."""
    return adapted.merge_and_unload()

"""What a model would read, without its weights in memory: enough to plan with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qvtime.model.habits import Habits, habits_of
from qvtime.model.prompt import encode_video, time_words
from qvtime.model.shape import PIXELS_A_TOKEN, ModelShape, shape_of

# Qwen's tokenizer has a token for every digit and every mark (QwenLM/Qwen3-VL's checkpoints):
# `<`, the letters of `168.0`, ` seconds`, `>`, and a tag on either side of the picture.
LABEL_TOKENS = 5
TURN_TOKENS = 3
"""Of the opened turn: a control token, `user`, a line's end."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A model's name, how it wants to be asked, and how it spells.

    tokenizer: None for a model that is not on this machine; shape: its sizes; size_bytes: of its
    weights as they are stored; both None where they are not known.
    """

    name: str
    habits: Habits
    tokenizer: Any | None
    shape: ModelShape | None = None
    size_bytes: int | None = None

    def window_tokens(self, centres_ms: Sequence[int], width_px: int, height_px: int) -> int:
        """How many tokens these patches of this size take; sides are multiples of 32 px."""
        tokens_per_patch = width_px * height_px // PIXELS_A_TOKEN
        if self.tokenizer is None:
            return TURN_TOKENS + sum(
                tokens_per_patch + len(time_words(one)) + LABEL_TOKENS for one in centres_ms
            )
        return len(encode_video(self.tokenizer, centres_ms, tokens_per_patch))


def read_outline(name: str, yarn: bool = False) -> Outline:
    """The outline of a model (`demo`, a folder, owner/name). Raises as `load_model` does.

    A known one that is not on this machine is not fetched for that: its published configuration
    tells enough. Any other from the hub is fetched whole. yarn: its positions stretched.
    """
    from qvtime.model.catalogue import known_model
    from qvtime.model.hub import find_copy, find_model

    known = None if Path(name).is_dir() else known_model(name)
    if known is not None and find_copy(known.name) is None:
        return outline_of(known.name, known.config, yarn=yarn)
    from qvtime.model.weights import read_tokenizer

    found = find_model(name)
    checkpoint = found.checkpoint
    outline = outline_of(found.name, checkpoint.config, checkpoint.size_bytes, yarn)
    return replace(outline, tokenizer=read_tokenizer(found))


def outline_of(
    name: str, config: Mapping[str, Any], size_bytes: int | None = None, yarn: bool = False
) -> Outline:
    """The outline that a checked config.json tells, without a tokenizer.

    size_bytes: of the stored weights; None for what the shape makes of them.
    """
    shape = _shape(config, yarn)
    size_bytes = shape.weight_bytes() if size_bytes is None else size_bytes
    return Outline(name, habits_of(config, name), None, shape, size_bytes)


def _shape(config: Mapping[str, Any], yarn: bool) -> ModelShape:
    if not yarn:
        return shape_of(config)
    from qvtime.model.yarn import stretch

    return shape_of(stretch(config))

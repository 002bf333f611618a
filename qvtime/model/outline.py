"""What a model would read, without its weights in memory: enough to plan with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qvtime.model.habits import Habits, habits_of
from qvtime.model.prompt import encode_video, time_words

PIXELS_A_TOKEN = 32 * 32
"""The vision tower's 16 px patches, merged 2 x 2."""

# Qwen's tokenizer has a token for every digit and every mark (QwenLM/Qwen3-VL's checkpoints):
# `<`, the letters of `168.0`, ` seconds`, `>`, and a tag on either side of the picture.
LABEL_TOKENS = 5
TURN_TOKENS = 3
"""Of the opened turn: a control token, `user`, a line's end."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A model's name, how it wants to be asked, and how it spells: None for a model elsewhere."""

    name: str
    habits: Habits
    tokenizer: Any | None

    def window_tokens(self, centres_ms: Sequence[int], width_px: int, height_px: int) -> int:
        """How many tokens these patches of this size take; sides are multiples of 32 px."""
        tokens_per_patch = width_px * height_px // PIXELS_A_TOKEN
        if self.tokenizer is None:
            return TURN_TOKENS + sum(
                tokens_per_patch + len(time_words(one)) + LABEL_TOKENS for one in centres_ms
            )
        return len(encode_video(self.tokenizer, centres_ms, tokens_per_patch))


def read_outline(name: str) -> Outline:
    """The outline of a model (`demo`, a folder, owner/name). Raises as `load_model` does.

    One from the hub that is not on this machine is fetched whole.
    """
    from qvtime.model.hub import find_model
    from qvtime.model.weights import read_tokenizer

    found = find_model(name)
    return Outline(
        found.name, habits_of(found.checkpoint.config, found.name), read_tokenizer(found)
    )

"""What a model would read, without its weights in memory: enough to plan with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qvtime.model.habits import Habits, habits_of
from qvtime.model.prompt import encode_video

PIXELS_A_TOKEN = 32 * 32
"""The vision tower's 16 px patches, merged 2 x 2."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A model's name, how it wants to be asked, and how it spells."""

    name: str
    habits: Habits
    tokenizer: Any

    def window_tokens(self, centres_ms: Sequence[int], width_px: int, height_px: int) -> int:
        """How many tokens these patches of this size take; sides are multiples of 32 px."""
        tokens_per_patch = width_px * height_px // PIXELS_A_TOKEN
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

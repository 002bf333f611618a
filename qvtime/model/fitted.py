"""How a model would run in some memory, reckoned from its configuration: no weights are read."""

from dataclasses import dataclass, replace

import torch

from qvtime.errors import OutOfMemory
from qvtime.model.fit import Room, fit, patch_tokens, wishes_of
from qvtime.model.habits import Habits
from qvtime.model.outline import Outline
from qvtime.model.shape import ModelShape
from qvtime.model.weights import dtype_named, usual_dtype
from qvtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Fitted:
    """How a model of known shape would run in some memory.

    habits: with what would be read at once; short: what falls short of what was wished, a sentence
    or None; fits: whether anything would. dtype: of its numbers; weight_bytes: of the weights;
    free_bytes: beside them, None when nobody knows; window_bytes: of what is read at once.
    """

    habits: Habits
    short: str | None
    fits: bool
    dtype: torch.dtype
    weight_bytes: int
    free_bytes: int | None
    window_bytes: int

    @property
    def window_tokens(self) -> int:
        """How many tokens are read at once at most."""
        return _tokens_at_once(self.habits)


def fit_memory(
    outline: Outline,
    shape: ModelShape,
    settings: Settings,
    device: str,
    free_bytes: int | None,
) -> Fitted:
    """What a model would read at once where so much memory is free. UsageError for wishes that
    it cannot meet."""
    dtype = dtype_named(settings.dtype) or usual_dtype(outline.size_bytes or 0, device, free_bytes)
    weight_bytes = shape.weight_bytes(str(dtype).removeprefix("torch."), settings.quantize)
    left = None if free_bytes is None else free_bytes - weight_bytes
    room = Room(None if left is None else max(0, left), device, dtype.itemsize)
    wishes, fits = wishes_of(settings), True
    try:
        habits, short = fit(outline.name, outline.habits, shape, wishes, room)
    except OutOfMemory as error:  # a plan may be made for another machine than this one
        habits, _ = fit(outline.name, outline.habits, shape, wishes, replace(room, free_bytes=None))
        short, fits = error.message, False
    window_bytes = shape.window_bytes(_tokens_at_once(habits), dtype.itemsize)
    return Fitted(habits, short, fits, dtype, weight_bytes, left, window_bytes)


def _tokens_at_once(habits: Habits) -> int:
    """How many tokens the longest window of these habits takes at most."""
    return habits.window_patches * patch_tokens(habits.frame_pixels)

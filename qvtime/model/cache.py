"""The memory of attention: keys and values of every token, with room to grow in place."""

from typing import Any

import torch
from transformers.cache_utils import Cache, DynamicLayer

ROOM_TOKENS = 512


class RoomyLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """One layer's keys and values, [1, heads, tokens, head_dim], with room for more tokens.

    The stock layer copies all of them for every new token; this one writes into spare room.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._key_room: torch.Tensor | None = None
        self._value_room: torch.Tensor | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append, and return all keys and values."""
        held, keys, values = self._extend(key_states)
        keys[..., held:, :] = key_states
        values[..., held:, :] = value_states
        return keys, values

    def make_room(self, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Where the keys and values of new tokens belong, to be filled: views shaped like `like`.

        From now on they count as held.
        """
        held, keys, values = self._extend(like)
        return keys[..., held:, :], values[..., held:, :]

    @property
    def room(self) -> tuple[Any, Any]:
        """All the memory of keys and values; what lies behind the tokens held is finite numbers."""
        return self._key_room, self._value_room

    def _extend(self, like: torch.Tensor) -> tuple[int, torch.Tensor, torch.Tensor]:
        """How many tokens were held, and all keys and values, those of new ones not yet set."""
        if not self.is_initialized:
            self.lazy_initialization(like, like)
        held = self.get_seq_length()
        end = held + like.shape[-2]
        self._key_room = _with_room(self._key_room, like, held)
        self._value_room = _with_room(self._value_room, like, held)
        self.keys = keys = self._key_room[..., :end, :]
        self.values = values = self._value_room[..., :end, :]
        return held, keys, values


def _with_room(room: torch.Tensor | None, new: torch.Tensor, held: int) -> torch.Tensor:
    """`room`, or a larger copy of what it holds, with space for `new`."""
    end = held + new.shape[-2]
    if room is not None and room.shape[-2] >= end:
        return room
    # Zeros: qvtime.model.step multiplies what is not held by 0, which NaN would outlive.
    larger = new.new_zeros((*new.shape[:-2], end + ROOM_TOKENS, new.shape[-1]))
    if room is not None:
        larger[..., :held, :] = room[..., :held, :]
    return larger


def roomy_cache(layers: int) -> Any:
    """An empty memory for a model of so many layers."""
    return Cache(layers=[RoomyLayer() for _ in range(layers)])


def shorten(cache: Any, tokens: int) -> None:
    """Forget all but the first `tokens`.

    Every layer is measured by itself: an interrupted forward pass leaves the first ones longer.
    """
    for layer in cache.layers:
        surplus = layer.get_seq_length() - tokens
        if surplus > 0:
            layer.crop(-surplus)  # negative in every version: so many tokens less

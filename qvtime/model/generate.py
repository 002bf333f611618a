"""Greedy decoding on a video that has been read: the likeliest token, one after the other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import torch

from qvtime.answer_loops import LOOK_BACK, once, round_length
from qvtime.model.prefix import VideoPrefix


class Constraint(Protocol):
    """Something that forbids tokens."""

    def __call__(self, said: Sequence[int], logits: torch.Tensor) -> torch.Tensor:
        """`logits`, float32 [vocabulary], with -inf for what may not follow the ids said so far.

        May change `logits` in place; leaves at least one token possible.
        """
        ...


class NeverSay:
    """Forbids some tokens everywhere: those that mean something only in a prompt."""

    def __init__(self, tokens: Iterable[int]) -> None:
        self._tokens = sorted(tokens)

    def __call__(self, said: Sequence[int], logits: torch.Tensor) -> torch.Tensor:
        """`logits` [vocabulary], in place, -inf for these tokens."""
        logits[self._tokens] = float("-inf")
        return logits


@dataclass(frozen=True, slots=True)
class Generation:
    """What a model said.

    token_ids: without the stop token; log_probabilities: of each of them, under the model's own
    distribution, before any constraint; finish_reason: "stop" (the model ended), "length", or
    "loop" (it said the same over and over; the ids have it once).
    """

    token_ids: tuple[int, ...]
    log_probabilities: tuple[float, ...]
    finish_reason: Literal["stop", "length", "loop"]


def generate(
    prefix: VideoPrefix,
    tail: Sequence[int],
    stop_ids: frozenset[int],
    max_new_tokens: int,
    constraints: Sequence[Constraint] = (),
) -> Generation:
    """The answer to `tail` (see prompt.encode_question) on a video; only the video is kept."""
    said: list[int] = []
    log_probabilities: list[float] = []
    with prefix.question():
        logits = prefix.add(tail)
        while len(said) < max_new_tokens:
            own = logits.log_softmax(-1)
            allowed = own.clone()
            for constraint in constraints:
                allowed = constraint(said, allowed)
            token = int(allowed.argmax())
            if token in stop_ids:
                return Generation(tuple(said), tuple(log_probabilities), "stop")
            said.append(token)
            log_probabilities.append(float(own[token]))
            length = round_length(said) if len(said) % LOOK_BACK == 0 else None
            if length is not None:
                kept = once(said, length)
                return Generation(tuple(said[:kept]), tuple(log_probabilities[:kept]), "loop")
            if len(said) < max_new_tokens:
                logits = prefix.add([token])
    return Generation(tuple(said), tuple(log_probabilities), "length")

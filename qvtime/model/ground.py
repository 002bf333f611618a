"""Saying only times that exist: what may follow `<time>` is spelled out by the window.

Inside `<time>…</time>` the next token must continue the spelling of a time of the window, so
every time in an answer parses and lies where the model looked. Works on token ids, for tokenizers
with `<time>` as one token (the demo's) and as several (`<`, `time`, `>`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch

from qvtime.model.prompt import encode_words, time_words
from qvtime.model.span_forms import TIME_CLOSE, TIME_OPEN

Node: TypeAlias = "dict[int, Node]"
"""The tokens that may come next, each with what may follow it; empty after `</time>`."""


@dataclass(frozen=True, slots=True)
class TimeTrie:
    """Every way to finish `<time>` with a time that exists.

    spellings: for every time in milliseconds the ids of `168.0</time>`; root: the same as a tree.
    """

    spellings: dict[int, tuple[int, ...]]
    root: Node


def build_time_trie(tokenizer: Any, times_ms: Iterable[int], closing: str = TIME_CLOSE) -> TimeTrie:
    """The spellings of these times with this tokenizer. Raises ValueError when there is none."""
    spellings: dict[int, tuple[int, ...]] = {}
    root: Node = {}
    for time_ms in times_ms:
        ids = encode_words(tokenizer, time_words(time_ms) + closing)
        spellings[time_ms] = tuple(ids)
        node = root
        for token in ids:
            node = node.setdefault(token, {})
    if not root:
        raise ValueError("a model that may say no time at all cannot say one")
    return TimeTrie(spellings, root)


class TimeSpeller:
    """What this tokenizer's tokens mean for `<time>`; makes the constraint of a window.

    pieces: the characters that each token stands for, in the tokenizer's own byte alphabet.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        # Byte-level pieces: every character of `<time>` stands for itself in them.
        self.pieces: list[str] = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
        self._overruns = {
            held: [
                token
                for token, piece in enumerate(self.pieces)
                if _runs_over(TIME_OPEN[:held], piece)
            ]
            for held in range(len(TIME_OPEN))
        }

    def constraint(self, times_ms: Iterable[int]) -> "TimeConstraint":
        """Only these times may be said."""
        return TimeConstraint(
            self.pieces, self._overruns, build_time_trie(self._tokenizer, times_ms)
        )


def _runs_over(held: str, piece: str) -> bool:
    """Whether `held` + `piece` writes `<time>` and goes on, past the point where times are held."""
    at = (held + piece).find(TIME_OPEN)
    return at >= 0 and at + len(TIME_OPEN) < len(held + piece)


class TimeConstraint:
    """Forbids every token that would say a time not in the trie (see generate.Constraint)."""

    def __init__(
        self, pieces: Sequence[str], overruns: dict[int, list[int]], trie: TimeTrie
    ) -> None:
        self._pieces, self._overruns, self.trie = pieces, overruns, trie

    def __call__(self, said: Sequence[int], logits: torch.Tensor) -> torch.Tensor:
        """`logits` [vocabulary], in place, -inf for what may not follow."""
        node, text = self._read(said)
        if node:
            allowed = torch.tensor(list(node), device=logits.device)
            kept = logits[allowed]
            logits.fill_(float("-inf"))
            logits[allowed] = kept
            return logits
        for held, tokens in self._overruns.items():
            if tokens and text.endswith(TIME_OPEN[:held]):
                logits[torch.tensor(tokens, device=logits.device)] = float("-inf")
        return logits

    def _read(self, said: Sequence[int]) -> tuple[Node, str]:
        """Where in a time the answer stands (empty: in none), and the text since the last one."""
        node: Node = {}
        text = ""
        for token in said:
            if node:
                node, text = node[token], ""
            else:
                text += self._pieces[token]
                node = self.trie.root if text.endswith(TIME_OPEN) else {}
        return node, text

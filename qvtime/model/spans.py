"""When an event happens, read off a model in this process (see qvtime.model.occurrences).

Every time of the window, spelled out, is one branch of a tree, and a tree is one forward pass on
the cached prefix.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from qvtime.model.ground import build_time_trie
from qvtime.model.occurrences import follow_answers, likely_starts, shares
from qvtime.model.peaks import Patches
from qvtime.model.prefix import VideoPrefix
from qvtime.model.prompt import encode_words
from qvtime.model.reply import Occurrences
from qvtime.model.span_forms import SPAN_FORMS, SpanForm
from qvtime.model.token_tree import TokenTree

TREE_TOKENS = 256
"""How many tokens of ends are weighed in one pass: each has the logits of a whole vocabulary."""


def find_occurrences(
    prefix: VideoPrefix,
    tokenizer: Any,
    tail: Sequence[int],
    centres_ms: Sequence[int],
    form: SpanForm = SPAN_FORMS["tags"],
) -> Occurrences:
    """Every span of these patches that an answer to `tail` would name; only the video is kept."""
    reading = _Reading(prefix, tokenizer, tail, centres_ms, form)
    with prefix.question():
        prefix.add(tail[:-1])
        return follow_answers(reading, centres_ms)


class _Reading:
    """The passes over one question; times are patches, counted from 0.

    The question's last token is every tree's root, so that what follows it is weighed as well.
    """

    def __init__(
        self,
        prefix: VideoPrefix,
        tokenizer: Any,
        tail: Sequence[int],
        centres_ms: Sequence[int],
        form: SpanForm,
    ) -> None:
        self._prefix, self._root = prefix, tail[-1]
        spellings = build_time_trie(tokenizer, centres_ms, form.closing).spellings
        self._times = [spellings[time_ms] for time_ms in centres_ms]
        self._openings = [encode_words(tokenizer, words) for words in form.openings]
        self._between = encode_words(tokenizer, form.between)
        self._separated = [encode_words(tokenizer, words) for words in form.separators]

    def starts(self, said: Sequence[Patches]) -> tuple[float, list[float]]:
        """The probability that another time follows, and of each patch that it begins there."""
        if said and not self._separated:
            return 0.0, []
        tree = TokenTree(self._root)
        node = self._say(tree, said)
        openings = [tree.grow(node, ids) for ids in (self._separated if said else self._openings)]
        leaves = [tree.grow(openings[0], ids) for ids in self._times]
        weights = self._prefix.weigh(tree)
        goes_on = sum(math.exp(weights[opening] - weights[node]) for opening in openings)
        return min(1.0, goes_on), shares([weights[leaf] for leaf in leaves])

    def spans(
        self, said: Sequence[Patches], starts: Sequence[float]
    ) -> Iterator[tuple[Patches, float]]:
        """Every span with a likely start, and its probability given that one more is said."""
        waiting = likely_starts(starts)
        while waiting:
            tree = TokenTree(self._root)
            node = tree.grow(
                self._say(tree, said), self._separated[0] if said else self._openings[0]
            )
            leaves: dict[int, list[int]] = {}
            while waiting and (not leaves or len(tree.tokens) < TREE_TOKENS):
                start = waiting.pop(0)
                begun = tree.grow(node, (*self._times[start], *self._between))
                leaves[start] = [tree.grow(begun, ids) for ids in self._times[start:]]
            weights = self._prefix.weigh(tree)
            for start, ends in leaves.items():
                for more, share in enumerate(shares([weights[leaf] for leaf in ends])):
                    yield (start, start + more), starts[start] * share

    def _say(self, tree: TokenTree, said: Sequence[Patches]) -> int:
        """The node at which the occurrences said so far end."""
        node = 0
        for place, (first, last) in enumerate(said):
            opening = self._separated[0] if place else self._openings[0]
            node = tree.grow(node, (*opening, *self._times[first]))
            node = tree.grow(node, (*self._between, *self._times[last]))
        return node

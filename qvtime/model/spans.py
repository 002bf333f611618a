"""When an event happens, as the model's own probabilities: not what it says, but what it may say.

A model that answers when an event happens writes its occurrences one after the other:

    <time>1.0</time> - <time>3.5</time>; <time>8.0</time> - <time>9.0</time>

or in another form that its family was taught (qvtime.model.span_forms), or that it does not happen.
An occurrence's score is the probability that an answer drawn from the model names a span that means
it (qvtime.model.peaks). It is read off without drawing: every time of the window, spelled out, is
one branch of a tree, and a tree is one forward pass. After what was said so far a first pass gives
the probability that a time follows at all, and a distribution over starts; a second one gives the
ends after each likely start. Each occurrence found is then taken as said and read on from, so that
what the model would only say second is found as well, and so are rival readings. The probabilities
of all such answers are followed, the greatest first, until too little is left or `MOST_READINGS` is
reached: scores can only be too low by that.
"""

import heapq
import math
from collections.abc import Iterator, Sequence
from typing import Any

from qvtime.model.ground import build_time_trie
from qvtime.model.peaks import Patches, find_peaks, meet
from qvtime.model.prefix import VideoPrefix
from qvtime.model.prompt import encode_words
from qvtime.model.reply import Occurrences, ScoredSpan
from qvtime.model.span_forms import SPAN_FORMS, SpanForm
from qvtime.model.token_tree import TokenTree

LEAST_LIKELY = 0.02
"""Answers less likely than this are not followed."""
MOST_READINGS = 12
"""How many beginnings of an answer are read on from."""
LEAST_START = 0.01
"""Starts less likely than this have no ends."""
MOST_STARTS = 16
TREE_TOKENS = 256
"""How many tokens of ends are weighed in one pass: each has the logits of a whole vocabulary."""

ANSWER_TOKENS = 256
"""Room for the longest answer that is read on from."""


def find_occurrences(
    prefix: VideoPrefix,
    tokenizer: Any,
    tail: Sequence[int],
    centres_ms: Sequence[int],
    form: SpanForm = SPAN_FORMS["tags"],
) -> Occurrences:
    """Every span of these patches that an answer to `tail` would name; only the video is kept."""
    reading = _Reading(prefix, tokenizer, tail, centres_ms, form)
    mass: dict[Patches, float] = {}
    happens = 0.0
    with prefix.question():
        prefix.add(tail[:-1])
        beginnings: list[tuple[float, tuple[Patches, ...]]] = [(-1.0, ())]
        for _ in range(MOST_READINGS):
            if not beginnings:
                break
            negative, said = heapq.heappop(beginnings)
            goes_on, starts = reading.starts(said)
            weight = -negative * goes_on
            happens = happens if said else goes_on
            if weight < LEAST_LIKELY:
                continue
            found = {
                span: weight * probability
                for span, probability in reading.spans(said, starts)
                if not any(meet(span, earlier) for earlier in said)
            }
            for span, probability in found.items():
                mass[span] = mass.get(span, 0.0) + probability
            for peak in find_peaks(found):
                if peak.mass >= LEAST_LIKELY:
                    heapq.heappush(beginnings, (-peak.mass, (*said, peak.span)))
    spans = (
        ScoredSpan(centres_ms[peak.span[0]], centres_ms[peak.span[1]], min(peak.mass, happens))
        for peak in find_peaks(mass)
    )
    starts = [0.0] * len(centres_ms)
    for (first, _), probability in mass.items():
        starts[first] += probability
    return Occurrences(happens, tuple(spans), tuple(min(1.0, share) for share in starts))


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
        return min(1.0, goes_on), _shares([weights[leaf] for leaf in leaves])

    def spans(
        self, said: Sequence[Patches], starts: Sequence[float]
    ) -> Iterator[tuple[Patches, float]]:
        """Every span with a likely start, and its probability given that one more is said."""
        likely = sorted(range(len(starts)), key=lambda start: -starts[start])[:MOST_STARTS]
        waiting = [start for start in likely if starts[start] >= LEAST_START]
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
                for more, share in enumerate(_shares([weights[leaf] for leaf in ends])):
                    yield (start, start + more), starts[start] * share

    def _say(self, tree: TokenTree, said: Sequence[Patches]) -> int:
        """The node at which the occurrences said so far end."""
        node = 0
        for place, (first, last) in enumerate(said):
            opening = self._separated[0] if place else self._openings[0]
            node = tree.grow(node, (*opening, *self._times[first]))
            node = tree.grow(node, (*self._between, *self._times[last]))
        return node


def _shares(log_weights: Sequence[float]) -> list[float]:
    """Probabilities in proportion to these log-weights: they sum to 1."""
    highest = max(log_weights)
    weights = [math.exp(weight - highest) for weight in log_weights]
    total = sum(weights)
    return [weight / total for weight in weights]

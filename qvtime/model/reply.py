"""What a model says about a window of a video, wherever it runs."""

from dataclasses import dataclass
from math import exp
from typing import Literal


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    text: the model's words, its times as it writes them (`<time>168.0</time>`, in seconds);
    log_probabilities: of each token, before any constraint; score: their mean probability, 0 to 1
    (0 when nothing was said), None where probabilities are not known; finish_reason: "length" when
    the answer was cut off, "loop" when it went round; question_tokens: those of the question, 0
    where a server counts them; reasoning: what it thought first.
    """

    text: str
    token_ids: tuple[int, ...]
    log_probabilities: tuple[float, ...]
    score: float | None
    finish_reason: Literal["stop", "length", "loop"]
    question_tokens: int
    reasoning: str = ""

    @property
    def probability(self) -> float | None:
        """How likely the model found exactly these words, 0 to 1: the product of its tokens."""
        return None if self.score is None else exp(sum(self.log_probabilities))


@dataclass(frozen=True, slots=True)
class ScoredSpan:
    """An occurrence: the centres of its first and its last patch, and its score, 0 to 1."""

    first_ms: int
    last_ms: int
    score: float


@dataclass(frozen=True, slots=True)
class Occurrences:
    """When an event happens in a window.

    happens: the probability that the model says any time; spans: best first, none overlapping
    another, none scored above `happens`; starts: of each patch, the probability that an answer
    names a span that starts there, to the extent that answers were followed; empty where that is
    not known.
    """

    happens: float
    spans: tuple[ScoredSpan, ...]
    starts: tuple[float, ...] = ()

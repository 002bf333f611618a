"""How likely a model elsewhere goes on with given words, from the rivals that it reports a token.

An answer is begun for the model; the server goes on with it and reports, at each step, the
likeliest tokens and their log-probabilities. So one request weighs all siblings along one path of
the tree of what may be said; where a sibling matters, another request begins there.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import TypeAlias

from qvtime.model.occurrences import LEAST_LIKELY, likely_starts
from qvtime.model.peaks import Patches
from qvtime.model.prompt import time_words
from qvtime.model.span_forms import SpanForm

Step: TypeAlias = "tuple[str, Mapping[str, float]]"
"""A token that was said, and the log-probabilities of it and its rivals."""
Continue: TypeAlias = Callable[[Sequence[str]], Sequence[Sequence[Step]]]
"""For each beginning of an answer, how the model goes on with it."""

LEAST_MASS = 0.005
"""Beginnings less likely than this are not gone on with."""


@dataclass(frozen=True, slots=True)
class Question:
    """What may follow a beginning of an answer: any of `choices`, none of them twice.

    least: ways to them that are less likely are not followed; only_shares: whether that is of all
    ways to them, since only their proportions matter.
    """

    begun: str
    choices: Sequence[str]
    least: float = LEAST_MASS
    only_shares: bool = False


class NextWords:
    """What follows in answers to one question; every beginning is asked for once."""

    def __init__(self, go_on: Continue) -> None:
        self._go_on = go_on
        self._known: dict[str, Mapping[str, float]] = {}

    def weigh(self, questions: Sequence[Question]) -> list[list[float]]:
        """The probability of each choice of each question, however it is cut into tokens."""
        found = [dict.fromkeys(one.choices, 0.0) for one in questions]
        ways = [
            {choice[:n] for choice in one.choices for n in range(len(choice))} for one in questions
        ]
        growing = [{"": 1.0} for _ in questions]
        while any(growing):
            self._ask(
                one.begun + said
                for one, texts in zip(questions, growing, strict=True)
                for said in texts
            )
            growing = [
                self._grow(one, texts, way, masses)
                for one, texts, way, masses in zip(questions, growing, ways, found, strict=True)
            ]
        return [
            [masses[choice] for choice in one.choices]
            for one, masses in zip(questions, found, strict=True)
        ]

    def _grow(
        self,
        question: Question,
        texts: Mapping[str, float],
        ways: set[str],
        found: dict[str, float],
    ) -> dict[str, float]:
        """Each text with one more token; the choices that are complete by it are counted."""
        longer: dict[str, float] = {}
        before = sum(found.values())
        for said, mass in texts.items():
            for token, log_probability in self._known[question.begun + said].items():
                probability = mass * exp(log_probability)
                if not token:
                    continue
                text = said + token
                for length in range(len(said) + 1, len(text) + 1):
                    if text[:length] in found:
                        found[text[:length]] += probability
                if text in ways:
                    longer[text] = longer.get(text, 0.0) + probability
        least = question.least
        if question.only_shares:
            least *= sum(found.values()) - before + sum(longer.values())
        return {text: mass for text, mass in longer.items() if mass >= least}

    def _ask(self, beginnings: Iterable[str]) -> None:
        missing = [text for text in dict.fromkeys(beginnings) if text not in self._known]
        for text, steps in zip(missing, self._go_on(missing), strict=True):
            self._known[text] = {}
            for token, rivals in steps:
                self._known[text] = self._known.get(text) or rivals
                text += token


class WordReading:
    """The reading of qvtime.model.occurrences, by words instead of tokens.

    A time is weighed up to its one decimal: what closes it is as good as certain then.
    """

    def __init__(self, go_on: Continue, centres_ms: Sequence[int], form: SpanForm) -> None:
        self._next = NextWords(go_on)
        self._times = [time_words(centre_ms) for centre_ms in centres_ms]
        self._form = form

    def starts(self, said: Sequence[Patches]) -> tuple[float, list[float]]:
        """The probability that another time follows, and of each patch that it begins there.

        Where hardly any follows nobody goes on, and no starts are weighed.
        """
        openings = self._form.separators if said else self._form.openings
        if not openings:
            return 0.0, []
        begun = self._say(said)
        (weights,) = self._next.weigh([Question(begun, openings)])
        goes_on = min(1.0, sum(weights))
        if goes_on < LEAST_LIKELY:
            return goes_on, [0.0] * len(self._times)
        (starts,) = self._next.weigh([Question(begun + openings[0], self._times, only_shares=True)])
        return goes_on, _shares(starts)

    def spans(
        self, said: Sequence[Patches], starts: Sequence[float]
    ) -> Iterable[tuple[Patches, float]]:
        """Every span with a likely start, and its probability given that one more is said."""
        begun = self._say(said) + (self._form.separators if said else self._form.openings)[0]
        likely = likely_starts(starts)
        questions = [
            Question(
                begun + self._closed(start) + self._form.between,
                self._times[start:],
                min(0.5, LEAST_MASS / starts[start]),
                only_shares=True,
            )
            for start in likely
        ]
        for start, ends in zip(likely, self._next.weigh(questions), strict=True):
            for more, share in enumerate(_shares(ends)):
                yield (start, start + more), starts[start] * share

    def _say(self, said: Sequence[Patches]) -> str:
        """The answer that names these occurrences, up to the last one's end."""
        text = ""
        for place, (first, last) in enumerate(said):
            text += (self._form.separators if place else self._form.openings)[0]
            text += self._closed(first) + self._form.between + self._closed(last)
        return text

    def _closed(self, patch: int) -> str:
        return self._times[patch] + self._form.closing


def _shares(masses: Sequence[float]) -> list[float]:
    """These masses made to sum to 1, or all 0."""
    total = sum(masses)
    return [mass / total if total else 0.0 for mass in masses]

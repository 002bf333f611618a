"""Questions about one window of a made clip, with their answers, as token ids."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qvtime.model.prompt import encode_question, encode_words, time_label
from qvtime.training.glimpses import TURNS_WEIGHT
from qvtime.training.negatives import other_event
from qvtime.training.scene import SIGN_WORDS, Happening, Scene, Sign
from qvtime.training.tails import Alignment, Meaning, Moment, Tail
from qvtime.training.tokenizer import TIME_TOKENS
from qvtime.training.wording import (
    AT,
    AT_CHINESE,
    BETWEEN,
    BETWEEN_CHINESE,
    LIST,
    LIST_CHINESE,
    SAYS,
    SAYS_CHINESE,
    Labelled,
    Told,
    answer_at,
    answer_list,
    answer_says,
    answer_when,
    ask_when,
    ask_when_it_says,
)

CHINESE_SHARE = 0.35
BUSY_SHARE = 0.6
"""How many of the questions about a moment are about the window's busiest: two events at once are
rarer than one, and harder to say."""
SIGNED_MOMENT_SHARE = 0.65
"""How many questions for what is written are about a moment at which something is."""
OTHER_WORD_SHARE = 0.5
"""Where something is written, how many questions for when a word is are for another one. With 0.35
of them, one a window, what was learned is when anything is written."""
FOUND_KINDS = ("at", "says")
"""Kinds of questions whose answers say what the time in the question found."""
NAMED_WEIGHT, OPENED_WEIGHT = 6.0, 2.0
"""Weight in the alignment loss of a time in a question, and of the `<time>` of an answer: where
the patch is chosen. Every digit after it, of which there are many more, has 1."""


class Asker:
    """Asks about one window of a made clip, and knows the answers.

    moments: the patches that questions about a moment are about, in turn, so that a single one is
    asked about twice, in words that may differ; any patches, where there are none.
    """

    def __init__(
        self,
        tokenizer: Any,
        generator: np.random.Generator,
        scene: Scene,
        centres: npt.NDArray[np.int64],
        offset_ms: int,
        moments: tuple[int, ...] = (),
    ) -> None:
        self.tokenizer, self.generator = tokenizer, generator
        self.scene, self.centres, self.offset_ms = scene, centres, offset_ms
        self.labelled: list[Labelled] = []
        self.patches: list[tuple[int, ...]] = []
        self.moments = moments
        for one in scene.happenings:
            if inside := self._inside(one):
                first_ms, last_ms = self._time_ms(inside[0]), self._time_ms(inside[-1])
                self.labelled.append(Labelled(first_ms, last_ms, one))
                self.patches.append(inside)
        self.end_of_turn = tokenizer.convert_tokens_to_ids("<|im_end|>")
        self.time_open, self.time_close = tokenizer.convert_tokens_to_ids(list(TIME_TOKENS))

    def tails(self) -> tuple[Tail, ...]:
        """Questions of every kind, in random order; the more, the longer the window."""
        each = 2 * (1 + len(self.centres) // 12)
        tails = [self._at(k) for k in range(each)]
        tails += [self._when(happens=k % 2 == 0) for k in range(each)]
        tails.append(self._list())
        if self.scene.signs:
            tails += [self._says(k) for k in range(each)]
            tails += [self._when_it_says() for _ in range(each)]
        order = self.generator.permutation(len(tails))
        return tuple(tails[k] for k in order)

    def _chinese(self) -> bool:
        return bool(self.generator.random() < CHINESE_SHARE)

    def _inside(self, one: Happening | Sign) -> tuple[int, ...]:
        """The patches in which it goes on."""
        going_on = (one.start_ms <= self.centres) & (self.centres < one.end_ms)
        return tuple(np.flatnonzero(going_on).tolist())

    def _time_ms(self, patch: int) -> int:
        return int(self.centres[patch]) + self.offset_ms

    def _marker(self, patch: int) -> str:
        return time_label(self._time_ms(patch))

    def _events_at(self, patch: int) -> list[Labelled]:
        """What goes on in a patch."""
        both = zip(self.labelled, self.patches, strict=True)
        return [one for one, inside in both if patch in inside]

    def _marks(self, patch: int) -> tuple[int, ...]:
        """Of all that goes on in a patch, and of what is written in it."""
        sign = self.scene.sign(float(self.centres[patch]))
        marks = tuple(m for one in self._events_at(patch) for m in one.happening.marks)
        return marks + (sign.marks if sign else ())

    def choose_moments(self) -> list[int]:
        """One or two patches to ask about, in order."""
        some = {self._moment(), self._signed_moment()}
        if self.generator.random() < 0.5:
            some = {int(self.generator.choice(sorted(some)))}
        return sorted(some)

    def _moment(self) -> int:
        """A patch to ask what happens in: any, or one with as many events as any."""
        events = np.zeros(len(self.centres), np.int64)
        if self.generator.random() < BUSY_SHARE:
            for inside in self.patches:
                events[list(inside)] += 1
        return int(self.generator.choice(np.flatnonzero(events == events.max())))

    def _signed_moment(self) -> int:
        """A patch to ask what is written in, or of a scene without signs what happens in."""
        signed = [p for sign in self.scene.signs for p in self._inside(sign)]
        if signed and self.generator.random() < SIGNED_MOMENT_SHARE:
            return int(self.generator.choice(signed))
        return self._moment()

    def _at(self, number: int) -> Tail:
        moments = self.moments or (self._moment(),)
        patch = moments[number % len(moments)]
        chinese = self._chinese()
        form = str(self.generator.choice(AT_CHINESE if chinese else AT))
        going_on = [one.happening for one in self._events_at(patch)]
        question = form.format(t=self._marker(patch))
        return self._tail(question, answer_at(going_on, chinese), (patch,), "at", (patch,))

    def _when(self, happens: bool) -> Tail:
        chinese = self._chinese()
        if happens and self.labelled:
            weights = [TURNS_WEIGHT if one.happening.turned else 1.0 for one in self.labelled]
            shares = np.array(weights) / sum(weights)
            asked = self.labelled[int(self.generator.choice(len(shares), p=shares))].happening
        else:
            asked = other_event(self.generator, self.labelled)
        found = [
            place
            for place, one in enumerate(self.labelled)
            if (one.happening.subject, one.happening.phrase) == (asked.subject, asked.phrase)
        ]
        patches = tuple(sorted({p for place in found for p in self.patches[place]}))
        return self._tail(
            ask_when(self.generator, asked, chinese),
            answer_when([self.labelled[place] for place in found], chinese),
            patches,
            "when" if found else "never",
            asked=asked,
        )

    def _says(self, number: int) -> Tail:
        moments = self.moments or (self._signed_moment(),)
        patch = moments[number % len(moments)]
        chinese = self._chinese()
        form = str(self.generator.choice(SAYS_CHINESE if chinese else SAYS))
        question = form.format(t=self._marker(patch))
        answer = answer_says(self.scene.sign(float(self.centres[patch])), chinese)
        return self._tail(question, answer, (patch,), "says", (patch,))

    def _when_it_says(self) -> Tail:
        words = [sign.word for sign in self.scene.signs if self._inside(sign)]
        happens = bool(words) and self.generator.random() >= OTHER_WORD_SHARE
        others = [word for word in SIGN_WORDS if word not in words]
        asked = Sign(0, 1, str(self.generator.choice(words if happens else others)))
        found = [
            inside
            for sign in self.scene.signs
            if sign.word == asked.word and (inside := self._inside(sign))
        ]
        chinese = self._chinese()
        told = [Told(self._time_ms(inside[0]), self._time_ms(inside[-1])) for inside in found]
        return self._tail(
            ask_when_it_says(self.generator, asked.word, chinese),
            answer_when(told, chinese),
            tuple(p for inside in found for p in inside),
            "when" if found else "never",
            asked=asked,
        )

    def _list(self) -> Tail:
        chinese = self._chinese()
        found = self.labelled
        if self.generator.random() < 0.5:
            question = str(self.generator.choice(LIST_CHINESE if chinese else LIST))
            patches = tuple(range(len(self.centres)))
            named: tuple[int, ...] = ()
        else:
            first, last = sorted(self.generator.integers(0, len(self.centres), 2).tolist())
            named = (first, last)
            patches = tuple(range(first, last + 1))
            found = [
                one
                for one, inside in zip(self.labelled, self.patches, strict=True)
                if set(inside) & set(patches)
            ]
            question = str(self.generator.choice(BETWEEN_CHINESE if chinese else BETWEEN)).format(
                a=self._marker(first), b=self._marker(last)
            )
        return self._tail(question, answer_list(found, chinese), patches, "list", named)

    def _tail(
        self,
        question: str,
        answer: str,
        patches: tuple[int, ...],
        kind: str,
        named: tuple[int, ...] = (),
        asked: Happening | Sign | None = None,
    ) -> Tail:
        """patches: what the question is about; named: those whose times it says, in order;
        asked: the event whose times it asks for."""
        words = encode_question(self.tokenizer, question)
        answered = [*encode_words(self.tokenizer, answer), self.end_of_turn]
        alignments = (
            [Alignment(len(words) - 1, patches)] if patches and kind not in FOUND_KINDS else []
        )
        meanings = [Meaning(len(words) - 1, asked.marks, found=False)] if asked else []
        moments: list[Moment] = []
        after = 0
        for patch in named:
            time = encode_words(self.tokenizer, self._marker(patch))
            while words[after : after + len(time)] != time:
                after += 1
            after += len(time)
            # "seconds", the first token that has all of the time behind it. Asked of the last
            # token of the question, as well or instead, the patch was never found.
            alignments.append(Alignment(after - 2, (patch,), NAMED_WEIGHT, at_end=True))
            moments.append(Moment(after - 2, self._time_ms(patch), found=False))
            meanings.append(Meaning(after - 2, self._marks(patch), found=True))
        for opened, closed, patch in self._said_times(answered):
            saying = range(len(words) + opened, len(words) + closed)
            weights = (OPENED_WEIGHT, *[1.0] * len(saying))
            alignments += [
                Alignment(p, (patch,), weight, at_end=True, saying=True)
                for p, weight in zip(saying, weights, strict=False)
            ]
            if asked:
                meanings += [Meaning(p, asked.marks, found=False) for p in saying]
            moments.append(Moment(len(words) + opened, self._time_ms(patch), found=True))
        return Tail(
            ids=(*words, *answered),
            answer_start=len(words),
            alignments=tuple(alignments),
            meanings=tuple(meanings),
            moments=tuple(moments),
            kind=kind,
            source=meanings[0].place if kind in FOUND_KINDS else None,
        )

    def _said_times(self, answered: Sequence[int]) -> Iterator[tuple[int, int, int]]:
        """Of every time in an answer the places of `<time>` and `</time>`, and its patch."""
        for opened, token in enumerate(answered):
            if token == self.time_open:
                closed = answered.index(self.time_close, opened)
                seconds = "".join(
                    self.tokenizer.decode([one]) for one in answered[opened + 1 : closed]
                )
                centre = round(float(seconds) * 1000) - self.offset_ms
                yield opened, closed, int(np.flatnonzero(self.centres == centre)[0])

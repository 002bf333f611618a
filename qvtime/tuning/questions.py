"""Questions about one window of a labelled video, with their answers, as token ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from qvtime.model.habits import Habits
from qvtime.model.prompt import encode_question, time_label
from qvtime.tuning.answers import (
    Found,
    Piece,
    answer_at,
    answer_list,
    answer_when,
    can_say_never,
    encode_answer,
)
from qvtime.tuning.labels import Inside
from qvtime.tuning.negatives import Negatives

Kind = Literal["when", "never", "at", "list"]

AT = ("what happens at {t}?", "what happens at {t}", "What is happening at {t}?")
AT_CHINESE = ("{t}发生了什么？", "在{t}发生了什么？")


@dataclass(frozen=True, slots=True)
class Aligned:
    """Token `place` of a tail should attend to these patches."""

    place: int
    patches: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tail:
    """A question with its answer; answer_start: the place of the answer's first id."""

    kind: Kind
    ids: tuple[int, ...]
    answer_start: int
    aligned: tuple[Aligned, ...]


@dataclass(frozen=True, slots=True)
class Asker:
    """Makes the questions of windows, in the words in which this model is asked.

    negatives: what to ask for that does not happen; never_share: how many questions for a time
    ask for that.
    """

    tokenizer: Any
    habits: Habits
    negatives: Negatives
    never_share: float

    def tails(
        self,
        seen: Sequence[Inside],
        times_ms: Sequence[int],
        whole: bool,
        video: str,
        count: int,
        generator: np.random.Generator,
        moment: int | None = None,
    ) -> tuple[Tail, ...]:
        """`count` questions about a window, fewer where there is nothing to ask.

        seen: the labels of its patches, whose times are times_ms; whole: whether they are all
        that happens; video: its name, for what does not happen in it; moment: the patch that the
        first question about a moment is about, else one drawn.
        """
        tails = []
        for kind in self._kinds(seen, whole, count, generator):
            if kind == "at":
                patch = self.moment(seen, len(times_ms), generator) if moment is None else moment
                tails.append(self._at(seen, times_ms, patch, generator))
                moment = None
            elif (tail := self._tail(kind, seen, times_ms, video, generator)) is not None:
                tails.append(tail)
        return tuple(tails)

    def _kinds(
        self, seen: Sequence[Inside], whole: bool, count: int, generator: np.random.Generator
    ) -> list[Kind]:
        """Half of the questions are for times; the others only where all that happens is known."""
        never = self.never_share if can_say_never(self.habits) else 0.0
        kinds: list[Kind] = []
        for place in range(count):
            if whole and place % 2:
                kinds.append("list" if generator.random() < 0.2 else "at")
            else:
                absent = not seen or generator.random() < never
                kinds.append("never" if absent else "when")
        return kinds

    def _tail(
        self,
        kind: Kind,
        seen: Sequence[Inside],
        times_ms: Sequence[int],
        video: str,
        generator: np.random.Generator,
    ) -> Tail | None:
        if kind == "list":
            found = [_found(one) for one in seen]
            question = self.habits.dense_form
            every = tuple(sorted({patch for one in seen for patch in one.patches}))
            return self.encode(kind, question, answer_list(found, times_ms, self.habits), every)
        if kind == "when":
            caption = seen[int(generator.integers(len(seen)))].label.caption
            return self.when(caption, seen, times_ms)
        caption_or_none = self.negatives.draw(video, seen, generator)
        if caption_or_none is None or not can_say_never(self.habits):
            return None
        return self.when(caption_or_none, seen, times_ms)

    def when(self, caption: str, seen: Sequence[Inside], times_ms: Sequence[int]) -> Tail:
        """When an event happens, of which the window may show nothing."""
        there = [one for one in seen if one.label.caption == caption]
        patches = tuple(sorted({patch for one in there for patch in one.patches}))
        answer = answer_when([_found(one) for one in there], times_ms, self.habits)
        question = self.habits.ask_when(caption.rstrip(". "))
        return self.encode("when" if there else "never", question, answer, patches)

    def moment(self, seen: Sequence[Inside], patches: int, generator: np.random.Generator) -> int:
        """A patch to ask about: often one of a label, as most of a quiet video is nothing."""
        patch = int(generator.integers(patches))
        if seen and generator.random() < 0.5:
            patch = int(generator.choice(seen[int(generator.integers(len(seen)))].patches))
        return patch

    def _at(
        self,
        seen: Sequence[Inside],
        times_ms: Sequence[int],
        patch: int,
        generator: np.random.Generator,
    ) -> Tail:
        going_on = [_found(one) for one in seen if patch in one.patches]
        chinese = any("\u4e00" <= c <= "\u9fff" for one in seen for c in one.label.caption)
        form = str(generator.choice(AT_CHINESE if chinese else AT))
        question = self.habits.ask(form.format(t=time_label(times_ms[patch])))
        return self.encode("at", question, answer_at(going_on, times_ms, self.habits), (patch,))

    def encode(
        self, kind: Kind, question: str, answer: Sequence[Piece], patches: tuple[int, ...]
    ) -> Tail:
        """A question with its answer; `patches`: what both are about."""
        asked = encode_question(self.tokenizer, question)
        said, spelled = encode_answer(self.tokenizer, answer)
        end_of_turn = self.tokenizer.convert_tokens_to_ids("<|im_end|>")
        start = len(asked)
        aligned = [Aligned(start - 1, patches)] if patches else []
        for places, patch in spelled:  # what predicts a token is the one before it
            aligned += [Aligned(start + place - 1, (patch,)) for place in places]
        return Tail(kind, (*asked, *said, end_of_turn), start, tuple(aligned))


def _found(one: Inside) -> Found:
    return Found(one.label.caption, one.patches[0], one.patches[-1])

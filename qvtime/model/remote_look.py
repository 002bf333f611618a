"""A window of a video before a model on a server: what is asked of it, and what is checked."""

import re
from collections.abc import Mapping, Sequence
from math import exp
from typing import Any

from qvtime.answer_thinking import split_reasoning
from qvtime.closing import Closing
from qvtime.errors import ServerError
from qvtime.model.chat import RefusedRequest
from qvtime.model.completion import Completion, Token, said_once, words_of
from qvtime.model.frame_parts import FrameParts
from qvtime.model.habits import THINKING_TOKENS
from qvtime.model.next_words import Step, WordReading
from qvtime.model.occurrences import follow_answers
from qvtime.model.prompt import THINK_CLOSE, THINK_OPEN, time_label, time_words
from qvtime.model.reply import Occurrences, Reply
from qvtime.model.served import ServedModel
from qvtime.model.shape import PIXELS_A_TOKEN
from qvtime.model.span_forms import SPAN_FORMS, TIME_CLOSE, TIME_OPEN

RIVALS = 20
"""Tokens whose probability is asked for at each step: what servers give at most by default."""
STEPS = 5
"""Tokens that a beginning is gone on with in one request: the letters of `168.0`."""
SPARE_TOKENS = 64
"""What a chat template may add around a question."""

NO_TRUE_TIMES = "use --server-frames images, or a vLLM that takes the times of frames (2026-04)"
# A server cuts whole prompts into tokens: `<|im_end|>` in a question would end its turn.
_NO_CONTROL = str.maketrans({"|": "¦"})
_TIME = re.compile(re.escape(TIME_OPEN) + r"([^<]*)" + re.escape(TIME_CLOSE))


class RemoteLook(Closing):
    """A window of a video before a model on a server. A context.

    vision_ms, prefill_ms: 0, since the server reads a window with its first question.
    """

    vision_ms = prefill_ms = 0.0

    def __init__(
        self,
        served: ServedModel,
        parts: FrameParts,
        size_px: tuple[int, int],
        centres_ms: Sequence[int],
    ) -> None:
        self.centres_ms = tuple(centres_ms)
        self._served, self._parts = served, parts
        self._patch_tokens = size_px[0] * size_px[1] // PIXELS_A_TOKEN
        self._is_there = False

    def ask(self, question: str, max_new_tokens: int) -> Reply:
        """The answer to `question`. Raises ServerError, ModelError when the words do not fit."""
        served = self._served
        thinking = THINKING_TOKENS if served.habits.thinks else 0
        pattern = _only_these_times(self.centres_ms)
        said = self._complete(
            question,
            {"max_tokens": max_new_tokens + thinking, **served.dialect.constraint(pattern)},
        )
        reply = _reply(said)
        if served.dialect.pattern_at:
            self._check_times(reply.text)
        return reply

    def spans(self, event: str) -> Occurrences:
        """When `event` happens, scored by the model's own probabilities. Raises as `ask` does."""
        served = self._served
        if served.dialect.unfinished is None:
            raise ServerError(
                f"{served.url} is no engine that qvtime can have an answer begun by: it cannot"
                f" weigh when something happens ({served.dialect.engine})",
                "serve the model with vLLM, SGLang or llama-server",
            )
        question = served.habits.ask_when(event)
        thought = THINK_OPEN + THINK_CLOSE if served.habits.thinks else ""

        def go_on(beginnings: Sequence[str]) -> list[list[Step]]:
            return served.at_the_same_time(
                lambda begun: self._steps(question, thought + begun), beginnings
            )

        form = SPAN_FORMS[served.habits.span_form]
        times_ms = tuple(dict.fromkeys(self.centres_ms))  # a moment may be shown twice
        return follow_answers(WordReading(go_on, times_ms, form), times_ms)

    def _steps(self, question: str, begun: str) -> list[Step]:
        """How the model goes on with an answer, and what else it might have said at each step."""
        options = {"max_tokens": STEPS, "top_logprobs": RIVALS, "ignore_eos": True}
        said = self._complete(question, options, begun)
        if said.tokens is None:
            raise ServerError(
                f"{self._served.url} gives no log-probabilities, from which times are weighed",
                "start it so that it gives 20 a token (vLLM: --max-logprobs 20)",
            )
        return [(token.words, token.rivals) for token in said.tokens]

    def _complete(self, question: str, options: Mapping[str, Any], begun: str = "") -> Completion:
        """One request about this window; what the server has of it is only named."""
        named = self._parts.named
        if self._is_there and named is not None:
            try:
                return self._request(named, question, options, begun)
            except RefusedRequest:  # it has forgotten the pictures, or something else is wrong
                self._is_there = False
        said = self._request(self._parts.content, question, options, begun)
        self._is_there = True
        return said

    def _request(
        self,
        content: Sequence[Mapping[str, Any]],
        question: str,
        options: Mapping[str, Any],
        begun: str,
    ) -> Completion:
        asked = {"type": "text", "text": question.translate(_NO_CONTROL)}
        said = self._served.complete([*content, asked], {**self._parts.extra, **options}, begun)
        if self._served.frames_as == "video":
            self._check_count(said.prompt_tokens, question + begun)
        return said

    def _check_count(self, counted: int | None, words: str) -> None:
        """ServerError when the server did not read the pictures that were sent, as they are."""
        patches = len(self.centres_ms)
        labels = sum(len(time_label(one)) for one in self.centres_ms)
        least = patches * (self._patch_tokens + 3)
        words += "".join(str(part.get("text", "")) for part in self._parts.content)
        pictures = patches * (self._patch_tokens + 2)
        most = pictures + labels + len(words.encode()) + SPARE_TOKENS
        if counted is None or not least <= counted <= most:
            raise ServerError(
                f"{self._served.url} read {counted} tokens where the pictures and the question"
                f" take {least} to {most}: it leaves frames out, or makes them smaller",
                NO_TRUE_TIMES,
            )

    def _check_times(self, text: str) -> None:
        """ServerError when a time was said that does not exist, although the server was told."""
        there = {time_words(centre_ms) for centre_ms in self.centres_ms}
        wrong = [said for said in _TIME.findall(text) if said not in there]
        if wrong:
            raise ServerError(
                f"{self._served.url} does not heed which times an answer may name: it says"
                f" {wrong[0][:20]!r}",
                "start it with structured outputs",
            )

    def close(self) -> None:
        """Nothing of a window is held here."""


def _only_these_times(centres_ms: Sequence[int]) -> str:
    """A pattern for all answers that name no other times: `<t` begins a time, and nothing else."""
    times = "|".join(time_words(one).replace(".", r"\.") for one in dict.fromkeys(centres_ms))
    return f"([^<]|<[^t<]|{TIME_OPEN}({times}){TIME_CLOSE})*"


def _reply(said: Completion) -> Reply:
    """The answer apart from the thought before it, and without what it says over and over."""
    tokens, finish_reason = said.tokens, said.finish_reason
    thought, text = split_reasoning(said.text)
    if tokens is not None and finish_reason == "length":
        shorter = said_once(tokens)
        if shorter is not None:
            tokens, finish_reason = shorter, "loop"
            thought, text = split_reasoning(words_of(shorter))
    answer = _after_thought(tokens or ())
    values = tuple(token.log_probability for token in answer)
    score = sum(map(exp, values)) / len(values) if values else 0.0
    return Reply(
        text=text,
        token_ids=(),
        log_probabilities=values,
        score=None if tokens is None else score,
        finish_reason=finish_reason,
        question_tokens=0,
        reasoning=said.thought or thought,
    )


def _after_thought(tokens: Sequence[Token]) -> Sequence[Token]:
    closed = [place for place, token in enumerate(tokens) if token.words == "</think>"]
    return tokens[closed[-1] + 1 :] if closed else tokens

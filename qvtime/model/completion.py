"""What a chat completion says: words, token by token, and why it ended."""

import codecs
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from qvtime.answer_loops import LOOK_BACK, once, round_length
from qvtime.errors import ServerError


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was said, and its log-probability; rivals: those of others, and its own.

    spelled: its bytes, which may be a part of a character; words has "�" for that.
    """

    words: str
    log_probability: float
    rivals: Mapping[str, float]
    spelled: bytes


@dataclass(frozen=True, slots=True)
class Completion:
    """text: as the server has it; thought: where it keeps that apart; tokens: None where the
    server gives no log-probabilities; prompt_tokens: None where it does not count them."""

    text: str
    thought: str
    tokens: tuple[Token, ...] | None
    finish_reason: Literal["stop", "length", "loop"]
    prompt_tokens: int | None


def read_completion(document: Mapping[str, Any], url: str) -> Completion:
    """The first choice of a chat completion. ServerError for a document that is none."""
    try:
        choice = document["choices"][0]
        message, reason = choice["message"], choice["finish_reason"]
        text, logprobs = message.get("content") or "", choice.get("logprobs")
        thought = message.get("reasoning") or message.get("reasoning_content") or ""
        listed = None if logprobs is None else logprobs["content"]
        tokens = None if listed is None else tuple(_token(one) for one in listed)
        prompt_tokens = (document.get("usage") or {}).get("prompt_tokens")
        if not isinstance(text, str) or not isinstance(thought, str):
            raise TypeError("words that are no text")
        if prompt_tokens is not None and type(prompt_tokens) is not int:
            raise TypeError("a count that is no number")
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise ServerError(
            f"{url} answers with something that is no chat completion",
            "is it a server of the OpenAI protocol?",
        ) from None
    if reason not in ("stop", "length"):
        raise ServerError(f"{url} broke off its answer ({str(reason)[:40]})")
    return Completion(text, thought, tokens, reason, prompt_tokens)


def _token(entry: Mapping[str, Any]) -> Token:
    rivals = {_words(one): float(one["logprob"]) for one in entry.get("top_logprobs") or ()}
    words, log_probability = _words(entry), float(entry["logprob"])
    return Token(words, log_probability, {**rivals, words: log_probability}, _spelled(entry))


def _words(entry: Mapping[str, Any]) -> str:
    return _spelled(entry).decode("utf-8", "replace")


def _spelled(entry: Mapping[str, Any]) -> bytes:
    """A token's bytes where they are given, since a name may spell them; else the name's."""
    given = entry.get("bytes")
    return entry["token"].encode("utf-8", "surrogatepass") if given is None else bytes(given)


def words_of(tokens: Iterable[Token]) -> str:
    """What these tokens say one after the other, without a character that is cut at their end."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return decoder.decode(b"".join(token.spelled for token in tokens))


def said_once(tokens: Sequence[Token]) -> tuple[Token, ...] | None:
    """The tokens of an answer that went round, up to the end of its first round; None of others."""
    words = [token.words for token in tokens]
    for seen in range(LOOK_BACK, len(words) + 1, LOOK_BACK):
        length = round_length(words[:seen])
        if length is not None:
            return tuple(tokens[: once(words[:seen], length)])
    return None

"""Reasoning, and the answer after it, apart."""

import re

_CLOSE = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_ANSWER = re.compile(r"</?answer>", re.IGNORECASE)
_OPEN = re.compile(r"\A\s*<think(?:ing)?>", re.IGNORECASE)


def split_reasoning(text: str) -> tuple[str, str]:
    """What a model thought and what it answered; ("", text) for one that does not think aloud.

    The prompt of Thinking models opens the thought, so its beginning is often not in the text. A
    thought that was never closed is all thought: the answer is "".
    """
    *thoughts, answer = _CLOSE.split(text)
    if thoughts:
        return _OPEN.sub("", "\n".join(thoughts)).strip(), _bare(answer)
    if _OPEN.match(text):
        return _OPEN.sub("", text).strip(), ""
    return "", _bare(text)


def _bare(answer: str) -> str:
    """An answer without the tags that some fine-tunes put it in."""
    return _ANSWER.sub("", answer).strip()

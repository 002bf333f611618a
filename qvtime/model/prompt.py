"""From moments and words to token ids: the one layout that training and inference share.

    <|im_start|>user\\n
    <168.0 seconds><|vision_start|><|video_pad|>…<|vision_end|>     once a temporal patch
    [subtitle: words]                       after a patch, when something is said there
    question<|im_end|>\\n<|im_start|>assistant\\n

The video comes first, so that it can be computed once and asked about many times; the layout is
the one released with the weights (no outer vision tags: transformers 4.57, vLLM). Ids are built
piece by piece, and the user's words are encoded with control tokens split into plain text, so
that no question can end its own turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qvtime.timestamps import format_seconds

IM_START, IM_END = "<|im_start|>", "<|im_end|>"
VISION_START, VISION_END = "<|vision_start|>", "<|vision_end|>"
VIDEO_PAD, IMAGE_PAD, END_OF_TEXT = "<|video_pad|>", "<|image_pad|>", "<|endoftext|>"


LABEL_MS = 100
"""The step of the times in a prompt: seconds with one decimal."""

_NO_LABELS = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")", "\n": " "})


@dataclass(frozen=True, slots=True)
class ControlIds:
    """The ids of the tokens that words may not contain."""

    im_start: int
    im_end: int
    vision_start: int
    vision_end: int
    video_pad: int
    end_of_text: int


def control_ids(tokenizer: Any) -> ControlIds:
    """The control tokens of a Qwen3-VL tokenizer."""
    names = (IM_START, IM_END, VISION_START, VISION_END, VIDEO_PAD, END_OF_TEXT)
    return ControlIds(*(tokenizer.convert_tokens_to_ids(name) for name in names))


def time_words(time_ms: int) -> str:
    """A time as the model reads and says it: `168.0`, seconds rounded half up to 0.1 s."""
    return format_seconds(time_ms)


def label_ms(time_ms: int) -> int:
    """The time that a label spells for this one: the nearest tenth of a second, half up, in ms."""
    return (time_ms + LABEL_MS // 2) // LABEL_MS * LABEL_MS


def time_label(centre_ms: int) -> str:
    """What precedes a temporal patch, and how a question names a time: `<168.0 seconds>`."""
    return f"<{time_words(centre_ms)} seconds>"


def show_twice(centres_ms: Sequence[int], place: int) -> tuple[int, ...]:
    """The patches of a prompt with the one at `place` a second time, right after itself."""
    return (*centres_ms[: place + 1], *centres_ms[place:])


def encode_words(tokenizer: Any, text: str) -> list[int]:
    """Plain words as ids; control tokens spelled in them come out as ordinary characters."""
    ids: list[int] = tokenizer(text, add_special_tokens=False, split_special_tokens=True)[
        "input_ids"
    ]
    return ids


def subtitle_label(words: str) -> str:
    """How a prompt tells what is said: one bracket, in which no time label can be spelled."""
    return f"[subtitle: {words.translate(_NO_LABELS)}]"


def encode_video(
    tokenizer: Any, centres_ms: Sequence[int], tokens_per_patch: int, said: Sequence[str] = ()
) -> list[int]:
    """The prefix: the opened turn of the user and every temporal patch after its time.

    said: what subtitles say at each patch, "" for nothing; empty when there are none at all.
    """
    control = control_ids(tokenizer)
    picture = [control.vision_start, *[control.video_pad] * tokens_per_patch, control.vision_end]
    ids = [control.im_start, *encode_words(tokenizer, "user\n")]
    for centre_ms, words in zip(centres_ms, said or [""] * len(centres_ms), strict=True):
        ids += encode_words(tokenizer, time_label(centre_ms)) + picture
        if words:
            ids += encode_words(tokenizer, subtitle_label(words))
    return ids


THINK_OPEN, THINK_CLOSE = "<think>\n", "\n</think>\n\n"
"""What the chat template of Thinking models begins an answer with, and what ends a thought."""


def encode_control(tokenizer: Any, text: str) -> list[int]:
    """Words of ours as ids, in which control tokens are what they are; never the user's."""
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def encode_question(tokenizer: Any, question: str) -> list[int]:
    """The tail: the question, the end of the user's turn, the start of the answer."""
    control = control_ids(tokenizer)
    line_end = encode_words(tokenizer, "\n")
    return [
        *encode_words(tokenizer, question),
        control.im_end,
        *line_end,
        control.im_start,
        *encode_words(tokenizer, "assistant\n"),
    ]

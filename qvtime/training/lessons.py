"""Made clips as training examples: pictures, prompt ids, answers, and what is true of every patch.

A lesson is one window of a made clip with several questions about it. Its prompt is built by
`qvtime.model.prompt`, exactly as at inference, with the times of a place anywhere in a long
video. A patch is centred at a moment `c`; an event goes on in it when it goes on at `c`; the
times that an answer says are the centres of the first and the last patch of the event.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qvtime.model.prompt import encode_video
from qvtime.training.glimpses import CELLS, SIGNED_SHARE, take_pictures
from qvtime.training.questions import Book
from qvtime.training.scene import MARKS, Happening, Sign
from qvtime.training.script import make_scene
from qvtime.training.tails import Tail


@dataclass(frozen=True, slots=True)
class Lesson:
    """One window with its questions.

    pixels: uint8 [2 * patches, 96, 96, 3]; times_ms: of its patches, as they are spelled; prefix:
    ids of the video; owners: for every id of the prefix the patch that it belongs to, or -1;
    going_on: bool [patches, MARKS].
    """

    pixels: npt.NDArray[np.uint8]
    times_ms: tuple[int, ...]
    prefix: tuple[int, ...]
    owners: tuple[int, ...]
    tails: tuple[Tail, ...]
    going_on: npt.NDArray[np.bool_]


def make_lesson(
    tokenizer: Any, generator: np.random.Generator, patches: int, granularity_ms: int
) -> Lesson:
    """A window of so many patches of a new clip, somewhere in time, with its questions."""
    length_ms = patches * granularity_ms
    signed = bool(generator.random() < SIGNED_SHARE)
    scene = make_scene(generator, length_ms + int(generator.integers(0, 9000)), signs=signed)
    first_ms = int(generator.integers(0, max(1, scene.duration_ms - length_ms)) // 100 * 100)
    centres = first_ms + granularity_ms * np.arange(patches)
    pixels = take_pictures(scene, centres, granularity_ms, generator)
    offset_ms = _somewhere(generator, granularity_ms) - first_ms
    times_ms = tuple(int(c) + offset_ms for c in centres)
    prefix, owners = video_ids(tokenizer, times_ms)
    book = Book(tokenizer, generator, scene, centres, offset_ms)
    return Lesson(
        pixels=pixels,
        times_ms=times_ms,
        prefix=prefix,
        owners=owners,
        tails=book.tails(),
        going_on=_going_on((*scene.happenings, *scene.signs), centres),
    )


def _somewhere(generator: np.random.Generator, granularity_ms: int) -> int:
    """Where in a long video the window starts; half of the time on the granularity's own grid."""
    longest_ms = int(generator.choice([1, 60_000, 600_000, 7_200_000], p=[0.15, 0.25, 0.4, 0.2]))
    start_ms = int(generator.integers(0, longest_ms))
    step_ms = granularity_ms if generator.random() < 0.5 else 100
    return start_ms // step_ms * step_ms


def video_ids(tokenizer: Any, centres_ms: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The prefix, and for each of its ids the patch it belongs to (-1: none)."""
    prefix = encode_video(tokenizer, centres_ms, CELLS * CELLS)
    start = tokenizer.convert_tokens_to_ids("<|vision_start|>")
    end = tokenizer.convert_tokens_to_ids("<|vision_end|>")
    owners, patch, opened = [], 0, False
    for place, token in enumerate(prefix):
        opened = opened or place >= 3  # `<|im_start|>user\n` is three ids
        owners.append(patch if opened else -1)
        patch += token == end
    if prefix.count(start) != len(centres_ms):
        raise ValueError("the prompt does not hold every patch")
    return tuple(prefix), tuple(owners)


def _going_on(
    shown: Sequence[Happening | Sign], centres: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    table = np.zeros((len(centres), MARKS), bool)
    for one in shown:
        inside = (one.start_ms <= centres) & (centres < one.end_ms)
        for mark in one.marks:
            table[inside, mark] = True
    return table

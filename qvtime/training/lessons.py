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
from qvtime.training.glimpses import CELLS, SIGNED_SHARE, close_granularity_ms, take_pictures
from qvtime.training.questions import Asker
from qvtime.training.scene import MARKS, Happening, Scene, Sign
from qvtime.training.script import make_scene
from qvtime.training.tails import Tail

CLOSE_SHARE = 0.7
"""How many lessons look closer at the moments that they ask about, as `qvtime ask` does: at each a
second patch, after the one that is there, whose pictures lie closer together."""
EDGE_SHARE = 0.4
"""How many lessons have a patch near the beginning or the end of an event."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One window with its questions.

    pixels: uint8 [2 * patches, 96, 96, 3]; times_ms: of its patches, as they are spelled; prefix:
    ids of the video; owners: for every id of the prefix the patch that it belongs to, or -1;
    marks: bool [patches, MARKS], what is true of each patch (scene.MARKS).
    """

    pixels: npt.NDArray[np.uint8]
    times_ms: tuple[int, ...]
    prefix: tuple[int, ...]
    owners: tuple[int, ...]
    tails: tuple[Tail, ...]
    marks: npt.NDArray[np.bool_]


def make_lesson(
    tokenizer: Any, generator: np.random.Generator, patches: int, granularity_ms: int
) -> Lesson:
    """A window of so many patches of a new clip, somewhere in time, with its questions."""
    length_ms = patches * granularity_ms
    signed = bool(generator.random() < SIGNED_SHARE)
    scene = make_scene(generator, length_ms + int(generator.integers(0, 9000)), signs=signed)
    first_ms = _first_ms(generator, scene, patches, granularity_ms)
    centres = first_ms + granularity_ms * np.arange(patches)
    offset_ms = _somewhere(generator, granularity_ms) - first_ms
    asker = Asker(tokenizer, generator, scene, centres, offset_ms)
    granularities_ms = np.full(patches, granularity_ms)
    if generator.random() < CLOSE_SHARE:
        chosen = np.array(asker.choose_moments())
        centres = np.insert(centres, chosen + 1, centres[chosen])
        close_ms = close_granularity_ms(granularity_ms)
        granularities_ms = np.insert(granularities_ms, chosen + 1, close_ms)
        closer = tuple(int(c) + 1 + k for k, c in enumerate(chosen))
        asker = Asker(tokenizer, generator, scene, centres, offset_ms, closer)
    times_ms = tuple(int(c) + offset_ms for c in centres)
    prefix, owners = video_ids(tokenizer, times_ms)
    pixels = take_pictures(scene, centres, granularities_ms, generator)
    return Lesson(
        pixels=pixels,
        times_ms=times_ms,
        prefix=prefix,
        owners=owners,
        tails=asker.tails(),
        marks=_marks_of((*scene.happenings, *scene.signs), centres),
    )


def _first_ms(
    generator: np.random.Generator, scene: Scene, patches: int, granularity_ms: int
) -> int:
    """Where in the clip the window starts; often with a patch near an edge of an event."""
    last_ms = max(0, scene.duration_ms - patches * granularity_ms)
    if scene.happenings and generator.random() < EDGE_SHARE:
        one = scene.happenings[int(generator.integers(len(scene.happenings)))]
        edge_ms = one.end_ms if generator.random() < 0.5 else one.start_ms
        reach_ms = granularity_ms // 4
        near_ms = edge_ms + int(generator.integers(-reach_ms, reach_ms))
        first_ms = near_ms - granularity_ms * int(generator.integers(patches))
        if 0 <= first_ms <= last_ms:
            return first_ms
    return int(generator.integers(0, last_ms + 1))


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


def _marks_of(
    shown: Sequence[Happening | Sign], centres: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """The marks of patches at these moments, bool [patches, MARKS]."""
    table = np.zeros((len(centres), MARKS), bool)
    for one in shown:
        inside = (one.start_ms <= centres) & (centres < one.end_ms)
        for mark in one.marks:
            table[inside, mark] = True
    return table

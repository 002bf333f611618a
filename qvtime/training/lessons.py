"""Made clips as training examples: pictures, prompt ids, answers, and what is true of every patch.

A lesson is one window of a made clip with several questions about it. Its prompt is built by
`qvtime.model.prompt`, exactly as at inference, with the times of a place anywhere in a long
video. A patch is centred at a moment `c`; an event goes on in it when it goes on at `c`; the
times that an answer says are the centres of the first and the last patch of the event.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from qvtime.model.prompt import encode_question, encode_video, encode_words
from qvtime.training.render import render
from qvtime.training.scene import COLOURS, SHAPES, VERBS, Happening, Scene, make_scene
from qvtime.training.wording import (
    AT,
    AT_CHINESE,
    BETWEEN,
    BETWEEN_CHINESE,
    LIST,
    LIST_CHINESE,
    Labelled,
    answer_at,
    answer_list,
    answer_when,
    ask_when,
)

SIZE_PX = 96
CELL_PX = 32
CELLS = SIZE_PX // CELL_PX
SUBJECTS = len(COLOURS) * len(SHAPES)
KINDS = SUBJECTS * len(VERBS)
CELL_LABELS = ("colour", "shape", "verb")
ABSENT = {"colour": len(COLOURS), "shape": len(SHAPES), "verb": len(VERBS)}
CHINESE_SHARE = 0.35


@dataclass(frozen=True, slots=True)
class Alignment:
    """Token `place` of a tail should attend to these patches, equally."""

    place: int
    patches: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tail:
    """One question with its answer. `answer_start` is the place of the answer's first id."""

    ids: tuple[int, ...]
    answer_start: int
    alignments: tuple[Alignment, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """One window with its questions.

    pixels: uint8 [2 * patches, 96, 96, 3]; prefix: ids of the video; owners: for every id of the
    prefix the patch that it belongs to, or -1; going_on: bool [patches, KINDS]; cells: int64
    [patches, 9, 3], colour, shape and verb in every merged vision token.
    """

    pixels: npt.NDArray[np.uint8]
    prefix: tuple[int, ...]
    owners: tuple[int, ...]
    tails: tuple[Tail, ...]
    going_on: npt.NDArray[np.bool_]
    cells: npt.NDArray[np.int64]


def subject_index(colour: str, shape: str) -> int:
    return list(COLOURS).index(colour) * len(SHAPES) + SHAPES.index(shape)


def make_lesson(
    tokenizer: Any, generator: np.random.Generator, patches: int, granularity_ms: int
) -> Lesson:
    """A window of so many patches of a new clip, somewhere in time, with its questions."""
    length_ms = patches * granularity_ms
    scene = make_scene(generator, length_ms + int(generator.integers(0, 9000)))
    first_ms = int(generator.integers(0, max(1, scene.duration_ms - length_ms)) // 100 * 100)
    centres = first_ms + granularity_ms * np.arange(patches)
    pixels = take_pictures(scene, centres, granularity_ms, generator)
    offset_ms = _somewhere(generator, granularity_ms) - first_ms
    prefix, owners = video_ids(tokenizer, [int(c) + offset_ms for c in centres])
    book = _Book(tokenizer, generator, scene.happenings, centres, offset_ms, granularity_ms)
    return Lesson(
        pixels=pixels,
        prefix=prefix,
        owners=owners,
        tails=book.tails(),
        going_on=_going_on(scene.happenings, centres),
        cells=label_cells(scene, centres, granularity_ms),
    )


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A few temporal patches without words, for the vision tower: as in Lesson."""

    pixels: npt.NDArray[np.uint8]
    cells: npt.NDArray[np.int64]


GLIMPSES_PER_CLIP = 3
GLIMPSE_MS = 9000


def make_glimpse(generator: np.random.Generator, granularity_ms: int) -> Glimpse:
    """Single patches of a new clip, most of them at moments at which something happens.

    Few from each clip: the patches of one clip show the same objects, and a batch of them
    teaches little (shapes were learned several times slower from whole clips).
    """
    scene = make_scene(generator, GLIMPSE_MS)
    centres = generator.integers(0, GLIMPSE_MS, GLIMPSES_PER_CLIP)
    for place in range(len(centres)):
        if scene.happenings and generator.random() < 0.75:
            one = scene.happenings[int(generator.integers(len(scene.happenings)))]
            centres[place] = generator.integers(one.start_ms, one.end_ms)
    pixels = take_pictures(scene, centres, granularity_ms, generator)
    return Glimpse(pixels, label_cells(scene, centres, granularity_ms))


def _somewhere(generator: np.random.Generator, granularity_ms: int) -> int:
    """Where in a long video the window starts; half of the time on the granularity's own grid."""
    longest_ms = int(generator.choice([1, 60_000, 600_000, 7_200_000], p=[0.15, 0.25, 0.4, 0.2]))
    start_ms = int(generator.integers(0, longest_ms))
    step_ms = granularity_ms if generator.random() < 0.5 else 100
    return start_ms // step_ms * step_ms


def video_ids(tokenizer: Any, centres_ms: list[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
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


def take_pictures(
    scene: Scene,
    centres: npt.NDArray[np.int64],
    granularity_ms: int,
    generator: np.random.Generator,
) -> npt.NDArray[np.uint8]:
    """Two pictures a patch, as a video of some frame rate, size and compression would give them."""
    quarter = granularity_ms / 4
    moments = np.stack([centres - quarter, centres + quarter], 1).ravel().clip(0)
    frame_ms = 1000 / generator.choice([12, 15, 20, 24, 25, 30, 50, 60])
    shown = np.floor(moments / frame_ms) * frame_ms
    size_px = int(generator.choice([SIZE_PX, 128, 160, 192, 240], p=[0.5, 0.15, 0.15, 0.1, 0.1]))
    pictures = render(scene, shown, size_px, generator)
    quality = int(generator.integers(30, 96)) if generator.random() < 0.6 else 0
    out = np.empty((len(pictures), SIZE_PX, SIZE_PX, 3), np.uint8)
    for place, picture in enumerate(pictures):
        if quality:
            coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            picture = cv2.imdecode(coded, cv2.IMREAD_COLOR_BGR)
        if size_px != SIZE_PX:
            picture = cv2.resize(picture, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA)
        out[place] = picture
    return out


def _going_on(
    happenings: tuple[Happening, ...], centres: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    table = np.zeros((len(centres), KINDS), bool)
    for one in happenings:
        kind = subject_index(one.colour, one.shape) * len(VERBS) + VERBS.index(one.verb)
        table[:, kind] |= (one.start_ms <= centres) & (centres < one.end_ms)
    return table


def label_cells(
    scene: Scene, centres: npt.NDArray[np.int64], granularity_ms: int
) -> npt.NDArray[np.int64]:
    """Which object fills most of every cell, and what it does there: int64 [patches, 9, 3]."""
    labels = np.empty((len(centres), CELLS * CELLS, 3), np.int64)
    labels[:] = tuple(ABSENT.values())
    edges = np.arange(CELLS + 1) / CELLS
    quarter = granularity_ms / 4
    for patch, centre in enumerate(centres):
        most = np.full((CELLS, CELLS), 0.12)
        for thing in scene.things:
            one = Scene(0, (thing,), (), scene.backdrop, 0.0, 0.0)
            seen = [s for t in (centre - quarter, centre + quarter) for s in one.states(max(0, t))]
            if not seen:
                continue
            share = np.zeros((CELLS, CELLS))
            for state in seen:
                reach = 0.85 * state.radius
                inside = [
                    np.clip(
                        np.minimum(edges[1:], c + reach) - np.maximum(edges[:-1], c - reach), 0, 1
                    )
                    for c in (state.y, state.x)
                ]
                share += np.outer(*inside) / (2 * reach) ** 2 / len(seen)
            active = [
                h.verb
                for h in thing.happenings
                if h.start_ms < centre + quarter and centre - quarter < h.end_ms
            ]
            verb = VERBS.index(active[0]) if active else ABSENT["verb"]
            look = (list(COLOURS).index(seen[0].colour), SHAPES.index(seen[0].shape))
            wins = share > most
            most[wins] = share[wins]
            labels[patch].reshape(CELLS, CELLS, 3)[wins] = (*look, verb)
    return labels


class _Book:
    """Questions about one window, with their answers."""

    def __init__(
        self,
        tokenizer: Any,
        generator: np.random.Generator,
        happenings: tuple[Happening, ...],
        centres: npt.NDArray[np.int64],
        offset_ms: int,
        granularity_ms: int,
    ) -> None:
        self.tokenizer, self.generator = tokenizer, generator
        self.centres, self.offset_ms = centres, offset_ms
        self.labelled: list[Labelled] = []
        self.patches: list[tuple[int, ...]] = []
        for one in happenings:
            inside = np.flatnonzero((one.start_ms <= centres) & (centres < one.end_ms))
            if len(inside):
                first, last = centres[inside[0]] + offset_ms, centres[inside[-1]] + offset_ms
                self.labelled.append(Labelled(one, int(first), int(last)))
                self.patches.append(tuple(inside.tolist()))
        self.end_of_turn = tokenizer.convert_tokens_to_ids("<|im_end|>")
        self.time_open = tokenizer.convert_tokens_to_ids("<time>")
        self.time_close = tokenizer.convert_tokens_to_ids("</time>")

    def tails(self) -> tuple[Tail, ...]:
        """Questions of every kind, in random order; the more, the longer the window."""
        each = 2 * (1 + len(self.centres) // 12)
        tails = [self._at() for _ in range(each)]
        tails += [self._when(happens=k % 2 == 0) for k in range(each)]
        tails.append(self._list())
        order = self.generator.permutation(len(tails))
        return tuple(tails[k] for k in order)

    def _chinese(self) -> bool:
        return bool(self.generator.random() < CHINESE_SHARE)

    def _marker(self, patch: int) -> str:
        tenths = (int(self.centres[patch]) + self.offset_ms) // 100
        return f"<{tenths // 10}.{tenths % 10} seconds>"

    def _at(self) -> Tail:
        patch = int(self.generator.integers(len(self.centres)))
        if self.patches and self.generator.random() < 0.6:
            spans = self.patches[int(self.generator.integers(len(self.patches)))]
            patch = int(self.generator.choice(spans))
        chinese = self._chinese()
        form = str(self.generator.choice(AT_CHINESE if chinese else AT))
        going_on = [
            one.happening
            for one, inside in zip(self.labelled, self.patches, strict=True)
            if patch in inside
        ]
        question = form.format(t=self._marker(patch))
        return self._tail(question, answer_at(going_on, chinese), (patch,), "at")

    def _when(self, happens: bool) -> Tail:
        chinese = self._chinese()
        if happens and self.labelled:
            asked = self.labelled[int(self.generator.integers(len(self.labelled)))].happening
        else:
            asked = self._other_event()
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
        )

    def _other_event(self) -> Happening:
        """An event like those of the window, with something changed; usually not among them."""
        generator = self.generator
        colour, shape = str(generator.choice(list(COLOURS))), str(generator.choice(SHAPES))
        verb = str(generator.choice(VERBS))
        if self.labelled:
            near = self.labelled[int(generator.integers(len(self.labelled)))].happening
            change = generator.random()
            if change < 0.5:
                colour, shape = near.colour, near.shape
            elif change < 0.7:
                colour, verb = near.colour, near.verb
            elif change < 0.9:
                shape, verb = near.shape, near.verb
        turned = None
        if verb == "turns":
            turned = str(generator.choice([c for c in COLOURS if c != colour]))
        return Happening(0, 1, 0, colour, shape, verb, turned)

    def _list(self) -> Tail:
        chinese = self._chinese()
        found = self.labelled
        if self.generator.random() < 0.5:
            question = str(self.generator.choice(LIST_CHINESE if chinese else LIST))
            patches = tuple(range(len(self.centres)))
        else:
            first, last = sorted(self.generator.integers(0, len(self.centres), 2).tolist())
            patches = tuple(range(first, last + 1))
            found = [
                one
                for one, inside in zip(self.labelled, self.patches, strict=True)
                if set(inside) & set(patches)
            ]
            question = str(self.generator.choice(BETWEEN_CHINESE if chinese else BETWEEN)).format(
                a=self._marker(first), b=self._marker(last)
            )
        return self._tail(question, answer_list(found, chinese), patches, "list")

    def _tail(self, question: str, answer: str, patches: tuple[int, ...], kind: str) -> Tail:
        asked = encode_question(self.tokenizer, question)
        answered = [*encode_words(self.tokenizer, answer), self.end_of_turn]
        alignments = [Alignment(len(asked) - 1, patches)] if patches else []
        text_time, inside = "", False
        for place, token in enumerate(answered):
            if token == self.time_open:
                text_time, inside, opened = "", True, place
            elif token == self.time_close:
                inside = False
                centre = round(float(text_time) * 1000) - self.offset_ms
                patch = int(np.flatnonzero(self.centres == centre)[0])
                alignments += [Alignment(len(asked) + p, (patch,)) for p in range(opened, place)]
            elif inside:
                text_time += self.tokenizer.decode([token])
        return Tail((*asked, *answered), len(asked), tuple(alignments), kind)

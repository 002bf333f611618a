"""Single temporal patches of made clips, and what is in every cell of them.

A cell is a merged vision token: 32 x 32 px of a patch, nine to a picture.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from qvtime.training.render import render, sign_edges
from qvtime.training.scene import COLOURS, SHAPES, SIGN_WORDS, VERBS, Scene, Thing
from qvtime.training.script import make_scene

SIZE_PX = 96
CELL_PX = 32
CELLS = SIZE_PX // CELL_PX
CELL_LABELS = ("colour", "shape", "verb", "turned", "edge", "word")
EDGE_BINS = 4
"""How finely the label "edge" says when an event began, or ended, between a patch's pictures."""
ABSENT = {
    "colour": len(COLOURS),
    "shape": len(SHAPES),
    "verb": len(VERBS),
    "turned": len(COLOURS),
    "edge": 2 * EDGE_BINS,
    "word": len(SIGN_WORDS),
}


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A few temporal patches without words, for the vision tower.

    pixels: as in Lesson; cells: int64 [patches, 9, 6], as label_cells gives them.
    """

    pixels: npt.NDArray[np.uint8]
    cells: npt.NDArray[np.int64]


SIGNED_SHARE = 0.5
"""How many clips have words written across the top."""
GLIMPSES_PER_CLIP = 3
GLIMPSE_MS = 9000
TURNS_WEIGHT = 3.0
"""How much likelier a glimpse, or a question, is of a turn than of another event: its new colour is
learned too."""
EVENT_SHARE, EDGE_SHARE = 0.75, 0.5
"""How many glimpses are of a moment of an event, and how many of these of one near its edge, inside
or outside, where it is hardest to say whether it goes on."""


def make_glimpse(generator: np.random.Generator, granularity_ms: int) -> Glimpse:
    """Single patches of a new clip, most of them at moments at which something happens.

    Few from each clip: the patches of one clip show the same objects, and a batch of them
    teaches little (shapes were learned several times slower from whole clips).
    """
    scene = make_scene(generator, GLIMPSE_MS, signs=bool(generator.random() < SIGNED_SHARE))
    centres = generator.integers(0, GLIMPSE_MS, GLIMPSES_PER_CLIP)
    for place in range(len(centres)):
        if scene.happenings and generator.random() < EVENT_SHARE:
            centres[place] = _moment_of_event(scene, generator, granularity_ms)
    pixels = take_pictures(scene, centres, np.full(len(centres), granularity_ms), generator)
    return Glimpse(pixels, label_cells(scene, centres, granularity_ms))


def _moment_of_event(scene: Scene, generator: np.random.Generator, granularity_ms: int) -> int:
    """A moment in an event, or close to one of its edges.

    Close is half as far again as a patch's pictures lie from its centre.
    """
    weights = np.array([1.0 if h.turned is None else TURNS_WEIGHT for h in scene.happenings])
    one = scene.happenings[generator.choice(len(weights), p=weights / weights.sum())]
    if generator.random() >= EDGE_SHARE:
        return int(generator.integers(one.start_ms, one.end_ms))
    edge_ms = one.end_ms if generator.random() < 0.5 else one.start_ms
    reach_ms = granularity_ms * 3 // 8
    moment_ms = edge_ms + int(generator.integers(-reach_ms, reach_ms))
    return min(max(moment_ms, 0), scene.duration_ms - 1)


def close_granularity_ms(granularity_ms: int) -> int:
    """The granularity whose pictures lie as those that a moment is shown a second time in.

    What `qvtime.video.sampling.close_spacing_ms` says of the spacing; a test holds them equal.
    """
    return max(granularity_ms // 2, min(granularity_ms, 100))


def take_pictures(
    scene: Scene,
    centres: npt.NDArray[np.int64],
    granularities_ms: npt.NDArray[np.int64],
    generator: np.random.Generator,
) -> npt.NDArray[np.uint8]:
    """Two pictures a patch, as a video of some frame rate, size and compression would give them.

    granularities_ms: int64 [patches]; a patch's pictures lie half of it apart.
    """
    quarter = granularities_ms / 4
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


def label_cells(
    scene: Scene, centres: npt.NDArray[np.int64], granularity_ms: int
) -> npt.NDArray[np.int64]:
    """Which object fills most of every cell, what it does there, and which word crosses it.

    int64 [patches, 9, 6], in the order of CELL_LABELS.
    """
    labels = np.empty((len(centres), CELLS * CELLS, len(CELL_LABELS)), np.int64)
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
            active = [h for h in thing.happenings if h.start_ms <= centre < h.end_ms]
            verb = VERBS.index(active[0].verb) if active else ABSENT["verb"]
            turned = active[0].turned if active else None
            new = ABSENT["turned"] if turned is None else list(COLOURS).index(turned)
            look = (list(COLOURS).index(seen[0].colour), SHAPES.index(seen[0].shape))
            edge = _edge(thing, int(centre), quarter)
            wins = share > most
            most[wins] = share[wins]
            cells = labels[patch].reshape(CELLS, CELLS, len(CELL_LABELS))
            cells[wins, : len(CELL_LABELS) - 1] = (*look, verb, new, edge)
        if (sign := scene.sign(float(centre))) is not None:
            left_px, right_px = sign_edges(sign, SIZE_PX)
            crossed = slice(max(0, left_px) // CELL_PX, (right_px - 1) // CELL_PX + 1)
            labels[patch, crossed, CELL_LABELS.index("word")] = SIGN_WORDS.index(sign.word)
    return labels


def _edge(thing: Thing, centre_ms: int, quarter_ms: float) -> int:
    """When between a patch's pictures an event of this object began (0 to 3), or ended (4 to 7).

    Counted back from the later picture. It tells more than whether the event goes on: how far it
    has come in the picture after its beginning, and what is left of it in the one before its end.
    """
    for one in thing.happenings:
        for edge_ms, first in ((one.start_ms, 0), (one.end_ms, EDGE_BINS)):
            since = (centre_ms + quarter_ms - edge_ms) / (2 * quarter_ms)  # 0 to 1 between them
            if 0 <= since < 1:
                return first + int(since * EDGE_BINS)
    return ABSENT["edge"]

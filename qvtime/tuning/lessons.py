"""A window of a labelled video as a lesson: pictures, the prompt of inference, and answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from qvtime.frames import FrameBatch
from qvtime.model.pixels import MERGE, grid_of
from qvtime.model.prompt import encode_video, show_twice
from qvtime.tuning.labels import LabelledVideo, inside
from qvtime.tuning.questions import Asker, Tail
from qvtime.tuning.visits import Visit, Window

CLOSER_SHARE = 0.5
"""How many windows show a moment twice to a model that looks closer at moments."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a window shows: two pictures a patch, whose sides are multiples of 32 px; and what is
    said at each patch, empty where there are no subtitles."""

    frames: FrameBatch
    said: tuple[str, ...] = ()


Show = Callable[[LabelledVideo, Sequence[Window], int], list[Shown]]
"""What windows of a video show at a granularity."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A window with its questions.

    times_ms: of its patches, as they are spelled; prefix: ids of the video; rows, columns: merged
    tokens of a patch.
    """

    pixels: npt.NDArray[np.uint8]
    times_ms: tuple[int, ...]
    prefix: tuple[int, ...]
    rows: int
    columns: int
    tails: tuple[Tail, ...]

    @property
    def tokens(self) -> int:
        """All of them: the video's, and those of every question and answer."""
        return len(self.prefix) + sum(len(tail.ids) for tail in self.tails)


def make_lessons(visit: Visit, show: Show, asker: Asker, questions: int) -> list[Lesson]:
    """The lessons of a visit; a window about which there is nothing to ask makes none.

    A model that looks closer at moments is shown one in half of the windows, as at inference.
    """
    generator = np.random.default_rng(visit.seed)
    video = visit.video
    windows = list(visit.windows)
    moments: list[int | None] = [None] * len(windows)
    if asker.habits.closer_moments and video.whole:
        closer = [_closer(video, window, asker, generator) for window in windows]
        windows, moments = [one for one, _ in closer], [moment for _, moment in closer]
    lessons = []
    shown = show(video, windows, visit.granularity_ms)
    for window, moment, one in zip(windows, moments, shown, strict=True):
        times_ms = tuple(centre + window.shift_ms for centre in window.centres_ms)
        seen = inside(video.labels, window.centres_ms)
        tails = asker.tails(seen, times_ms, video.whole, video.name, questions, generator, moment)
        if tails:
            lessons.append(make_lesson(asker, one, times_ms, tails))
    return lessons


def _closer(
    video: LabelledVideo, window: Window, asker: Asker, generator: np.random.Generator
) -> tuple[Window, int | None]:
    """The window with one of its moments shown twice, and the place of the second; or as it is."""
    if generator.random() >= CLOSER_SHARE:
        return window, None
    centres_ms = window.centres_ms
    moment = asker.moment(inside(video.labels, centres_ms), len(centres_ms), generator)
    return replace(window, centres_ms=show_twice(centres_ms, moment)), moment + 1


def make_lesson(
    asker: Asker, shown: Shown, times_ms: Sequence[int], tails: Sequence[Tail]
) -> Lesson:
    """A window with these questions about it."""
    grid = grid_of(shown.frames.pixels)
    prefix = encode_video(asker.tokenizer, times_ms, grid.tokens_per_time, shown.said)
    return Lesson(
        pixels=shown.frames.pixels,
        times_ms=tuple(times_ms),
        prefix=tuple(prefix),
        rows=grid.rows // MERGE,
        columns=grid.columns // MERGE,
        tails=tuple(tails),
    )

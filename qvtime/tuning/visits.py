"""Which windows of which videos each step is taught with: a function of the step alone.

So a run that was stopped goes on with the windows that would have come next. A video is visited,
that is opened once, for several windows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qvtime.model.prompt import LABEL_MS
from qvtime.settings import GRANULARITIES_MS
from qvtime.tuning.labels import LabelledVideo
from qvtime.tuning.recipe import Recipe
from qvtime.tuning.vocabulary import known_words, only_new

WINDOWS_A_VISIT = 4
OTHER_GRANULARITY_SHARE = 0.2
"""How many visits look at another granularity than the recipe's: edges are read more finely."""
EVENT_SHARE = 0.8
"""How many windows show something of an event; the others lie anywhere."""
NEW_SHARE = 0.5
"""How many windows of a video to learn from look only for events with words that no rehearsed
caption has, where there are some: what is new would else be rare among what is known already."""
SHIFTED_SHARE = 0.25
"""How many windows have the times of a later place in a longer video."""
LONGEST_SHIFT_MS = 7_200_000


@dataclass(frozen=True, slots=True)
class Window:
    """The centres of a window's patches, and what is added to them where they are said."""

    centres_ms: tuple[int, ...]
    shift_ms: int = 0


@dataclass(frozen=True, slots=True)
class Visit:
    """Windows of one video, in order of time; seed: what its questions are drawn with."""

    video: LabelledVideo
    granularity_ms: int
    windows: tuple[Window, ...]
    seed: tuple[int, ...]


class Timetable:
    """The visits of every step.

    taught: the videos to learn from; rehearsed: those of what is known already.
    """

    def __init__(
        self,
        taught: Sequence[LabelledVideo],
        rehearsed: Sequence[LabelledVideo],
        recipe: Recipe,
        window_patches: int,
    ) -> None:
        self._taught, self._rehearsed = taught, rehearsed
        self._known = known_words(rehearsed)
        self._recipe, self._window_patches = recipe, window_patches
        self._share = recipe.rehearse_share if rehearsed else 0.0
        self._windows = min(WINDOWS_A_VISIT, recipe.batch_windows)

    @property
    def visits_a_step(self) -> int:
        return -(-self._recipe.batch_windows // self._windows)

    def step(self, step: int) -> list[Visit]:
        """The visits of this step, counted from 0."""
        first = step * self.visits_a_step
        return [self._visit(first + place) for place in range(self.visits_a_step)]

    def _visit(self, number: int) -> Visit:
        rehearsed = int(number * self._share)
        if int((number + 1) * self._share) > rehearsed:
            video = self._turn(self._rehearsed, rehearsed, 1)
        else:
            video = self._turn(self._taught, number - rehearsed, 0)
        seed = (self._recipe.seed, 2, number)
        generator = np.random.default_rng(seed)
        granularity_ms = self._recipe.granularity_ms
        if generator.random() < OTHER_GRANULARITY_SHARE:
            granularity_ms = int(generator.choice(GRANULARITIES_MS))
        patches = self._window_patches
        windows = [
            draw_window(self._sought(video, generator), granularity_ms, patches, generator)
            for _ in range(self._windows)
        ]
        windows.sort(key=lambda window: window.centres_ms)
        return Visit(video, granularity_ms, tuple(windows), (*seed, 1))

    def _sought(self, video: LabelledVideo, generator: np.random.Generator) -> LabelledVideo:
        """The video with the labels for one of which a window is drawn."""
        if not self._rehearsed or generator.random() >= NEW_SHARE:
            return video
        return only_new(video, self._known)

    def _turn(self, videos: Sequence[LabelledVideo], number: int, kind: int) -> LabelledVideo:
        """Every video once, in an order of its own, before any comes again."""
        round_, place = divmod(number, len(videos))
        order = np.random.default_rng((self._recipe.seed, kind, round_)).permutation(len(videos))
        return videos[int(order[place])]


def draw_window(
    video: LabelledVideo,
    granularity_ms: int,
    window_patches: int,
    generator: np.random.Generator,
) -> Window:
    """A window of this video, most often one that shows something of an event."""
    patches = min(window_patches, max(1, video.duration_ms // granularity_ms))
    span_ms = (patches - 1) * granularity_ms
    latest_ms = max(0, video.duration_ms - 1 - span_ms)
    low_ms, high_ms = 0, latest_ms
    if video.labels and generator.random() < EVENT_SHARE:
        span = video.labels[int(generator.integers(len(video.labels)))].span
        low_ms = min(max(0, span.start_ms - span_ms), latest_ms)
        high_ms = max(low_ms, min(latest_ms, span.end_ms))
    step_ms = granularity_ms if generator.random() < 0.5 else LABEL_MS  # half on the fixed grid
    start_ms = int(generator.integers(low_ms, high_ms + 1)) // step_ms * step_ms
    centres_ms = tuple(start_ms + granularity_ms * k for k in range(patches))
    shift_ms = 0
    if generator.random() < SHIFTED_SHARE:
        shift_ms = int(generator.integers(LONGEST_SHIFT_MS)) // step_ms * step_ms
    return Window(centres_ms, shift_ms)

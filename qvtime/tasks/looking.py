"""A window of a video before the model's eyes: decoded, seen, read.

What `ask`, `locate` and `index` share: the model of a run, a window's pictures on their way into
it, and what the times that it says about them mean.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from qvtime.frames import FrameBatch
from qvtime.settings import Settings
from qvtime.tasks.plan import Window
from qvtime.timeline import Span
from qvtime.video.sampling import frame_times
from qvtime.video.size import shown_size

if TYPE_CHECKING:  # torch is loaded only once a video is known to be readable
    from qvtime.model.backend import Backend as Backend
    from qvtime.model.backend import BackendLook
    from qvtime.model.engine import Engine
    from qvtime.model.reply import Reply
    from qvtime.model.vision import VideoFeatures
    from qvtime.tasks.features import KeptFeatures
    from qvtime.video.reader import VideoReader

ONE_PATCH_MS = 1
"""The length, before `whole_patches`, of an event for which the model said one time."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work is: `done` of `total` windows, of which `span` is next."""

    done: int
    total: int
    span: Span


class Clock:
    """How long each stage of a run took, in milliseconds; a stage may come any number of times."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def add(self, stage: str, milliseconds: float) -> None:
        """The stage took so much longer."""
        self.spent[stage] = self.spent.get(stage, 0.0) + milliseconds

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """What is done inside counts to the stage."""
        started = time.perf_counter()
        yield
        self.add(stage, 1000 * (time.perf_counter() - started))

    def rounded(self) -> dict[str, int]:
        """All of it, as reports have it."""
        return {stage: round(spent) for stage, spent in self.spent.items()}


def open_engine(settings: Settings) -> "Engine":
    """The model of these settings, loaded. Raises ModelError."""
    from qvtime.model.engine import Engine
    from qvtime.model.fit import wishes_of
    from qvtime.model.weights import dtype_named, load_model

    loaded = load_model(
        settings.model,
        settings.device,
        dtype_named(settings.dtype),
        settings.kernels,
        settings.quantize,
        settings.spread,
        settings.yarn,
    )
    return Engine(loaded, wishes_of(settings))


def open_backend(settings: Settings) -> "Backend":
    """What answers by these settings, ready to. Raises ModelError."""
    if settings.server is None:
        return open_engine(settings)
    from qvtime.model.connecting import open_server
    from qvtime.model.fit import wishes_of

    return open_server(settings.server, settings.model, wishes_of(settings))


def look_at(
    reader: "VideoReader",
    engine: "Backend",
    window: Window,
    granularity_ms: int,
    clock: Clock,
    features: "KeptFeatures | None" = None,
    then: Window | None = None,
    watch: "Callable[[Sequence[int], VideoFeatures], None] | None" = None,
) -> "BackendLook":
    """Decode a window's pictures and let the model read them, and what is said there.

    then: the window after it, whose pictures are decoded while the model reads this one. watch: is
    told what the vision tower saw, at which times; not where the model is elsewhere.
    Where their features were kept, neither the decoder nor the vision tower has anything to do.
    """
    shown_ms = _shown(engine, window)
    times_ms, next_ms, size_px = _pictures(reader, engine, shown_ms, granularity_ms, then)
    said = reader.spoken.at(shown_ms, window.span)
    if features is None and watch is None:
        frames = _decode(reader, times_ms, next_ms, size_px, clock)
        look: BackendLook = engine.look(frames, shown_ms, said)
        clock.add("vision", look.vision_ms)
    else:
        here = cast("Engine", engine)  # no other has features to keep or to watch
        seen = _see(reader, here, times_ms, next_ms, size_px, clock, features)
        if watch is not None:
            watch(shown_ms, seen)
        look = here.look_at(seen, shown_ms, subtitles=said)
    clock.add("prefill", look.prefill_ms)
    return look


def watch_at(
    reader: "VideoReader",
    engine: "Engine",
    window: Window,
    granularity_ms: int,
    features: "KeptFeatures | None",
    then: Window | None,
    watch: "Callable[[Sequence[int], VideoFeatures], None]",
) -> None:
    """As `look_at`, for what the vision tower sees alone: the language model reads nothing."""
    shown_ms = _shown(engine, window)
    times_ms, next_ms, size_px = _pictures(reader, engine, shown_ms, granularity_ms, then)
    watch(shown_ms, _see(reader, engine, times_ms, next_ms, size_px, Clock(), features))


def _shown(engine: "Backend", window: Window | None) -> tuple[int, ...]:
    """The centres of the patches of a window that this model is shown."""
    return () if window is None else window.shown_ms(engine.habits.closer_moments)


def _pictures(
    reader: "VideoReader",
    engine: "Backend",
    shown_ms: Sequence[int],
    granularity_ms: int,
    then: Window | None,
) -> tuple[list[int], list[int], tuple[int, int]]:
    """The times of these patches' pictures, those of the window after them, and their size."""
    info = reader.info
    times_ms, next_ms = (
        frame_times(centres_ms, granularity_ms, info.duration_ms)
        for centres_ms in (shown_ms, _shown(engine, then))
    )
    size_px = shown_size(info.width_px, info.height_px, engine.habits.frame_pixels)
    return times_ms, next_ms, size_px


def _decode(
    reader: "VideoReader",
    times_ms: Sequence[int],
    next_ms: Sequence[int],
    size_px: tuple[int, int],
    clock: Clock,
) -> FrameBatch:
    with clock.measure("decode"):
        frames = reader.frames_at(sorted(times_ms), size_px).at(times_ms)
    reader.expect(sorted(next_ms), size_px)
    return frames


def _see(
    reader: "VideoReader",
    engine: "Engine",
    times_ms: Sequence[int],
    next_ms: Sequence[int],
    size_px: tuple[int, int],
    clock: Clock,
    kept: "KeptFeatures | None",
) -> "VideoFeatures":
    """The features of these pictures, kept or new."""
    with clock.measure("features"):
        key = None if kept is None else kept.key(engine, reader, times_ms, size_px)
        features = None if kept is None or key is None else kept.find(engine, key)
    if features is not None:
        return features
    frames = _decode(reader, times_ms, next_ms, size_px, clock)
    with clock.measure("vision"):
        features = engine.encode(frames)
    if kept is not None and key is not None:
        with clock.measure("features"):
            kept.keep(key, features, frames.damage)
    return features


def said_span(window: Window) -> Span:
    """The times that can be said about a window."""
    return Span(window.centres_ms[0], window.centres_ms[-1] + 1)


def cut_short(reply: "Reply", tokens: int) -> tuple[str, ...]:
    """What is missing at the end of an answer of at most so many tokens, a phrase each."""
    if reply.finish_reason == "loop":
        return ("what the answer said over and over",)
    if reply.finish_reason == "length":
        return (f"what the answer would have said after {tokens} tokens",)
    return ()


def whole_patches(said: Span, granularity_ms: int, video: Span) -> Span:
    """The time that an event covers whose first and last patch were said by their centres."""
    half = granularity_ms // 2
    last_ms = said.start_ms if said.duration_ms == ONE_PATCH_MS else said.end_ms
    wide = Span(max(0, said.start_ms - half), last_ms + half)
    return wide.clamp(video) or video

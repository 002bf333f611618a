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


@dataclass(frozen=True, slots=True)
class Session:
    """A video before a model, for the length of a run.

    features: those of its windows that are kept between runs; None where none are.
    """

    reader: "VideoReader"
    engine: "Backend"
    features: "KeptFeatures | None" = None


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
    session: Session,
    window: Window,
    granularity_ms: int,
    clock: Clock,
    then: Window | None = None,
    watch: "Callable[[Sequence[int], VideoFeatures], None] | None" = None,
) -> "BackendLook":
    """Decode a window's pictures and let the model read them, and what is said there.

    then: the window after it, whose pictures are decoded while the model reads this one. watch: is
    told what the vision tower saw, at which times; not where the model is elsewhere.
    Where their features were kept, neither the decoder nor the vision tower has anything to do.
    """
    shown_ms = _shown(session, window)
    pictures = _pictures(session, shown_ms, granularity_ms, then)
    said = session.reader.spoken.at(shown_ms, window.span)
    if session.features is None and watch is None:
        frames = _decode(session.reader, pictures, clock)
        look: BackendLook = session.engine.look(frames, shown_ms, said)
        clock.add("vision", look.vision_ms)
    else:
        seen = _see(session, pictures, clock)
        if watch is not None:
            watch(shown_ms, seen)
        look = _here(session).look_at(seen, shown_ms, subtitles=said)
    clock.add("prefill", look.prefill_ms)
    return look


def watch_at(
    session: Session,
    window: Window,
    granularity_ms: int,
    then: Window | None,
    watch: "Callable[[Sequence[int], VideoFeatures], None]",
) -> None:
    """As `look_at`, for what the vision tower sees alone: the language model reads nothing."""
    shown_ms = _shown(session, window)
    pictures = _pictures(session, shown_ms, granularity_ms, then)
    watch(shown_ms, _see(session, pictures, Clock()))


@dataclass(frozen=True, slots=True)
class _Pictures:
    """Of a window: when its pictures were taken, when those of the window after it, their size."""

    times_ms: list[int]
    next_ms: list[int]
    size_px: tuple[int, int]


def _shown(session: Session, window: Window | None) -> tuple[int, ...]:
    """The centres of the patches of a window that this model is shown."""
    return () if window is None else window.shown_ms(session.engine.habits.closer_moments)


def _pictures(
    session: Session, shown_ms: Sequence[int], granularity_ms: int, then: Window | None
) -> _Pictures:
    """The pictures of these patches, and of those of the window after them."""
    info = session.reader.info
    times_ms, next_ms = (
        frame_times(centres_ms, granularity_ms, info.duration_ms)
        for centres_ms in (shown_ms, _shown(session, then))
    )
    size_px = shown_size(info.width_px, info.height_px, session.engine.habits.frame_pixels)
    return _Pictures(times_ms, next_ms, size_px)


def _decode(reader: "VideoReader", pictures: _Pictures, clock: Clock) -> FrameBatch:
    """The window's pictures; those of the window after it are decoded from now on."""
    with clock.measure("decode"):
        frames = reader.frames_at(sorted(pictures.times_ms), pictures.size_px)
    reader.expect(sorted(pictures.next_ms), pictures.size_px)
    return frames.at(pictures.times_ms)


def _here(session: Session) -> "Engine":
    """The model in this process: no other has features to keep or to watch."""
    return cast("Engine", session.engine)


def _see(session: Session, pictures: _Pictures, clock: Clock) -> "VideoFeatures":
    """The features of these pictures, kept or new."""
    reader, engine, kept = session.reader, _here(session), session.features
    with clock.measure("features"):
        key = None
        if kept is not None:
            key = kept.key(engine, reader, pictures.times_ms, pictures.size_px)
        features = None if kept is None or key is None else kept.find(engine, key)
    if features is not None:
        return features
    frames = _decode(reader, pictures, clock)
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

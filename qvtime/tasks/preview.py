"""What a run over a video would read, what that needs, and about how long it takes: the plan.

One for `ask`, `locate` and `index`: each makes its windows, and this reckons what they come to. No
weights are loaded and nothing is decoded. Memory and time are estimates: bytes from the model's
configuration (qvtime.model.shape), seconds from how fast this machine multiplies now.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qvtime.frames import FRAMES_PER_PATCH, VideoInfo
from qvtime.model.shape import PIXELS_A_TOKEN
from qvtime.report import Setting
from qvtime.settings import Settings
from qvtime.tasks.looking import open_backend
from qvtime.tasks.plan import Plan
from qvtime.timeline import Span
from qvtime.video.size import shown_size

if TYPE_CHECKING:  # torch is slow to import
    from qvtime.model.outline import Outline
    from qvtime.model.speed import Speed

DECODED_PIXELS_A_SECOND = 440e6
"""On one core: H.264 by PyAV (docs/benchmarks.md)."""
CLAIMED_FPS = 30.0
"""Of a video that does not say."""
WEIGHED_TOKENS = 16
"""How many tokens of what may be said are weighed for every patch of a window, about."""
SAID_TOKENS = 128
"""How many tokens an answer in words takes, about."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The model as it would run here: after what is read at once was fitted into the memory.

    outline: with those habits; device: or the server that it is on; short: what fell short of what
    was wished, a sentence or None; width: bytes of a number. weight_bytes: of the weights;
    free_bytes: beside them; these and speed are None when nobody knows.
    """

    outline: "Outline"
    device: str
    short: str | None = None
    width: int = 2
    weight_bytes: int | None = None
    free_bytes: int | None = None
    speed: "Speed | None" = None


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan and what it comes to. overlap_ms: what neighbouring windows share; skipped_ms: what
    is left out between them, where an index says that nothing is likely."""

    plan: Plan
    span: Span
    size_px: tuple[int, int]
    window_ms: int
    overlap_ms: int
    tokens_per_window: int
    tokens: int
    kv_bytes: int | None
    window_bytes: int | None
    seconds: float | None
    machine: Machine
    skipped_ms: int = 0

    def settings(self) -> dict[str, Setting]:
        """The plan as JSON has it."""
        windows, outline = self.plan.windows, self.machine.outline
        shape, closer = outline.shape, outline.habits.closer_moments
        shown = [len(one.shown_ms(closer)) for one in windows]
        return {
            "windows": len(windows),
            "window_ms": self.window_ms,
            "overlap_ms": self.overlap_ms,
            "frames_per_window": FRAMES_PER_PATCH * max(shown),
            "frames": FRAMES_PER_PATCH * sum(shown),
            "width_px": self.size_px[0],
            "height_px": self.size_px[1],
            "tokens_per_patch": self.size_px[0] * self.size_px[1] // PIXELS_A_TOKEN,
            "tokens_per_window": self.tokens_per_window,
            "tokens": self.tokens,
            "context_tokens": None if shape is None else shape.context_tokens,
            "coarse_ms": self.plan.step_ms,
            "granularity_ms": self.plan.finest_ms,
            "device": self.machine.device,
            "weight_bytes": self.machine.weight_bytes,
            "kv_bytes": self.kv_bytes,
            "window_bytes": self.window_bytes,
            "free_bytes": self.machine.free_bytes,
            "seconds": None if self.seconds is None else round(self.seconds, 1),
            "short": self.machine.short,
            **({"skipped_ms": self.skipped_ms} if self.skipped_ms else {}),
        }


def open_machine(settings: Settings) -> Machine:
    """What the model of these settings would read here. Raises ModelError, UsageError."""
    if settings.server is not None:
        with open_backend(settings) as backend:
            return Machine(backend.outline, settings.server.url)
    from qvtime.model.fitted import fit_memory
    from qvtime.model.machine import free_memory
    from qvtime.model.outline import read_outline
    from qvtime.model.speed import measure_speed
    from qvtime.model.weights import choose_device

    outline = read_outline(settings.model, settings.yarn)
    shape, device = outline.shape, choose_device(settings.device)
    if shape is None:
        return Machine(outline, device)
    free_bytes = free_memory(device)
    fitted = fit_memory(outline, shape, settings, device, free_bytes)
    speed = measure_speed(device, fitted.dtype, shape.hidden, shape.feed_forward)
    return Machine(
        outline=replace(outline, habits=fitted.habits),
        device=device,
        short=fitted.short,
        width=fitted.dtype.itemsize,
        weight_bytes=fitted.weight_bytes,
        free_bytes=fitted.free_bytes,
        speed=speed,
    )


def preview(info: VideoInfo, plan: Plan, machine: Machine, skipped_ms: int = 0) -> Preview:
    """What a plan for this video comes to."""
    outline, shape, width = machine.outline, machine.outline.shape, machine.width
    size_px = shown_size(info.width_px, info.height_px, outline.habits.frame_pixels)
    closer = outline.habits.closer_moments
    counts = [outline.window_tokens(one.shown_ms(closer), *size_px) for one in plan.windows]
    spans = [window.span for window in plan.windows]
    first, second = spans[0], spans[min(1, len(spans) - 1)]
    return Preview(
        plan=plan,
        span=Span(min(one.start_ms for one in spans), max(one.end_ms for one in spans)),
        size_px=size_px,
        window_ms=max(one.duration_ms for one in spans),
        overlap_ms=first.overlap_ms(second) if first != second else 0,
        tokens_per_window=max(counts),
        tokens=sum(counts),
        kv_bytes=None if shape is None else max(counts) * shape.kv_bytes_per_token(width),
        window_bytes=None if shape is None else shape.window_bytes(max(counts), width),
        seconds=_seconds(info, plan, counts, machine),
        machine=machine,
        skipped_ms=skipped_ms,
    )


def _seconds(info: VideoInfo, plan: Plan, counts: list[int], machine: Machine) -> float | None:
    """About how long the first look takes: decoding, seeing, reading, and answering."""
    shape, speed = machine.outline.shape, machine.speed
    if shape is None or speed is None:
        return None
    seen_ms = sum(window.span.duration_ms for window in plan.windows)
    pictures = min(1.0, seen_ms / info.duration_ms) * info.duration_ms / 1000
    pictures *= info.claimed_fps or CLAIMED_FPS
    decoding = pictures * info.width_px * info.height_px / DECODED_PIXELS_A_SECOND
    flops = sum(shape.prefill_flops(tokens) + shape.vision_flops(tokens) for tokens in counts)
    if plan.asks_when:
        weighed = WEIGHED_TOKENS * sum(len(window.centres_ms) for window in plan.windows)
        flops += 2.0 * weighed * (shape.active_parameters + shape.vocabulary * shape.hidden)
        return decoding + flops / speed.flops
    read = SAID_TOKENS * len(counts) * shape.active_parameters * machine.width
    return decoding + flops / speed.flops + read / speed.bytes_per_second

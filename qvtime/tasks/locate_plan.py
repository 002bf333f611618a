"""Where `locate` looks first, how finely, and what that costs: known before anything is decoded.

Windows with overlap lie over the whole span, so that everything is seen. They are at least
`FIRST_MS` coarse, since an event should fit into a window, and coarser where that would
read more than `Settings.patch_budget`; or, where the overview of an index says what looks likely,
only there, within that budget (`narrow`). Each edge found is looked at again, step by step down to
the granularity that was asked for (qvtime.tasks.edges).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qvtime.frames import FRAMES_PER_PATCH, VideoInfo
from qvtime.report import Setting
from qvtime.settings import Settings
from qvtime.tasks.captions import NOWHERE, Pointed
from qvtime.tasks.plan import (
    Plan,
    Window,
    check_window,
    reach_of,
    whole_reach,
    windows_over,
)
from qvtime.tasks.skim import FIRST_MS, OVERLAP_SHARE, finer_steps_ms, joined_ms, look_closer
from qvtime.timeline import Span
from qvtime.video.size import shown_size

if TYPE_CHECKING:
    from qvtime.model.outline import Outline


@dataclass(frozen=True, slots=True)
class LocatePlan:
    """The first pass over a video, and how fine the edges will be.

    span: what is searched; window_ms: the longest window; coarse_ms: the granularity of the first
    pass; granularity_ms: that of the edges; size_px: (width, height) of the pictures; tokens: of
    the video in the longest window. pointed: where an index says to look, where only that is looked
    at; skipped_ms: how much is not.
    """

    span: Span
    windows: tuple[Window, ...]
    window_ms: int
    overlap_ms: int
    coarse_ms: int
    granularity_ms: int
    size_px: tuple[int, int]
    tokens: int
    pointed: Pointed = NOWHERE
    skipped_ms: int = 0

    @property
    def finer_ms(self) -> tuple[int, ...]:
        """The granularities at which edges are looked at again, the coarsest first."""
        return finer_steps_ms(self.coarse_ms, self.granularity_ms)

    def first_pass(self, event: str) -> Plan:
        """The first pass, for an event in the user's words."""
        words = (event,) * len(self.windows)
        return Plan(event, self.coarse_ms, self.coarse_ms, self.windows, words, True, self.finer_ms)

    def as_read(
        self, windows: tuple[Window, ...], outline: "Outline", coarse_ms: int | None = None
    ) -> "LocatePlan":
        """The plan with other windows, at another granularity if need be."""
        if windows == self.windows:
            return self
        coarse_ms = coarse_ms or self.coarse_ms
        longest = _longest(windows)
        return replace(
            self,
            windows=windows,
            window_ms=max(window.span.duration_ms for window in windows),
            overlap_ms=int(len(longest.centres_ms) * OVERLAP_SHARE) * coarse_ms,
            coarse_ms=coarse_ms,
            tokens=outline.window_tokens(longest.centres_ms, *self.size_px),
        )

    def settings(self) -> dict[str, Setting]:
        """The plan as the JSON has it."""
        skips: dict[str, Setting] = {
            "captions_used": len(self.pointed.captions),
            "likely_used": len(self.pointed.likely),
            "skipped_ms": self.skipped_ms,
        }
        most_patches = max(len(window.centres_ms) for window in self.windows)
        return {
            "windows": len(self.windows),
            "window_ms": self.window_ms,
            "overlap_ms": self.overlap_ms,
            "frames_per_window": FRAMES_PER_PATCH * most_patches,
            "width_px": self.size_px[0],
            "height_px": self.size_px[1],
            "tokens_per_window": self.tokens,
            "coarse_ms": self.coarse_ms,
            "granularity_ms": self.granularity_ms,
            **(skips if self.skipped_ms else {}),
        }


def plan_locate(info: VideoInfo, span: Span, settings: Settings, outline: "Outline") -> LocatePlan:
    """How to search this span of a video with this model.

    UsageError for a window longer than the model reads at once in the first pass.
    """
    granularity_ms = settings.granularity_ms
    habits = outline.habits
    first = replace(settings, granularity_ms=max(granularity_ms, FIRST_MS))
    check_window(first, habits.window_patches, outline.name)
    reach = whole_reach(span.duration_ms, settings, habits.window_patches)
    parts = windows_over((span,), reach, reach.granularity_ms)
    size_px = shown_size(info.width_px, info.height_px, habits.frame_pixels)
    longest = _longest(parts)
    return LocatePlan(
        span=span,
        windows=parts,
        window_ms=min(reach.window_ms, span.duration_ms),
        overlap_ms=reach.overlap_ms if len(parts) > 1 else 0,
        coarse_ms=reach.granularity_ms,
        granularity_ms=granularity_ms,
        size_px=size_px,
        tokens=outline.window_tokens(longest.centres_ms, *size_px),
    )


def narrow(
    plan: LocatePlan,
    settings: Settings,
    outline: "Outline",
    point_out: Callable[[], Pointed],
) -> LocatePlan:
    """The plan for where an index points, within the budget and as fine as a short video is read.

    The same plan where all of the span is read like that anyway, or nothing looks likely.
    """
    reach = reach_of(settings, outline.habits.window_patches, asks_when=True)
    first_ms = reach.granularity_ms
    if reach.patches(plan.span.duration_ms, first_ms) <= settings.patch_budget:
        return plan
    pointed = point_out().within(plan.span)
    if not pointed.likely:
        return plan
    places = pointed.places
    stretches = look_closer(places, first_ms, plan.span, reach, settings.patch_budget)
    parts = windows_over(stretches, reach, first_ms)
    if not parts:
        return plan
    return replace(
        plan.as_read(parts, outline, first_ms),
        pointed=pointed,
        skipped_ms=plan.span.duration_ms - joined_ms(stretches),
    )


def _longest(windows: tuple[Window, ...]) -> Window:
    return max(windows, key=lambda window: (len(window.centres_ms), window.span))

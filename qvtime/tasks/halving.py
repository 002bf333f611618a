"""Windows one after the other, each read in parts where the memory does not hold it whole.

A model that runs out of memory reads half as much at once from then on (qvtime.model.engine): its
habits say so, to the rest of this video and to the next ones. Nothing of the video is left out.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from qvtime.errors import OutOfMemory
from qvtime.tasks.looking import Progress
from qvtime.tasks.plan import Window
from qvtime.tasks.skim import OVERLAP_SHARE
from qvtime.timeline import Span
from qvtime.video.sampling import patch_centres, windows

if TYPE_CHECKING:
    from qvtime.model.backend import Backend

Read = TypeVar("Read")


def read_each(
    planned: Sequence[Window],
    engine: "Backend",
    step_ms: int,
    overlaps: bool,
    read: Callable[[int, Window, Window | None], Read],
    progress: Callable[[Progress], None],
    note: Callable[[str], None],
) -> Iterator[Read]:
    """What `read` makes of each window, given its number in the plan and the window after it.

    step_ms: how far apart patches lie; overlaps: whether parts of a window share patches, as
    windows do that do not skim. OutOfMemory when not even one patch can be read.
    """
    waiting = deque(enumerate(planned))
    done = 0
    while waiting:
        number, window = waiting.popleft()
        longest = engine.habits.window_patches
        parts = parts_of(window, longest, step_ms, overlaps)
        if len(parts) > 1 or parts[0] != window:
            waiting.extendleft((number, part) for part in reversed(parts))
            continue
        progress(Progress(done, done + 1 + len(waiting), window.span))
        patches = len(window.shown_ms(engine.habits.closer_moments))
        try:
            result = read(number, window, waiting[0][1] if waiting else None)
        except OutOfMemory:
            if engine.habits.window_patches >= patches:
                raise
            waiting.appendleft((number, window))
        else:
            done += 1
            yield result
            continue
        # The error is gone by now, and with it what its frames held in memory.
        note(
            f"memory ran out while {engine.name} read {patches} temporal patches at once;"
            f" going on with {engine.habits.window_patches}"
        )


def parts_of(window: Window, longest_patches: int, step_ms: int, overlaps: bool) -> list[Window]:
    """A window in parts of at most so many patches; around a moment, the nearest of its patches."""
    centres = window.centres_ms
    if len(centres) <= longest_patches:
        return [window]
    if window.moment_ms is not None:
        middle = centres.index(window.moment_ms)
        first = min(max(0, middle - longest_patches // 2), len(centres) - longest_patches)
        kept = centres[first : first + longest_patches]
        near = Span(max(0, kept[0] - step_ms // 2), kept[-1] + step_ms - step_ms // 2)
        return [Window(near.clamp(window.span) or window.span, kept, window.moment_ms)]
    length_ms = longest_patches * step_ms
    overlap_ms = int(longest_patches * OVERLAP_SHARE) * step_ms if overlaps else 0
    return [
        Window(part, tuple(patch_centres(part, step_ms)))
        for part in windows(window.span, length_ms, overlap_ms)
    ]

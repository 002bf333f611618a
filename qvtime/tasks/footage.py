"""What windows of labelled videos show, decoded as `qvtime ask` decodes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qvtime.settings import Settings
from qvtime.tasks.subtitled import open_subtitled
from qvtime.timeline import Span
from qvtime.video.sampling import frame_times
from qvtime.video.size import shown_size

if TYPE_CHECKING:
    from qvtime.tuning.labels import LabelledVideo
    from qvtime.tuning.lessons import Shown
    from qvtime.tuning.visits import Window


@dataclass(frozen=True, slots=True)
class Footage:
    """Opens a video once for several windows. frame_pixels: the budget of a picture."""

    settings: Settings
    frame_pixels: int

    def show(
        self, video: "LabelledVideo", windows: "Sequence[Window]", granularity_ms: int
    ) -> "list[Shown]":
        """What each window shows. Raises VideoError."""
        from qvtime.tuning.lessons import Shown

        with open_subtitled(video.path, self.settings) as reader:
            info = reader.info
            size_px = shown_size(info.width_px, info.height_px, self.frame_pixels)
            wanted = [
                frame_times(window.centres_ms, granularity_ms, info.duration_ms)
                for window in windows
            ]
            times_ms = sorted({time_ms for times in wanted for time_ms in times})
            frames = reader.frames_at(times_ms, size_px)
            said = [
                reader.spoken.at(window.centres_ms, _span(window, granularity_ms))
                for window in windows
            ]
        return [
            Shown(frames.at(times), tuple(words)) for times, words in zip(wanted, said, strict=True)
        ]


def _span(window: "Window", granularity_ms: int) -> Span:
    return Span(window.centres_ms[0], window.centres_ms[-1] + granularity_ms)

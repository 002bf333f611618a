"""A model on a server, as a backend: qvtime decodes, times and windows; the server reads.

with open_server("http://gpu1:8000", "Qwen/Qwen3-VL-4B-Instruct") as backend, \
        backend.look(frames, centres_ms) as look:
    look.ask("what happens at <168.0 seconds>?", 256)

Pictures travel with their exact times (qvtime.model.frame_parts), and what the server reads is
checked against what was sent: times that are not true are worse than none.
"""

from collections.abc import Sequence

import numpy as np

from qvtime.closing import Closing
from qvtime.errors import ServerError
from qvtime.frames import FrameBatch
from qvtime.model.frame_parts import frame_parts
from qvtime.model.habits import Habits
from qvtime.model.outline import Outline
from qvtime.model.remote_look import NO_TRUE_TIMES, RemoteLook
from qvtime.model.served import ServedModel
from qvtime.report import Setting


class RemoteBackend(Closing):
    """A model on a server that has been found there (qvtime.model.connecting). A context."""

    def __init__(self, served: ServedModel) -> None:
        self.served = served

    @property
    def name(self) -> str:
        return self.served.name

    @property
    def habits(self) -> Habits:
        return self.served.habits

    @property
    def outline(self) -> Outline:
        """What the model reads, for plans."""
        return Outline(self.name, self.habits, None)

    @property
    def note(self) -> str | None:
        """That times are not held, where the server cannot be told which exist."""
        if self.served.dialect.pattern_at:
            return None
        return (
            f"{self.served.url} ({self.served.dialect.engine}) cannot be told which times exist;"
            " those in its answers may lie between those of the frames"
        )

    def settings(self) -> dict[str, Setting]:
        """Where and with what answers are made, as reports have it."""
        return {
            "server": self.served.url,
            "engine": self.served.dialect.engine,
            "frames_as": self.served.frames_as,
        }

    def look(
        self, frames: FrameBatch, centres_ms: Sequence[int], subtitles: Sequence[str] = ()
    ) -> RemoteLook:
        """A window; nothing is sent before the first question about it."""
        height_px, width_px = frames.pixels.shape[1:3]
        parts = frame_parts(frames, centres_ms, subtitles, self.served.frames_as)
        return RemoteLook(self.served, parts, (width_px, height_px), centres_ms)

    def check_true_times(self) -> None:
        """ServerError when the server does not read pictures at the times that are sent with them.

        A time in longer words takes more tokens: two requests of one small patch show it.
        """
        frames = FrameBatch(
            np.zeros((2, 64, 64, 3), np.uint8), np.zeros(2, np.int64), np.zeros(2, np.int64)
        )
        counted = []
        for centre_ms in (0, 99_999_900):
            parts = frame_parts(frames, [centre_ms], (), self.served.frames_as)
            content = [*parts.content, {"type": "text", "text": "?"}]
            said = self.served.complete(content, {**parts.extra, "max_tokens": 1})
            counted.append(said.prompt_tokens)
        if counted[0] is None or counted[1] is None or counted[0] >= counted[1]:
            raise ServerError(
                f"{self.served.url} does not read frames at the times that are sent with them",
                NO_TRUE_TIMES,
            )

    def close(self) -> None:
        """Close the connections to the server."""
        self.served.close()

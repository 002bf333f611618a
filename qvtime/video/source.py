"""What a decoder must be able to do; the rest (`screen`) is the same for all of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from qvtime.frames import Pixels, VideoInfo

Beat = Callable[[], None]
"""Called between packets, so that slow work can be told from work that hangs."""


def no_beat() -> None:
    """Tell nobody."""


class Picture(ABC):
    """A decoded picture. Valid until its source is closed."""

    presented_ms: int

    @abstractmethod
    def pixels(self, width_px: int, height_px: int) -> Pixels:
        """The upright picture at this size, uint8 RGB [height_px, width_px, 3]."""


class PictureSource(ABC):
    """A file's pictures in the order in which they are shown, from wherever it was put last."""

    info: VideoInfo

    @abstractmethod
    def next_picture(self) -> Picture | None:
        """The next picture, presented strictly later than the one before; None after the last.

        Raises VideoOverLimits at a cap.
        """

    @abstractmethod
    def jump(self, time_ms: int) -> bool:
        """Go to about `time_ms`, so that the next picture is one that decodes soundly from there.

        Where it lands is for the caller to see: containers seek badly. False when there is no way
        to go there. `next_picture` is then undefined until `rewind` or another jump.
        """

    @abstractmethod
    def rewind(self) -> None:
        """Go to the first picture."""

    @property
    @abstractmethod
    def damage(self) -> tuple[str, ...]:
        """What was found wrong so far, one sentence each."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the file."""

"""What every way of reading a video promises: pictures that were on screen at given moments."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from qvtime.closing import Closing
from qvtime.frames import FrameBatch, VideoInfo
from qvtime.subtitles import Spoken, Subtitles
from qvtime.timeline import Span

SizeRule = tuple[int, int] | Callable[[int, int], tuple[int, int]] | None
"""(width, height) in px; or a function from the video's own (width, height) to that; or None for
the video's own size. `qvtime.video.size.fit_size` with its budget filled in is such a function."""


class VideoReader(Closing):
    """An open video. Close it, or use it in a `with` block; after that only `info` may be asked.

    spoken: what is said in it, for whoever opened it to choose; nothing at first.
    """

    spoken: Spoken = Spoken()

    @property
    @abstractmethod
    def info(self) -> VideoInfo:
        """What is known of the video; never changes."""

    @property
    @abstractmethod
    def damage(self) -> tuple[str, ...]:
        """What was found wrong so far, one sentence each; grows as more is decoded.

        Empty for a sound video. A file that ends before its header says is noticed at opening.
        """

    @abstractmethod
    def frames_at(self, times_ms: Sequence[int], size_px: SizeRule = None) -> FrameBatch:
        """The pictures on screen at `times_ms` (sorted, ms on the player's axis), in that order.

        The picture on screen at t is the last one presented at or before t. Before the first
        picture the first stands in, after the last the last. Equal moments give equal pictures.
        No moments give an empty batch. Dense moments are read in one go, moments far apart are
        sought; both give the same pictures as reading from the start.

        Raises ValueError when `times_ms` go backwards, DamagedVideo when nothing can be decoded,
        VideoOverLimits when a cap is reached.
        """

    def batches(
        self, times_ms: Sequence[int], size_px: SizeRule = None, batch_frames: int = 64
    ) -> Iterator[FrameBatch]:
        """`frames_at` in pieces of at most `batch_frames`, so that memory stays bounded."""
        for piece in pieces(times_ms, batch_frames):
            yield self.frames_at(piece, size_px)

    def expect(self, times_ms: Sequence[int], size_px: SizeRule = None) -> None:
        """Say which pictures will be asked for next, so that they may be decoded meanwhile.

        Changes nothing but when the work is done: what goes wrong with them is raised by whatever
        is asked for next. A reader that cannot work ahead does not.
        """

    @abstractmethod
    def embedded_subtitles(self, within: Span | None = None) -> Subtitles:
        """The subtitle track that a player would show, in a span or in all of the video.

        Nothing when there is none. May read all of that span of the file, in which the track is
        spread out. A cue that began long before the span may be missing.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the file and of everything held for it. Closing twice is fine."""


def check_times(times_ms: Sequence[int]) -> list[int]:
    """The moments as plain integers; ValueError when they go backwards."""
    times = [int(time_ms) for time_ms in times_ms]
    if any(later < earlier for earlier, later in pairwise(times)):
        raise ValueError("moments must be in order")
    return times


def chosen_size(size_px: SizeRule, info: VideoInfo) -> tuple[int, int]:
    """The (width, height) that a rule means for this video; ValueError unless both are positive."""
    if size_px is None:
        return info.width_px, info.height_px
    if callable(size_px):
        size_px = size_px(info.width_px, info.height_px)
    width, height = size_px
    if width <= 0 or height <= 0:
        raise ValueError(f"no picture of {width}x{height} px")
    return int(width), int(height)


def pieces(times_ms: Sequence[int], batch_frames: int) -> Iterator[list[int]]:
    """The checked moments in order, at most `batch_frames` at a time."""
    if batch_frames < 1:
        raise ValueError(f"no batches of {batch_frames} frames")
    times = check_times(times_ms)
    for start in range(0, len(times), batch_frames):
        yield times[start : start + batch_frames]

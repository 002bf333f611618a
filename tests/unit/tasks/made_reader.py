"""A reader of a video that no file holds; what its pictures show is for others to say."""

from qvtime.frames import VideoInfo
from qvtime.video.reader import VideoReader


class MadeReader(VideoReader):
    """A sound video with these facts."""

    damage: tuple[str, ...] = ()

    def __init__(self, info: VideoInfo) -> None:
        self._info = info

    @property
    def info(self) -> VideoInfo:
        return self._info

    def close(self) -> None:
        pass

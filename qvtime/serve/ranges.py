"""A video's file for a player, in pieces: what kind it is comes from its content, not its name."""

import os
import re
import stat

from starlette.datastructures import Headers
from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from qvtime.errors import NotAVideo
from qvtime.frames import VideoInfo
from qvtime.serve.videos import Video

_ONE_RANGE = re.compile(r"bytes=(?:[0-9]+-[0-9]*|-[0-9]+)")

WEBM_CODECS = ("vp8", "vp9", "av1")
TYPES = {
    "mov": "video/mp4",
    "matroska": "video/x-matroska",
    "avi": "video/x-msvideo",
    "mpegts": "video/mp2t",
    "mpeg": "video/mpeg",
    "ogg": "video/ogg",
    "flv": "video/x-flv",
    "asf": "video/x-ms-asf",
}
UNKNOWN_TYPE = "application/octet-stream"


class VideoFile(FileResponse):
    """The file, or the one piece that is asked for. A player asks for one at a time.

    Several pieces at once, or what is no range, are answered with the whole, as RFC 9110 allows.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = Headers(scope=scope).get("range")
        if asked is not None and not _ONE_RANGE.fullmatch(asked.strip().lower()):
            plain = [pair for pair in scope["headers"] if pair[0].lower() != b"range"]
            scope = {**scope, "headers": plain}
        await super().__call__(scope, receive, send)


def video_file(video: Video, info: VideoInfo) -> VideoFile:
    """The response for a video that has been opened as `info`. NotAVideo when it is no file."""
    status = os.stat(video.path)  # noqa: PTH116 - a path of any bytes
    if not stat.S_ISREG(status.st_mode):
        raise NotAVideo(f"{video.name}: is not a regular file")
    return VideoFile(
        video.path,
        media_type=media_type(info),
        stat_result=status,
        headers={"Cache-Control": "private, no-cache"},
    )


def media_type(info: VideoInfo) -> str:
    """The media type of a container as the demuxer knows it."""
    container = info.container.split(",")[0]
    if container == "matroska" and info.codec in WEBM_CODECS:
        return "video/webm"
    return TYPES.get(container, UNKNOWN_TYPE)

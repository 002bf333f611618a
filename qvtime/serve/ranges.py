"""A video's file for a player, in pieces: what kind it is comes from its content, not its name."""

import os
import re
import stat

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from qvtime.errors import NotAVideo
from qvtime.frames import VideoInfo
from qvtime.serve.videos import Video

# No file has more bytes than 18 digits count.
_ONE_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-[0-9]{1,18})")

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
        if asked is not None and not _is_one_range(asked.strip().lower()):
            plain = [pair for pair in scope["headers"] if pair[0].lower() != b"range"]
            scope = {**scope, "headers": plain}
        await super().__call__(scope, receive, _refusing(send))


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


def _is_one_range(asked: str) -> bool:
    """Whether it is a range of bytes that does not end before it starts."""
    found = _ONE_RANGE.fullmatch(asked)
    if found is None:
        return False
    first, last = found.groups()
    return not last or int(first) <= int(last)


def _refusing(send: Send) -> Send:
    """A range that the file does not have is refused as all else is; Starlette's is empty."""

    async def send_or_refuse(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 416:
            there = Headers(raw=message["headers"])["content-range"]
            raise HTTPException(416, "the video has no such range", {"Content-Range": there})
        await send(message)

    return send_or_refuse

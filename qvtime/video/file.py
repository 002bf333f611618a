"""What may be handed to a demuxer at all: an existing, regular file with something in it."""

import os
import stat
from pathlib import Path

from qvtime.errors import NotAVideo, VideoError, VideoNotFound


def check_file(path: str | os.PathLike[str]) -> Path:
    """The absolute path of a regular file that is not empty and can be read, or a VideoError.

    A symbolic link that the user names is followed. Opened without blocking, because opening a
    FIFO to read waits for a writer for ever, and FFmpeg's timeouts do not cover it.
    """
    if not os.fspath(path):
        raise empty_name()
    absolute = Path(path).absolute()
    try:
        descriptor = os.open(absolute, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise VideoNotFound(f"{path}: there is no such file", "check the path") from None
    except ValueError:
        raise VideoNotFound(f"{path!r} is not a path", "check the path") from None
    except OSError as error:
        raise VideoError(f"{path}: cannot be opened: {error.strerror}") from None
    try:
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if stat.S_ISDIR(status.st_mode):
        raise NotAVideo(f"{path}: is a folder, not a video", "name a file in it")
    if not stat.S_ISREG(status.st_mode):
        raise NotAVideo(f"{path}: is not a regular file", "save the video to a file first")
    if status.st_size == 0:
        raise NotAVideo(f"{path}: is empty", "copy or download it again")
    return absolute


def empty_name() -> VideoNotFound:
    """The error for a name without a character, which a shell makes of a variable that is unset."""
    return VideoNotFound("the name of a video is empty", "is a variable of a script not set?")

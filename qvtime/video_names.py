"""What files of videos are called, and the name by which two files mean one video."""

import re
import unicodedata

VIDEO_ENDINGS = (
    *("3g2", "3gp", "asf", "avi", "divx", "f4v", "flv", "m2t", "m2ts", "m4v", "mk3d", "mkv"),
    *("mov", "mp4", "mpe", "mpeg", "mpg", "mts", "ogm", "ogv", "qt", "ts", "vob", "webm", "wmv"),
)
"""Of the containers that the decoders read."""

_VIDEO = re.compile(
    rf"(?P<bare>.+?)(\.({'|'.join(VIDEO_ENDINGS)}))+", re.ASCII | re.IGNORECASE | re.DOTALL
)


def is_video_name(name: str) -> bool:
    """Whether a file of this name in a folder is a video."""
    return _VIDEO.fullmatch(name) is not None


def bare_name(name: str) -> str:
    """A file's name without the ending of a video file, and without two of `a.mov.mp4`, so that a
    bare name is its own bare name. Other dots stay: `RoripwjYFp8_360.0_510.0` is a whole name."""
    match = _VIDEO.fullmatch(name)
    return match["bare"] if match else name


def video_name(path: str) -> str:
    """The name by which two files mean one video: no folder, of whichever system, no ending, and
    composed letters, which some systems take apart in the names of files."""
    name = name_as_text(path).replace("\\", "/").rsplit("/", 1)[-1]
    return bare_name(unicodedata.normalize("NFC", name))


def name_as_text(path: str) -> str:
    """A file's name as files of text have it: what is not UTF-8 is U+FFFD."""
    try:
        return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:  # half a surrogate pair, which is of no file's name
        return path.encode("utf-8", "replace").decode("utf-8")

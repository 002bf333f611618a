"""A video open for looking at, with what is said in it."""

from typing import TYPE_CHECKING

from qvtime.report import Setting
from qvtime.settings import Settings
from qvtime.subtitles import Spoken
from qvtime.video.subtitles import AUTO, NONE, read_sidecar, read_subtitles
from qvtime.video.worker import open_video

if TYPE_CHECKING:
    from qvtime.video.reader import VideoReader


def open_subtitled(path: str, settings: Settings) -> "VideoReader":
    """The open video, its `spoken` as `settings.subtitles` says.

    A track in the video is read where it is wanted, all else at once. Raises VideoError, UsageError
    for a named file that gives no subtitles.
    """
    choice, limits = settings.subtitles, settings.limits
    known = read_sidecar(path, limits) if choice == AUTO else None
    if choice not in (AUTO, NONE):
        known = read_subtitles(path, choice, limits)
    reader = open_video(path, settings.decoder, limits)
    if known is not None:
        reader.spoken = Spoken(known, limits=limits)
    elif choice == AUTO:
        reader.spoken = Spoken(read=reader.embedded_subtitles, limits=limits)
    return reader


def check_subtitles(path: str, settings: Settings) -> None:
    """What `open_subtitled` would say of a named file, where no video is looked at. UsageError."""
    if settings.subtitles not in (AUTO, NONE):
        read_subtitles(path, settings.subtitles, settings.limits)


def subtitle_settings(spoken: Spoken) -> dict[str, Setting]:
    """What a report says about the subtitles that the model read, if there were any."""
    told: dict[str, Setting] = {}
    if spoken.source is not None:
        told["subtitles"] = spoken.source
    if spoken.dropped:
        told["subtitles_dropped"] = spoken.dropped
    if spoken.left_out:
        told["subtitles_left_out"] = spoken.left_out
    return told

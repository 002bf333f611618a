"""Find and read a video's subtitles: a file beside it, a track in it, or a file that is named.

A file beside `clip.mp4` is `clip.srt`, `clip.en.vtt`, `clip.mp4.srt` …, of SubRip, WebVTT or
SubStation. What qvtime wrote itself is never read back.
"""

import codecs
import os
import re
import stat

from qvtime.errors import UsageError
from qvtime.settings import Limits
from qvtime.subtitles import Subtitles, in_order, is_own
from qvtime.video.cue_formats import parse_cues
from qvtime.video.reader import VideoReader
from qvtime.video.worker import open_video
from qvtime.video_names import is_video_name

AUTO, NONE = "auto", "none"
"""What `--subtitles` may be besides a file."""

ENDINGS = (".srt", ".vtt", ".ass", ".ssa")
_LABELS = re.compile(r"(?:\.[A-Za-z]+(?:[-_][A-Za-z0-9]+)*){0,3}")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")


class _Unreadable(Exception):
    """Why a file gives no subtitles, in words that follow its name."""


def read_subtitles(
    video_path: str,
    choice: str = AUTO,
    limits: Limits | None = None,
    reader: VideoReader | None = None,
) -> Subtitles:
    """The subtitles of a video, on the player's axis.

    choice: "auto" for a file beside it, else a track in it, else none; "none"; or a file. The
    video is opened only to look for a track, unless it is open already as `reader`. A named file
    that cannot be read is a UsageError; one that was only found is told of in `damage`. VideoError
    when the video has to be opened and cannot be.
    """
    limits = limits or Limits()
    if choice == NONE:
        return Subtitles()
    if choice != AUTO:
        try:
            return _read_file(choice, limits)
        except _Unreadable as error:
            raise UsageError(
                f"cannot read the subtitles in {choice}: {error}",
                "give a file of SubRip, WebVTT or SubStation, or say auto or none",
            ) from None
    beside = read_sidecar(video_path, limits)
    if beside is not None:
        return beside
    if reader is not None:
        return reader.embedded_subtitles()
    with open_video(video_path, limits=limits) as opened:
        return opened.embedded_subtitles()


def read_sidecar(video_path: str, limits: Limits | None = None) -> Subtitles | None:
    """The subtitles in a file beside the video, None when there is none.

    When there are such files and none of them can be read, there are no cues but `damage`.
    """
    limits = limits or Limits()
    damage = []
    for path in sidecars(video_path):
        try:
            text, _ = _read_text(path, limits)
            # A blank one is no damage: transcribers write it where nobody says anything.
            if text.strip() and not is_own(text):
                return _read_file(path, limits)
        except _Unreadable as error:
            damage.append(f"cannot read the subtitles in {path}: {error}")
    return Subtitles(damage=tuple(damage)) if damage else None


def sidecars(video_path: str) -> list[str]:
    """The files beside a video that are named as its subtitles, the likeliest first.

    The plain name comes first, then English, then others by name; "forced" ones, which translate
    only what is foreign, come last.
    """
    folder, name = os.path.split(video_path)
    stem = os.path.splitext(name)[0]  # noqa: PTH122 - names of any bytes, as they were written
    try:
        beside = os.listdir(folder or ".")  # noqa: PTH208
    except OSError:
        return []
    others = {
        os.path.splitext(other)[0]  # noqa: PTH122
        for other in beside
        if other != name and is_video_name(other)
    } - {stem}
    longer = [other for other in others if other.startswith(f"{stem}.")]
    found = []
    for other in beside:
        root, ending = os.path.splitext(other)  # noqa: PTH122
        if ending.lower() not in ENDINGS or root in others:
            continue
        if any(root.startswith(f"{video}.") for video in longer):
            continue  # clip.final.en.srt beside clip.final.mp4 is none of clip.mp4
        for start in (name, stem):
            labels = root.removeprefix(start)
            if root.startswith(start) and _LABELS.fullmatch(labels):
                found.append((_rank(labels.lower()), os.fsencode(other), other))
                break
    return [os.path.join(folder, other) for _, _, other in sorted(found)]  # noqa: PTH118


def _rank(labels: str) -> tuple[bool, bool, bool, int]:
    parts = re.split(r"[.\-_]", labels)[1:]
    is_english = bool({"en", "eng", "english"} & set(parts))
    return "forced" in parts, bool(parts), not is_english, len(parts)


def _read_file(path: str, limits: Limits) -> Subtitles:
    text, encoding = _read_text(path, limits)
    cues, dropped = parse_cues(text)
    if not cues:
        raise _Unreadable("it has no cues in it" if not dropped else "none of its cues can be read")
    source = path if encoding == "utf-8" else f"{path} ({encoding})"
    return Subtitles(in_order(cues), source, dropped)


def _read_text(path: str, limits: Limits) -> tuple[str, str]:
    """What a file says, and in which encoding."""
    try:
        # Opening a FIFO to read would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _Unreadable("it is not a regular file")
            data = file.read(limits.subtitle_bytes + 1)
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else None
        raise _Unreadable((cause or "it is not a path").lower()) from None
    if len(data) > limits.subtitle_bytes:
        raise _Unreadable(f"it is larger than {limits.subtitle_bytes >> 20} MiB")
    encoding = _encoding(data)
    return data.decode(encoding, "replace").removeprefix("\ufeff"), encoding


def _encoding(data: bytes) -> str:
    """UTF-8, UTF-16 with its mark, GB 18030 (most other Chinese files), else Windows-1252."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8", "gb18030"):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        # In Chinese nearly every high byte has another beside it, in Western European few do.
        runs = [len(run) for run in _HIGH_RUN.findall(data)]
        if encoding == "utf-8" or sum(run for run in runs if run > 1) > 0.8 * sum(runs):
            return encoding
    return "windows-1252"

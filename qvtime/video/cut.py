"""Cut a span of a video out as a file of its own, without encoding anything again.

In a process of its own, like decoding, and for the same reason: files are untrusted.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from qvtime import errors
from qvtime.errors import (
    DamagedVideo,
    OutputError,
    QvtimeError,
    VideoError,
    VideoOverLimits,
    cause_of,
)
from qvtime.settings import Limits
from qvtime.timeline import Span
from qvtime.video.child import environment, import_path
from qvtime.video.file import check_file

FORMATS = {".mp4": "mp4", ".mkv": "matroska"}
"""The endings of files that can be cut out, and what FFmpeg calls their containers."""

_BOOT = (
    "import json, sys; task = json.loads(sys.argv[1]); sys.path[:] = task['sys_path'];"
    "from qvtime.video.cutting import main; main(task)"
)


def ending_for(container: str) -> str:
    """The ending of clips from a video in this container (`VideoInfo.container`).

    An mp4 stays one: it can hide the pictures from the keyframe to the start of the span. All else
    fits into Matroska.
    """
    return ".mp4" if container.startswith("mov") else ".mkv"


def cut_clip(path: str, span: Span, out_path: str, limits: Limits | None = None) -> Span:
    """Copy a span's pictures and sound into `out_path`, which must not exist; what a player shows.

    That begins with the picture on screen at the start of the span in an mp4, and in Matroska with
    the last keyframe at or before it. Up to a few pictures more may be at the end.
    Raises VideoError when the video cannot be read or copied, OutputError when the clip cannot be
    written; then there is no file.
    """
    limits = limits or Limits()
    read_path, written_path = str(check_file(path)), str(Path(out_path).absolute())
    task = {
        "path": read_path,
        "out_path": written_path,
        "format": FORMATS[os.path.splitext(out_path)[1]],  # noqa: PTH122
        "start_ms": span.start_ms,
        "end_ms": span.end_ms,
        "limits": asdict(limits),
        "sys_path": import_path(),
    }
    try:
        Path(out_path).touch(exist_ok=False)
        answer = _run(path, task, limits)
        if "error" in answer:
            kind: type[QvtimeError] = getattr(errors, answer["error"], VideoError)
            message = answer["message"].replace(read_path, path)
            raise kind(message.replace(written_path, out_path), answer["hint"])
    except BaseException as error:
        if not isinstance(error, FileExistsError):
            Path(out_path).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OutputError(
                f"cannot write {out_path}: {cause_of(error)}", "choose another folder"
            ) from None
        raise
    return Span(answer["start_ms"], answer["end_ms"])


def _run(path: str, task: dict[str, object], limits: Limits) -> dict[str, Any]:
    """What the cutting process says."""
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, no shell
            [sys.executable, "-I", "-c", _BOOT, json.dumps(task)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=limits.decode_seconds,
            start_new_session=True,
            env=environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise VideoOverLimits(
            f"{path}: cutting it takes longer than {limits.decode_seconds:g} s"
        ) from None
    if done.returncode != 0:
        raise DamagedVideo(f"{path}: cutting it failed (status {done.returncode})")
    said: dict[str, Any] = json.loads(done.stdout)
    return said

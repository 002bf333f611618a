"""What the API says about videos and answers: the command line's JSON, without any path."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from qvtime.errors import QvtimeError
from qvtime.formats.json import document
from qvtime.report import Report
from qvtime.serve.videos import Video, Videos
from qvtime.store.place import Place, absolute
from qvtime.store.record import Record
from qvtime.store.search import Hit

OF_THE_HOST = ("index",)
"""Settings of a report that say where something is on this machine."""


def shown_report(report: Report, video: Video) -> Report:
    """The report with the video's name in place of its path, and no other path in it."""
    settings = {
        key: without_path(value, video) if isinstance(value, str) else value
        for key, value in report.settings.items()
        if key not in OF_THE_HOST
    }
    return replace(
        report,
        path=video.name,
        settings=settings,
        damage=tuple(without_path(sentence, video) for sentence in report.damage),
    )


def report_document(report: Report, video: Video) -> dict[str, object]:
    """Schema qvtime/1 (docs/formats.md), and `video.id`."""
    shown: dict[str, Any] = document(shown_report(report, video))
    return {**shown, "video": {"id": video.id, **shown["video"]}}


def error_document(error: QvtimeError, video: Video | None = None) -> dict[str, object]:
    """What went wrong, in words."""
    return {
        "error": type(error).__name__,
        "message": without_path(error.message, video),
        "hint": None if error.hint is None else without_path(error.hint, video),
    }


def video_document(
    video: Video, record: Record | None, counts: Mapping[int, int]
) -> dict[str, object]:
    """A line of the list: status is "new", "indexed" or "failed"."""
    status = "new"
    if record is not None:
        status = "failed" if record.error is not None else "indexed"
    return {
        "id": video.id,
        "name": video.name,
        "status": status,
        "duration_ms": record.duration_ms if record else None,
        "events": counts.get(record.number, 0) if record else None,
        "error": _text(record.error) if record and record.error else None,
    }


def hit_document(hit: Hit, video: Video) -> dict[str, object]:
    """An event that was found, and the video that it is in."""
    event = hit.event
    return {
        "video": {"id": video.id, "name": video.name},
        "start_ms": event.span.start_ms,
        "end_ms": event.span.end_ms,
        "caption": event.caption,
        "score": event.score,
        "source": event.source,
        "whole": hit.whole,
    }


def without_path(text: str, video: Video | None) -> str:
    """The text with the video's name for its path, and without the folders that it and its index
    are in."""
    if video is not None:
        for path in (absolute(video.path), video.path):
            text = text.replace(path, video.name)
            folder = os.path.dirname(path)  # noqa: PTH120 - a path of any bytes
            if folder.strip("/"):
                text = text.replace(f"{folder}/", "")
        text = without_folders(text, [_about(video.place)])
    return _text(text)


def problem_documents(sentences: Iterable[str], videos: Videos) -> list[str]:
    """What cannot be read, without where on this machine it is."""
    folders = [*videos.roots, *map(_about, videos.places())]
    return [_text(without_folders(sentence, folders)) for sentence in sentences]


def without_folders(text: str, folders: Iterable[str]) -> str:
    """The text with the name of each of these folders in place of its path."""
    names = {}
    for folder in folders:
        whole = absolute(folder)
        names[whole] = names[folder.rstrip("/")] = os.path.basename(whole)  # noqa: PTH119
    for path in sorted(names.keys() - {"", "/", "."}, key=len, reverse=True):
        # Where it is the path of a folder, and not a part of a longer word.
        alone = rf"(?<![\w/.]){re.escape(path)}(?![\w.-])"
        text = re.sub(alone, names[path].replace("\\", r"\\"), text)
    return text


def _about(place: Place) -> str:
    """The folder that an index is about, or is in."""
    return place.root or str(place.folder)


def _text(text: str) -> str:
    return os.fsencode(text).decode("utf-8", "backslashreplace")

"""Segments: `{"video_id", "segments": [{"start_time", "end_time", "caption"}]}`.

The form in which training data comes, and in which samples/ keeps its truth; read by
qvtime.evaluation.captioned.
"""

import json
from collections.abc import Sequence
from pathlib import PurePath

from qvtime.report import Report
from qvtime.timeline import Event
from qvtime.timestamps import format_time
from qvtime.video_names import bare_name, name_as_text


def write(reports: Sequence[Report]) -> str:
    """One document a video, several as one a line; `video_id` is the file's bare name."""
    videos = _by_video(reports)
    return _written(videos, indent=2 if len(videos) == 1 else None)


def write_lines(reports: Sequence[Report]) -> str:
    """One object a line, also of a single video."""
    return _written(_by_video(reports), indent=None)


def _by_video(reports: Sequence[Report]) -> dict[str, list[Event]]:
    videos: dict[str, list[Event]] = {}
    for report in reports:
        videos.setdefault(report.path, []).extend(report.events)
    return videos


def _written(videos: dict[str, list[Event]], indent: int | None) -> str:
    return "".join(
        json.dumps(_document(path, events), indent=indent) + "\n" for path, events in videos.items()
    )


def _document(path: str, events: list[Event]) -> dict[str, object]:
    return {
        "video_id": bare_name(name_as_text(PurePath(path).name)),
        "segments": [
            {
                "start_time": _time(event.span.start_ms),
                "end_time": _time(event.span.end_ms),
                "caption": event.caption,
            }
            for event in sorted(events, key=lambda event: event.span)
        ],
    }


def _time(time_ms: int) -> str:
    """`00:03:15` for whole seconds, `00:03:15.250` for others."""
    return format_time(time_ms, decimals=3 if time_ms % 1000 else 0)

"""What an index knows of one video, and the JSON that its timeline's origin is kept as."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from qvtime.frames import VideoInfo
from qvtime.report import Report
from qvtime.store.fingerprint import Fingerprint
from qvtime.timeline import Event, Span


@dataclass(frozen=True, slots=True)
class Record:
    """A video of an index.

    path: as it can be opened. made_with: the choices that shaped its timeline, as JSON. missing:
    its file was gone when it was last looked for. error, hint: why there is no timeline, None
    when there is one. duration_ms: None without a timeline. number: its row.
    """

    number: int
    path: str
    fingerprint: Fingerprint
    made_with: str
    missing: bool
    duration_ms: int | None
    error: str | None
    hint: str | None


def details_of(report: Report) -> str:
    """All of a report but its path, its events and its timings, as JSON."""
    video = None if report.video is None else asdict(report.video)
    return json.dumps(
        {
            "question": report.question,
            "answer": report.answer,
            "model": report.model,
            "video": {key: value for key, value in (video or {}).items() if key != "path"},
            "settings": dict(report.settings),
            "damage": report.damage,
            "looked": [[span.start_ms, span.end_ms] for span in report.looked],
            "granularity_ms": report.granularity_ms,
        },
        allow_nan=False,
    )


def report_from(path: str, details: str, events: tuple[Event, ...]) -> Report:
    """The report again. ValueError, TypeError or KeyError for what `details_of` does not write."""
    kept: Mapping[str, Any] = json.loads(details)
    return Report(
        path=path,
        question=kept["question"],
        answer=kept["answer"],
        events=events,
        model=kept["model"],
        video=VideoInfo(path=path, **kept["video"]) if kept["video"] else None,
        settings=dict(kept["settings"]),
        damage=tuple(kept["damage"]),
        looked=tuple(Span(start_ms, end_ms) for start_ms, end_ms in kept["looked"]),
        granularity_ms=kept["granularity_ms"],
    )

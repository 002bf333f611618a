"""JSON, schema `qvtime/1`: ASCII, integer milliseconds, and the same times for people."""

import base64
import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict

from qvtime.report import Report
from qvtime.timeline import Event, Span
from qvtime.timestamps import format_time

SCHEMA = "qvtime/1"


def write(reports: Sequence[Report]) -> str:
    """One report as an indented document; several as one object a line."""
    if len(reports) == 1:
        return _dump(document(reports[0]), indent=2) + "\n"
    return write_lines(reports)


def write_lines(reports: Sequence[Report]) -> str:
    """One object a line."""
    return "".join(_dump(document(report)) + "\n" for report in reports)


def document(report: Report) -> dict[str, object]:
    """The report as plain values, in the order of docs/formats.md."""
    return {
        "schema": SCHEMA,
        "video": _video(report),
        "question": report.question,
        "answer": report.answer,
        "events": [_event(event) for event in report.events],
        "model": report.model,
        "granularity_ms": report.granularity_ms,
        "looked": [_span(span) for span in report.looked],
        **_skimmed(report),
        **_starts(report),
        "settings": dict(report.settings),
        "damage": list(report.damage),
        "timings_ms": dict(report.timings_ms),
    }


def path_fields(path: str) -> dict[str, object]:
    """A file's path as plain values; a name that is no UTF-8 is given as its bytes too."""
    name = os.fsencode(path)
    fields: dict[str, object] = {"path": name.decode("utf-8", "replace")}
    if fields["path"] != path:
        fields["path_bytes_b64"] = base64.b64encode(name).decode("ascii")
    return fields


def _video(report: Report) -> dict[str, object]:
    video = path_fields(report.path)
    if report.video is not None:
        video |= {key: value for key, value in asdict(report.video).items() if key != "path"}
    return video


def _skimmed(report: Report) -> dict[str, object]:
    """What was seen coarsely; nothing where the video was not skimmed."""
    if not report.skimmed:
        return {}
    return {
        "skimmed": [_span(span) for span in report.skimmed],
        "skimmed_every_ms": report.skimmed_every_ms,
    }


def _starts(report: Report) -> dict[str, object]:
    """The distribution of starts, without moments whose probability rounds to 0."""
    if not report.starts:
        return {}
    shares = ((start_ms, round(share, 4)) for start_ms, share in report.starts)
    return {
        "starts": [
            {"start_ms": start_ms, "probability": share} for start_ms, share in shares if share > 0
        ]
    }


def _span(span: Span) -> dict[str, object]:
    return {
        "start_ms": span.start_ms,
        "end_ms": span.end_ms,
        "start": format_time(span.start_ms, 3),
        "end": format_time(span.end_ms, 3),
    }


def _event(event: Event) -> dict[str, object]:
    score = event.score
    if score is not None:
        score = round(score, 4) if math.isfinite(score) else None  # JSON has no NaN
    return _span(event.span) | {"caption": event.caption, "score": score, "source": event.source}


def _dump(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, indent=indent)

"""The formats that list what happens in one video: captions with spans."""

import re
from collections.abc import Iterator
from typing import Any

from qvtime.errors import UsageError
from qvtime.evaluation import mistakes as kinds
from qvtime.evaluation.entries import Entry
from qvtime.evaluation.intervals import Checker, duration_of
from qvtime.evaluation.records import Record
from qvtime.timestamps import parse_time
from qvtime.video_names import video_name

_CHARADES = re.compile(r"(?P<video>\S+)\s+(?P<start>\S+)\s+(?P<end>\S+?)\s*##(?P<query>.*)")


def read_activitynet(record: Record, where: str, key: str, checker: Checker) -> Iterator[Entry]:
    """ActivityNet Captions: a video's `timestamps` beside `sentences`."""
    times, said = record["timestamps"], record["sentences"]
    if not isinstance(times, list) or not isinstance(said, list) or len(times) != len(said):
        checker.mistakes.add(kinds.OTHER_RECORD, where)
        return
    duration_s = duration_of(record.get("duration"))
    captions = [str(sentence).strip() for sentence in said]
    found = checker.intervals(times, where, duration_s, captions)
    if not checker.lost(times, found, where):
        yield Entry(where, None, video_name(key), "", found, duration_s)


def read_segments(record: Record, where: str, _: str, checker: Checker) -> Iterator[Entry]:
    """`video_id` and `segments`, each `start_time, end_time, caption` (docs/formats.md)."""
    segments = record["segments"]
    if not isinstance(segments, list) or not all(isinstance(one, dict) for one in segments):
        checker.mistakes.add(kinds.OTHER_RECORD, where)
        return
    times = [[_seconds(one.get(end)) for end in ("start_time", "end_time")] for one in segments]
    captions = [str(one.get("caption", "")) for one in segments]
    duration_s = duration_of(record.get("duration"))
    found = checker.intervals(times, where, duration_s, captions)
    if not checker.lost(times, found, where):
        yield Entry(where, None, video_name(str(record["video_id"])), "", found, duration_s)


def _seconds(value: Any) -> Any:
    """Seconds of a written time (`00:03:15`, "2m48s"); numbers stay as they are."""
    if not isinstance(value, str):
        return value
    try:
        return parse_time(value) / 1000
    except UsageError:
        return None


def is_charades(line: Any) -> bool:
    """Whether a line of text is one of Charades-STA's."""
    return isinstance(line, str) and _CHARADES.fullmatch(line) is not None


def read_charades(line: str, where: str, _: str, checker: Checker) -> Iterator[Entry]:
    """Charades-STA: `3MSZA 24.3 30.4##person turn a light on.`, one span a line."""
    match = _CHARADES.fullmatch(line)
    if match is None:
        checker.mistakes.add(kinds.OTHER_RECORD, where)
        return
    raw = [[_float(match["start"]), _float(match["end"])]]
    found = checker.intervals(raw, where)
    if not checker.lost(raw, found, where):
        yield Entry(where, None, video_name(match["video"]), match["query"], found)


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

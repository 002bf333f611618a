"""What both subtitle formats share: which cues there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from qvtime.errors import UsageError
from qvtime.plain_text import one_line
from qvtime.report import Report

SHORTEST_CUE_MS = 100
"""A shorter cue falls between two pictures of many players and is never seen."""

NO_CAPTION = "(event)"


@dataclass(frozen=True, slots=True, order=True)
class Cue:
    """One subtitle; `text` is one line without control characters, never empty."""

    start_ms: int
    end_ms: int
    text: str


def cues(reports: Sequence[Report], format_name: str) -> list[Cue]:
    """The events of all reports in order of time, each once.

    UsageError when they are about several videos: one file of subtitles is for one.
    """
    if len({report.path for report in reports}) > 1:
        raise UsageError(
            f"{format_name} holds the events of one video, and these are of several",
            hint="use --format jsonl, or ask about one video at a time",
        )
    made = {
        Cue(
            event.span.start_ms,
            max(event.span.end_ms, event.span.start_ms + SHORTEST_CUE_MS),
            one_line(event.caption) or NO_CAPTION,
        )
        for report in reports
        for event in report.events
    }
    return sorted(made)

"""What both subtitle formats share: which cues there are, and text that stays on one line."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from qvtime.errors import UsageError
from qvtime.report import Report

SHORTEST_CUE_MS = 100
"""A shorter cue falls between two pictures of many players and is never seen."""

NO_CAPTION = "(event)"
_BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True, order=True)
class Cue:
    """One subtitle; `text` is one line without control characters, never empty."""

    start_ms: int
    end_ms: int
    text: str


def one_line(text: str) -> str:
    """The text on one line: runs of blanks and line ends are one space, controls are gone.

    Marks that turn the direction of writing are gone too; letters of any script stay.
    """
    kept = (c for c in _BIDI_CONTROLS.sub("", text) if not _is_control(c))
    return " ".join("".join(kept).split())


def _is_control(character: str) -> bool:
    category = unicodedata.category(character)
    return category == "Cs" or (category == "Cc" and not character.isspace())


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

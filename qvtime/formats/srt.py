"""SubRip. Our own writer: the libraries drop, clamp or misread cues that a model can produce."""

import re
from collections.abc import Sequence

from qvtime.formats.cue import cues
from qvtime.report import Report
from qvtime.subtitles import SRT_MARK
from qvtime.timestamps import format_time

# SubRip has no escapes: what players take for markup becomes a character that looks like it.
_LOOKALIKES = str.maketrans({"<": "‹", ">": "›", "{": "｛", "}": "｝", "\\": "＼"})
# pysubs2 takes any line with two of these for the line of times, arrow or not.
_TIMES = re.compile(r"(?<=\d):(?=\d{1,2}:\d)")


def write(reports: Sequence[Report]) -> str:
    """A cue for each event, in order of time; one line of text each; hours may pass 99.

    The first cue's number has zeros before it: SubRip has no comments, and a file that qvtime
    wrote must be told from a video's subtitles.
    """
    blocks = (
        f"{number if number > 1 else SRT_MARK}\n"
        f"{_time(cue.start_ms)} --> {_time(cue.end_ms)}\n{escape(cue.text)}\n"
        for number, cue in enumerate(cues(reports, "srt"), 1)
    )
    return "\n".join(blocks)


def escape(line: str) -> str:
    """The line so that no player finds markup, an arrow, or the times of a cue in it."""
    return _TIMES.sub("\u2236", line.replace("-->", "→")).translate(_LOOKALIKES)


def _time(time_ms: int) -> str:
    return format_time(time_ms, decimals=3).replace(".", ",")

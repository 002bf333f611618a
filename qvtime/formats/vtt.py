"""WebVTT (https://www.w3.org/TR/webvtt1/), written by hand for the reasons given in `srt`."""

from collections.abc import Sequence

from qvtime.formats.cue import cues
from qvtime.report import Report
from qvtime.subtitles import VTT_MARK
from qvtime.timestamps import format_time


def write(reports: Sequence[Report]) -> str:
    """A cue for each event, in order of time; one line of text each; hours may pass 99."""
    blocks = ["WEBVTT\n", f"{VTT_MARK}\n"]
    for number, cue in enumerate(cues(reports, "vtt"), 1):
        start, end = format_time(cue.start_ms, 3), format_time(cue.end_ms, 3)
        blocks.append(f"{number}\n{start} --> {end}\n{escape(cue.text)}\n")
    return "\n".join(blocks)


def escape(line: str) -> str:
    """The line with WebVTT's character references, so that it holds no tag and no arrow."""
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

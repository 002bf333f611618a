"""What is said in the subtitles of tests."""

from qvtime.subtitles import Cue, Subtitles

Said = list[tuple[int, int, str]]


def said(found: "Subtitles | list[Cue]") -> Said:
    return [(cue.span.start_ms, cue.span.end_ms, cue.text) for cue in found]

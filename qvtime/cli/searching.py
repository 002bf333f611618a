"""`qvtime locate --index`: the event of the command line, and what an index alone says of it."""

import os
from collections.abc import Sequence

from qvtime.cli.output import Output
from qvtime.errors import UsageError
from qvtime.tasks.search import search_reports

TOP_K = 20
"""How many events of an index are taken where `--top-k` says nothing."""

NOTHING_FOUND = 1


def event_of(arguments: Sequence[str], files_from: str | None, narrowed: bool) -> str:
    """The event of a command line that names an index in place of videos. UsageError for what
    does not go with an index."""
    if len(arguments) > 1 or files_from is not None:
        raise UsageError("--index finds the videos itself", "name no others, only the event")
    if narrowed:
        raise UsageError("--plan and --within are about videos, not about an --index")
    return os.fsencode(arguments[0]).decode("utf-8", "replace")


def print_found(folder: str, event: str, top_k: int | None, output: Output) -> int:
    """Hand on what the index has, the best video first; the exit code: 0, or 1 for nothing."""
    reports = search_reports(folder, event, top_k or TOP_K)
    for report in reports:
        output.spare(report.path)
    for report in reports:
        output.add(report)
    output.finish()
    return 0 if reports else NOTHING_FOUND

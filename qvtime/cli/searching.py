"""`qvtime locate --index`: the event of the command line, and what an index alone says of it."""

import os
from collections.abc import Sequence

from qvtime.cli.output import Output
from qvtime.cli.settings import check_subtitles
from qvtime.cli.streams import say
from qvtime.errors import UsageError, VideoError
from qvtime.settings import Settings
from qvtime.tasks.plan import check_question
from qvtime.tasks.search import refuse_links, search_reports

TOP_K = 20
"""How many events of an index are taken where `--top-k` says nothing."""

NOTHING_FOUND = 1


def event_of(
    folder: str,
    arguments: Sequence[str],
    files_from: str | None,
    narrowed: bool,
    settings: Settings,
) -> str:
    """The event of a command line that names an index in place of videos. UsageError for what
    does not go with an index."""
    if len(arguments) > 1 or files_from is not None:
        raise UsageError("--index finds the videos itself", "name no others, only the event")
    if narrowed:
        raise UsageError("--plan and --within are about videos, not about an --index")
    if not folder:
        raise UsageError("--index is empty", "name the folder of an index")
    check_subtitles(settings, several=True)
    event = os.fsencode(arguments[0]).decode("utf-8", "replace")
    check_question(event, settings)
    return event


def print_found(
    folder: str, event: str, top_k: int | None, min_score: float | None, output: Output
) -> int:
    """Hand on what the index has, the best video first; the exit code: 0, 1 for nothing,
    or 3 when a video may not be looked into."""
    reports = search_reports(folder, event, top_k or TOP_K, min_score or 0.0)
    for report in reports:
        output.spare(report.path)
    failed = False
    for report in reports:
        try:
            refuse_links(folder, report.path)
        except VideoError as error:
            say(error.message, error.hint)
            failed = True
        else:
            output.add(report)
    output.finish(empty_is_an_answer=not failed)
    if failed:
        return VideoError.exit_code
    return 0 if reports else NOTHING_FOUND

"""CSV (RFC 4180 with plain newlines): one row an event, text in quotes, numbers not."""

import csv
import io
from collections.abc import Sequence

from qvtime.report import Report
from qvtime.timestamps import format_time

COLUMNS = ("path", "question", "start_ms", "end_ms", "start", "end", "caption", "score", "source")


def write(reports: Sequence[Report]) -> str:
    """A header, then a row for each event; a report without events has no row."""
    file = io.StringIO()
    rows = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    rows.writerow(COLUMNS)
    for report in reports:
        for event in report.events:
            times_ms = (event.span.start_ms, event.span.end_ms)
            printed = (format_time(time_ms, 3) for time_ms in times_ms)
            score = "" if event.score is None else round(event.score, 4)
            rows.writerow(
                (
                    report.shown_path,
                    report.question,
                    *times_ms,
                    *printed,
                    event.caption,
                    score,
                    event.source,
                )
            )
    return file.getvalue()

"""What can be made of the spans that were found: clips, and a sheet of pictures."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from qvtime.errors import OutputError, cause_of
from qvtime.report import Report
from qvtime.settings import Limits, Settings
from qvtime.store.files import sweep_abandoned, temporary_name
from qvtime.timeline import Span
from qvtime.timestamps import format_time
from qvtime.video.cut import cut_clip, ending_for
from qvtime.video.worker import open_video

if TYPE_CHECKING:  # OpenCV is loaded only for a sheet
    from qvtime.video.sheet import SheetRow as SheetRow

PICTURES_A_ROW = 6
LONGEST_NAME_BYTES = 255


@dataclass(frozen=True, slots=True)
class Clip:
    """A span that was cut out, and what of the video a player shows of it."""

    path: str
    wanted: Span
    shown: Span


def cut_clips(report: Report, folder: str | os.PathLike[str], limits: Limits) -> list[Clip]:
    """A file in the folder for each event of the report, in its order.

    They are named for the video and the span, `clip_00-02-47.800_00-02-49.300.mp4`. No file is
    ever replaced: the same clip stays as it is, and another one gets a number. Raises OutputError,
    VideoError.
    """
    target = os.fspath(folder)
    try:
        Path(target).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot make the folder {target}: {cause_of(error)}") from error
    sweep_abandoned(Path(target))
    container = report.video.container if report.video is not None else ""
    return [
        _cut(report.path, event.span, target, ending_for(container), limits)
        for event in report.events
    ]


def sheet_rows(report: Report, settings: Settings, most: int) -> "list[SheetRow]":
    """A row for each of the first `most` events: pictures from its start to its end.

    Raises VideoError.
    """
    from qvtime.video.sheet import SheetRow, cell_size

    if not report.events[:most]:
        return []
    rows = []
    with open_video(report.path, settings.decoder, settings.limits) as reader:
        for event in report.events[:most]:
            times_ms = picture_times(event.span)
            score = "" if event.score is None else f"   {event.score:.2f}"
            name = os.path.basename(report.shown_path)  # noqa: PTH119 - a path of any bytes
            start, end = format_time(event.span.start_ms, 3), format_time(event.span.end_ms, 3)
            rows.append(
                SheetRow(
                    f"{name}   {start} - {end}{score}",
                    reader.frames_at(times_ms, cell_size).pixels,
                    times_ms,
                )
            )
    return rows


def draw(rows: "Sequence[SheetRow]") -> bytes:
    """The sheet of these rows, a PNG."""
    from qvtime.video.sheet import draw_sheet

    return draw_sheet(rows)


def picture_times(span: Span) -> tuple[int, ...]:
    """Moments from a span's first to its last, evenly apart."""
    last_ms = span.end_ms - 1
    return tuple(
        span.start_ms + (last_ms - span.start_ms) * place // (PICTURES_A_ROW - 1)
        for place in range(PICTURES_A_ROW)
    )


def clip_name(video_path: str, span: Span, ending: str, number: int = 1) -> str:
    """What a clip is called: the video's name without its ending, and the span."""
    stem = os.fsencode(os.path.splitext(os.path.basename(video_path))[0])  # noqa: PTH119, PTH122
    start, end = (format_time(t, 3).replace(":", "-") for t in (span.start_ms, span.end_ms))
    rest = os.fsencode(f"_{start}_{end}{f'_{number}' if number > 1 else ''}{ending}")
    return os.fsdecode(stem[: LONGEST_NAME_BYTES - len(rest)] + rest)


def _cut(path: str, span: Span, folder: str, ending: str, limits: Limits) -> Clip:
    temporary = f"{folder}/{temporary_name(ending)}"
    try:
        shown = cut_clip(path, span, temporary, limits)
        for number in count(1):
            target = f"{folder}/{clip_name(path, span, ending, number)}"
            with suppress(FileExistsError):
                Path(target).touch(exist_ok=False)  # ours now: nothing else is replaced
                Path(temporary).replace(target)
                break
            if _same(temporary, target):
                break
    except OSError as error:
        raise OutputError(f"cannot write a clip into {folder}: {cause_of(error)}") from error
    finally:
        Path(temporary).unlink(missing_ok=True)
    return Clip(target, span, shown)


def _same(one: str, other: str) -> bool:
    """Whether two files hold the same; a link or a folder is never the same as a file."""
    first, second = Path(one), Path(other)
    if not second.is_file() or first.stat().st_size != second.stat().st_size:
        return False
    with first.open("rb") as left, second.open("rb") as right:
        while piece := left.read(1 << 20):
            if piece != right.read(1 << 20):
                return False
    return True

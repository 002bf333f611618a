"""Reports whose spans are also cut out as files, and drawn: on a sheet, a chart, the terminal."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qvtime.cli.output import Output, check_distinct, check_writable, is_same_file
from qvtime.cli.streams import say
from qvtime.drawing.picture import check_ending, encode_picture
from qvtime.drawing.timeline_chart import draw_timelines
from qvtime.errors import OutputError, UsageError, VideoError
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.store.files import write_atomically
from qvtime.tasks.clips import cut_clips, draw, sheet_rows
from qvtime.timestamps import format_time

if TYPE_CHECKING:  # OpenCV is loaded only for a sheet
    from qvtime.tasks.clips import SheetRow

EARLY_MS = 100
"""Less than this is the picture that was on screen when the span began."""

MOST_ROWS = 100
"""A sheet of more is 16,000 px high, and a viewer may not show it."""
MOST_CHARTS = 60
"""The same for charts."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What is made of the spans besides the report: clips in a folder, a sheet of pictures, a
    chart, and pictures on the terminal. UsageError for a file that can be none of these."""

    clips: Path | None = None
    sheet: Path | None = None
    plot: Path | None = None
    frames: bool = False

    def __post_init__(self) -> None:
        if self.sheet is not None and self.sheet.suffix.lower() != ".png":
            raise UsageError(f"--sheet cannot be {self.sheet}", "name a file that ends with .png")
        if self.plot is not None:
            check_ending(self.plot, "--plot")
        for file in self.files:
            check_writable(file)
        if self.clips is not None:
            _check_folder(self.clips)

    def refuse(self, option: str) -> None:
        """UsageError when anything is wished for beside an option that makes none of it."""
        wishes: dict[str, Path | bool | None] = {"--clips": self.clips, "--sheet": self.sheet}
        wishes |= {"--plot": self.plot, "--frames": self.frames}
        for name, wish in wishes.items():
            if wish:
                raise UsageError(f"{option} makes no {name}", "leave one of the two out")

    @property
    def files(self) -> list[Path]:
        """What is written over."""
        return [file for file in (self.sheet, self.plot) if file is not None]


class ClipOutput(Output):
    """An output that also makes what `Extras` names.

    failed: how many videos could not be cut or drawn; each has been said, and stops no other.
    """

    def __init__(
        self,
        format_name: str | None,
        file: Path | None,
        several: bool,
        extras: Extras,
        settings: Settings,
        quiet: bool,
    ) -> None:
        super().__init__(format_name, file, several=several, draws=True)
        check_distinct(self._file, *extras.files, extras.clips)
        self._extras, self._settings, self._quiet = extras, settings, quiet
        self.spare(settings.subtitles, "subtitles")
        self._rows: list[SheetRow] = []
        self._charts: list[Report] = []
        self._left_out = self._spans = 0
        self.failed = 0
        if extras.frames and not (self.is_seen and sys.stdout.isatty()) and not quiet:
            say("--frames shows pictures in text on a terminal, and this is none")

    def spare(self, file: str, is_the: str = "video") -> None:
        """OutputError when writing would replace this file, which is read."""
        super().spare(file, is_the)
        for written in self._extras.files:
            if is_same_file(written, file):
                raise OutputError(f"cannot write {written}: it is the {is_the}", "name another")

    def add(self, report: Report) -> None:
        """Take a report, print it if its format can wait, and make what is wanted of it."""
        try:
            super().add(report)
            if self._extras.clips is not None and report.events:
                self._cut(report, self._extras.clips)
            if self._extras.sheet is not None:
                rows = sheet_rows(report, self._settings, MOST_ROWS - len(self._rows))
                self._rows += rows
                self._left_out += len(report.events) - len(rows)
        except VideoError as error:
            self.failed += 1
            say(error.message, error.hint)
        if self._extras.plot is not None:
            self._spans += len(report.events)
            if len(self._charts) < MOST_CHARTS:
                self._charts.append(report)

    def show(self, report: Report) -> None:
        """Print a report on the terminal that stdout is, with pictures if they are wanted."""
        super().show(report)
        if self._extras.frames and report.events:
            from qvtime.cli.frames_look import show_frames

            show_frames(report, self._settings)

    def write(self) -> None:
        """Print or write what has waited, the sheet and the chart."""
        super().write()
        sheet, plot = self._extras.sheet, self._extras.plot
        if sheet is not None and (self._rows or not self.failed):
            write_atomically(sheet, draw(self._rows))
            if self._left_out:
                say(f"{sheet}: shows {len(self._rows)} spans; {self._left_out} have no room")
        if plot is not None:
            write_atomically(plot, encode_picture(draw_timelines(self._charts), plot))
            drawn = sum(len(report.events) for report in self._charts)
            if drawn < self._spans:
                say(f"{plot}: shows {drawn} spans; {self._spans - drawn} have no room")

    def _cut(self, report: Report, folder: Path) -> None:
        for clip in cut_clips(report, folder, self._settings.limits):
            early_ms = clip.wanted.start_ms - clip.shown.start_ms
            if early_ms >= EARLY_MS and not self._quiet:
                start = format_time(clip.shown.start_ms, 3)
                say(f"{clip.path}: begins {early_ms / 1000:g} s early, at a keyframe ({start})")


def _check_folder(folder: Path) -> None:
    """OutputError now when no clip can be made in this folder, which need not be there yet."""
    there = Path(os.path.realpath(folder))
    while not os.path.lexists(there):
        there = there.parent
    if not there.is_dir():
        raise OutputError(f"cannot make clips in {folder}: {there} is not a folder", "name another")
    if not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(
            f"cannot make clips in {folder}: permission denied", "name another folder"
        )

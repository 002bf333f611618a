"""Reports whose spans are also cut out as files, and drawn on a sheet."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qvtime.cli.output import Output, check_writable, is_same_file
from qvtime.cli.streams import say
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


class ClipOutput(Output):
    """An output that also makes clips in a folder and a sheet of pictures, where one is wanted.

    failed: how many videos could not be cut or drawn; each has been said, and stops no other.
    """

    def __init__(
        self,
        format_name: str | None,
        file: Path | None,
        several: bool,
        clips: Path | None,
        sheet: Path | None,
        settings: Settings,
        quiet: bool,
    ) -> None:
        super().__init__(format_name, file, several=several, draws=True)
        if sheet is not None:
            if sheet.suffix.lower() != ".png":
                raise UsageError(f"--sheet cannot be {sheet}", "name a file that ends with .png")
            check_writable(sheet)
        if clips is not None:
            _check_folder(clips)
        self._clips, self._sheet, self._settings = clips, sheet, settings
        self.spare(settings.subtitles, "subtitles")
        self._quiet = quiet
        self._rows: list[SheetRow] = []
        self._left_out = 0
        self.failed = 0

    def spare(self, file: str, is_the: str = "video") -> None:
        """OutputError when writing would replace this file, which is read."""
        super().spare(file, is_the)
        if self._sheet is not None and is_same_file(self._sheet, file):
            raise OutputError(
                f"cannot write {self._sheet}: it is the {is_the}", "name another file"
            )

    def add(self, report: Report) -> None:
        """Take a report, print it if its format can wait, and make what is wanted of it."""
        super().add(report)
        try:
            if self._clips is not None and report.events:
                self._cut(report, self._clips)
            if self._sheet is not None:
                rows = sheet_rows(report, self._settings, MOST_ROWS - len(self._rows))
                self._rows += rows
                self._left_out += len(report.events) - len(rows)
        except VideoError as error:
            self.failed += 1
            say(error.message, error.hint)

    def finish(self) -> None:
        """Print or write what has waited, and the sheet."""
        super().finish()
        if self._sheet is None:
            return
        write_atomically(self._sheet, draw(self._rows))
        if self._left_out:
            say(f"{self._sheet}: shows {len(self._rows)} spans; {self._left_out} have no room")

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

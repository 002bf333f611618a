"""Small pictures of what was found, on the terminal: a row for each span, with their times."""

import numpy as np
from rich.console import Console
from rich.text import Text

from qvtime.cli.graphics import print_picture
from qvtime.cli.terminal import choose_graphics
from qvtime.frames import Pixels
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.tasks.clips import sheet_rows
from qvtime.timestamps import format_time

MOST_SPANS = 9
LEAST_COLUMNS, MOST_COLUMNS = 18, 26
"""How many cells a picture is wide."""
CELL_ASPECT = 2
"""A cell is so many times as high as wide."""
GAP_SHADE = 0


def show_frames(report: Report, settings: Settings) -> None:
    """Print pictures of the first spans, from start to end. Raises UsageError, VideoError."""
    console = Console(highlight=False)
    graphics = choose_graphics()
    for rank, row in enumerate(sheet_rows(report, settings, MOST_SPANS), 1):
        count = max(1, min(len(row.times_ms), (console.width + 1) // (LEAST_COLUMNS + 1)))
        chosen = [round(place) for place in np.linspace(0, len(row.times_ms) - 1, count)]
        columns = min(MOST_COLUMNS, (console.width - count + 1) // count)
        if columns < 1:
            return
        height_px, width_px = row.pixels.shape[1:3]
        rows = max(1, round(columns * height_px / width_px / CELL_ASPECT))
        picture = _side_by_side(row.pixels[chosen], columns)
        console.print()
        print_picture(console, picture, count * (columns + 1) - 1, rows, graphics)
        times = [format_time(row.times_ms[place]) for place in chosen]
        if len(report.events) > 1:
            times[0] = f"{rank}  {times[0]}"
        console.print(Text(" ".join(time.ljust(columns)[:columns] for time in times), "dim"))


def _side_by_side(pixels: Pixels, columns: int) -> Pixels:
    """Pictures [N, H, W, 3] as one, with a cell's width between them."""
    count, height, width = pixels.shape[:3]
    gap = max(1, round(width / columns))
    row = np.full((height, count * (width + gap) - gap, 3), GAP_SHADE, np.uint8)
    for place, picture in enumerate(pixels):
        row[:, place * (width + gap) :][:, :width] = picture
    return row

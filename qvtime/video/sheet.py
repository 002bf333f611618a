"""A contact sheet: a row of pictures for each span, every picture with its time drawn on it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from qvtime.frames import Pixels
from qvtime.timestamps import format_time

CELL_WIDTH_PX, CELL_HEIGHT_PX = 224, 126
MARGIN_PX = 8
LABEL_PX = 26
BACKGROUND = (24, 24, 24)
INK = (235, 235, 235)
FONT, FONT_SIZE = cv2.FONT_HERSHEY_SIMPLEX, 0.5


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A span's label, and its pictures: uint8 RGB [N, H, W, 3], each no larger than a cell."""

    label: str
    pixels: Pixels
    times_ms: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.pixels) != len(self.times_ms):
            raise ValueError(f"{len(self.pixels)} pictures for {len(self.times_ms)} times")
        if self.pixels.shape[1] > CELL_HEIGHT_PX or self.pixels.shape[2] > CELL_WIDTH_PX:
            raise ValueError(f"pictures of {self.pixels.shape[1:3]} px are larger than a cell")


def cell_size(width_px: int, height_px: int) -> tuple[int, int]:
    """The (width, height) at which a video's picture fills a cell, its shape kept."""
    scale = min(CELL_WIDTH_PX / width_px, CELL_HEIGHT_PX / height_px)
    return max(1, round(width_px * scale)), max(1, round(height_px * scale))


def draw_sheet(rows: Sequence[SheetRow]) -> bytes:
    """The sheet as a PNG; without rows it is one empty line."""
    columns = max((len(row.times_ms) for row in rows), default=1)
    width = columns * (CELL_WIDTH_PX + MARGIN_PX) + MARGIN_PX
    height = max(1, len(rows)) * (LABEL_PX + CELL_HEIGHT_PX + MARGIN_PX) + MARGIN_PX
    sheet: Pixels = np.full((height, width, 3), BACKGROUND, np.uint8)
    top = MARGIN_PX
    for row in rows:
        _write(sheet, row.label, MARGIN_PX, top + LABEL_PX - 9)
        for column, (picture, time_ms) in enumerate(zip(row.pixels, row.times_ms, strict=True)):
            left = MARGIN_PX + column * (CELL_WIDTH_PX + MARGIN_PX)
            cell = sheet[top + LABEL_PX :][:CELL_HEIGHT_PX, left : left + CELL_WIDTH_PX]
            _fill(cell, picture, format_time(time_ms, 3))
        top += LABEL_PX + CELL_HEIGHT_PX + MARGIN_PX
    drawn, png = cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    if not drawn:
        raise ValueError(f"no PNG of {width}x{height} px")
    return png.tobytes()


def _fill(cell: Pixels, picture: Pixels, text: str) -> None:
    """Put a picture in the middle of its cell, and the words on a dark strip below it."""
    height, width = picture.shape[:2]
    top, left = (CELL_HEIGHT_PX - height) // 2, (CELL_WIDTH_PX - width) // 2
    cell[top : top + height, left : left + width] = picture
    (text_width, text_height), _ = cv2.getTextSize(text, FONT, FONT_SIZE, 1)
    strip = cell[CELL_HEIGHT_PX - text_height - 10 :, : text_width + 10]
    strip[:] = strip // 4
    _write(cell, text, 5, CELL_HEIGHT_PX - 6)


def _write(pixels: Pixels, text: str, left: int, baseline: int) -> None:
    # OpenCV wants memory in one piece.
    copy = np.ascontiguousarray(pixels)
    cv2.putText(copy, text, (left, baseline), FONT, FONT_SIZE, INK, 1, cv2.LINE_AA)
    pixels[:] = copy

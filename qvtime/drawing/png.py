"""A sheet painted as PNG with OpenCV, whose fonts have Latin and Chinese letters."""

import cv2
import numpy as np
import numpy.typing as npt

from qvtime.drawing.shapes import PAPER, Box, Line, Point, Shape, Sheet, Words
from qvtime.frames import Pixels

SCALE = 2
"""Pixels of the picture for one of the sheet: sharp on today's screens and in print."""
SHIFT = 4
"""OpenCV's points are fixed-point numbers with so many bits behind the point."""
REGULAR, BOLD = 400, 600
"""Weights of the font."""


def paint_png(sheet: Sheet) -> bytes:
    """The picture as a PNG of `SCALE` times the sheet's size."""
    shape = (sheet.height * SCALE, sheet.width * SCALE, 3)
    pixels: Pixels = np.full(shape, _colour(PAPER), np.uint8)
    font = cv2.FontFace("sans")
    for one in sheet.shapes:
        pixels = _paint(pixels, one, font)
    drawn, png = cv2.imencode(".png", pixels)
    if not drawn:
        raise ValueError(f"no PNG of {sheet.width}x{sheet.height}")
    return png.tobytes()


def text_width(text: str, size: float, bold: bool = False) -> float:
    """How wide a line of text is on a sheet, in its pixels."""
    return _width(text, size, bold, cv2.FontFace("sans")) / SCALE


def _paint(pixels: Pixels, shape: Shape, font: cv2.FontFace) -> Pixels:
    if isinstance(shape, Words):
        return _write(pixels, shape, font)
    if isinstance(shape, Line):
        points = [_fixed(shape.points)]
        width = max(1, round(shape.width * SCALE))
        cv2.polylines(pixels, points, False, _colour(shape.colour), width, cv2.LINE_AA, SHIFT)
        return pixels
    if isinstance(shape, Box):
        _fill(pixels, shape)
        return pixels
    filled = pixels if shape.opacity == 1 else pixels.copy()
    cv2.fillPoly(filled, [_fixed(shape.points)], _colour(shape.fill), cv2.LINE_AA, SHIFT)
    if shape.opacity != 1:
        cv2.addWeighted(filled, shape.opacity, pixels, 1 - shape.opacity, 0, pixels)
    return pixels


def _fill(pixels: Pixels, box: Box) -> None:
    """Fill a box, its edges on whole pixels: sharp ones."""
    left, right = (round(SCALE * x) for x in (box.left, box.left + box.width))
    top, bottom = (round(SCALE * y) for y in (box.top, box.top + box.height))
    inside = pixels[max(0, top) : bottom, max(0, left) : right]
    mixed = box.opacity * np.array(_colour(box.fill)) + (1 - box.opacity) * inside
    inside[:] = np.rint(mixed).astype(np.uint8)


def _write(pixels: Pixels, words: Words, font: cv2.FontFace) -> Pixels:
    x, y = words.at
    if words.anchor != "start":
        width = _width(words.text, words.size, words.bold, font) / SCALE
        x -= width / 2 if words.anchor == "middle" else width
    where = (round(x * SCALE), round(y * SCALE))
    weight = BOLD if words.bold else REGULAR
    size = round(words.size * SCALE)
    cv2.putText(pixels, words.text, where, _colour(words.colour), font, size, weight)
    return pixels


def _width(text: str, size: float, bold: bool, font: cv2.FontFace) -> int:
    weight = BOLD if bold else REGULAR
    box = cv2.getTextSize((1 << 15, 1 << 15), text, (0, 0), font, round(size * SCALE), weight)
    return int(box[0] + box[2])


def _fixed(points: tuple[Point, ...]) -> npt.NDArray[np.int32]:
    fixed: npt.NDArray[np.int32] = np.rint(np.array(points) * (SCALE << SHIFT)).astype(np.int32)
    return fixed


def _colour(hexadecimal: str) -> tuple[int, int, int]:
    """`#rrggbb` as OpenCV's blue, green, red."""
    red, green, blue = (int(hexadecimal[at : at + 2], 16) for at in (1, 3, 5))
    return blue, green, red

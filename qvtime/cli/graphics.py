"""Pictures on a terminal, by the protocols that terminals have."""

import base64
import io
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image
from rich.color import Color
from rich.console import Console
from rich.segment import Segment
from rich.style import Style

from qvtime.cli.terminal import Graphics, cell_size_px
from qvtime.frames import Pixels

_KITTY_CHUNK = 4096
"""Longest piece of data in one command: kitty's graphics protocol."""
_SIXEL_COLOURS = 256
_SIXEL_ROWS = 6
SHADES = " ░▒▓█"
ASCII_SHADES = " .:*#"
_LUMA = np.array([0.299, 0.587, 0.114])


def print_picture(
    console: Console, pixels: Pixels, columns: int, rows: int, graphics: Graphics
) -> None:
    """Print a picture that fills so many cells of the terminal, and end the line below it."""
    if graphics == "blocks":
        for row in half_blocks(console, _resized(pixels, columns, 2 * rows)):
            console.print(row, end="")
        return
    if graphics == "sixel":
        width_px, height_px = cell_size_px()
        data = sixel(_resized(pixels, columns * width_px, rows * height_px))
    else:
        write = kitty if graphics == "kitty" else iterm2
        data = write(pixels, columns, rows)
    console.file.write(data + "\n")
    console.file.flush()


def kitty(pixels: Pixels, columns: int, rows: int) -> str:
    """The picture by kitty's protocol (sw.kovidgoyal.net/kitty/graphics-protocol), as PNG."""
    data = base64.b64encode(_png(pixels)).decode()
    pieces = [data[at : at + _KITTY_CHUNK] for at in range(0, len(data), _KITTY_CHUNK)]
    written = ""
    for place, piece in enumerate(pieces):
        more = int(place < len(pieces) - 1)
        first = f"a=T,f=100,q=2,c={columns},r={rows}," if place == 0 else ""
        written += f"\x1b_G{first}m={more};{piece}\x1b\\"
    return written


def iterm2(pixels: Pixels, columns: int, rows: int) -> str:
    """The picture by iTerm2's protocol (iterm2.com/documentation-images.html), as PNG."""
    png = _png(pixels)
    size = f"size={len(png)};width={columns};height={rows};preserveAspectRatio=0"
    return f"\x1b]1337;File=inline=1;{size}:{base64.b64encode(png).decode()}\a"


def sixel(pixels: Pixels) -> str:
    """The picture as DEC sixels: six rows at a time, a colour after the other."""
    height, width = pixels.shape[:2]
    image = Image.fromarray(pixels).quantize(_SIXEL_COLOURS)
    palette = np.array(image.getpalette() or [], np.uint8).reshape(-1, 3)
    colours = np.asarray(image)
    written = f'\x1bP0;1q"1;1;{width};{height}'
    for number, (red, green, blue) in enumerate(palette.astype(int) * 100 // 255):
        written += f"#{number};2;{red};{green};{blue}"
    bits = 1 << np.arange(_SIXEL_ROWS)
    for top in range(0, height, _SIXEL_ROWS):
        band = colours[top : top + _SIXEL_ROWS]
        lines = []
        for number in np.unique(band):
            column_bits = ((band == number) * bits[: len(band), None]).sum(axis=0)
            lines.append(f"#{number}{_run_lengths(column_bits)}")
        written += "$".join(lines) + "-"
    return written + "\x1b\\"


def half_blocks(console: Console, pixels: Pixels) -> Iterator["_Row"]:
    """The picture's rows, two to a row of cells: in colour, or as shades where there is none."""
    if console.no_color or console.color_system is None:
        shades = ASCII_SHADES if console.options.ascii_only else SHADES
        luma = (pixels[0::2].astype(float) + pixels[1::2]) @ _LUMA / 510
        levels = np.minimum((luma * len(shades)).astype(int), len(shades) - 1)
        for row in levels:
            yield _Row([Segment("".join(shades[level] for level in row))])
        return
    for upper, lower in zip(pixels[0::2], pixels[1::2], strict=True):
        yield _Row(
            [
                Segment("▀", Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below)))
                for above, below in zip(upper.tolist(), lower.tolist(), strict=True)
            ]
        )


class _Row:
    """Cells that rich prints as they are."""

    def __init__(self, segments: list[Segment]) -> None:
        self.segments = segments

    def __rich_console__(self, console: Console, _options: object) -> Iterator[Segment]:
        yield from self.segments
        yield Segment.line()


def _run_lengths(bits: npt.NDArray[np.int64]) -> str:
    """Columns as sixel characters; repeated ones as `!count` and the character."""
    ends = np.flatnonzero(np.diff(bits)) + 1
    written = ""
    for run in np.split(bits, ends):
        sign = chr(63 + int(run[0]))
        written += f"!{len(run)}{sign}" if len(run) > 3 else sign * len(run)
    return written


def _png(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _resized(pixels: Pixels, width: int, height: int) -> Pixels:
    image = Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX)
    return np.asarray(image)

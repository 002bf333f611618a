"""Which kind of picture a file's name asks for, and a sheet as that."""

from pathlib import Path

from qvtime.drawing.shapes import Sheet
from qvtime.drawing.svg import write_svg
from qvtime.errors import UsageError

ENDINGS = (".png", ".svg")


def check_ending(file: Path, option: str) -> None:
    """UsageError when the name says no kind of picture."""
    if file.suffix.lower() not in ENDINGS:
        raise UsageError(f"{option} cannot be {file}", "name a file that ends with .png or .svg")


def encode_picture(sheet: Sheet, file: Path) -> bytes:
    """The sheet in the kind of picture that the file's name asks for."""
    if file.suffix.lower() == ".svg":
        return write_svg(sheet)
    from qvtime.drawing.png import paint_png  # OpenCV is loaded only for it

    return paint_png(sheet)

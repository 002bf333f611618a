"""Contact sheets: every picture in its place, with its time on it, whatever its shape."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.video.sheet import (
    BACKGROUND,
    CELL_HEIGHT_PX,
    CELL_WIDTH_PX,
    INK,
    LABEL_PX,
    MARGIN_PX,
    SheetRow,
    cell_size,
    draw_sheet,
)

Pixels = npt.NDArray[np.uint8]
COLOURS = ((200, 30, 30), (30, 200, 30), (30, 30, 200))


def row(size: tuple[int, int], label: str = "clip.mp4", count: int = 3) -> SheetRow:
    """Pictures of one colour each."""
    width, height = cell_size(*size)
    pixels = np.stack([np.full((height, width, 3), COLOURS[n % 3], np.uint8) for n in range(count)])
    return SheetRow(label, pixels, tuple(1000 * n + 250 for n in range(count)))


def read(png: bytes) -> Pixels:
    decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB).astype(np.uint8)


def cell(sheet: Pixels, line: int, column: int) -> Pixels:
    top = MARGIN_PX + line * (LABEL_PX + CELL_HEIGHT_PX + MARGIN_PX) + LABEL_PX
    left = MARGIN_PX + column * (CELL_WIDTH_PX + MARGIN_PX)
    return sheet[top : top + CELL_HEIGHT_PX, left : left + CELL_WIDTH_PX]


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (64, 64), (4000, 3), (3, 4000)])
def test_every_picture_is_in_its_cell(size: tuple[int, int]) -> None:
    sheet = read(draw_sheet([row(size), row(size, "other.mp4", 2)]))
    for line, columns in ((0, 3), (1, 2)):
        for column in range(columns):
            middle = cell(sheet, line, column)[(CELL_HEIGHT_PX - 1) // 2, (CELL_WIDTH_PX - 1) // 2]
            assert tuple(middle) == COLOURS[column]
    assert (cell(sheet, 1, 2) == BACKGROUND).all()


def test_times_are_drawn_on_the_pictures_and_differ() -> None:
    rows = [row((1920, 1080))]
    strips = [cell(read(draw_sheet(rows)), 0, n)[-20:, :110] for n in range(3)]
    inked = [(strip.min(axis=2) > 180) for strip in strips]
    assert all(20 < ink.sum() < ink.size // 2 for ink in inked)
    assert not (inked[0] == inked[1]).all()
    assert not (inked[1] == inked[2]).all()


def test_labels_of_any_text_are_drawn() -> None:
    plain = read(draw_sheet([row((64, 64), "")]))
    for label in ("clip.mp4  0.93", "冰箱.mp4", "nul\x00 \x1b[0m \\xff", "x" * 2000):
        assert read(draw_sheet([row((64, 64), label)])).shape == plain.shape
    labelled = read(draw_sheet([row((64, 64), "clip.mp4")]))
    assert (labelled[:LABEL_PX].max(axis=2) > INK[0] - 60).sum() > 20


def test_no_rows_are_an_empty_sheet() -> None:
    assert (read(draw_sheet([])) == BACKGROUND).all()


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_a_picture_fills_its_cell(width: int, height: int) -> None:
    fitted = cell_size(width, height)
    assert 1 <= fitted[0] <= CELL_WIDTH_PX
    assert 1 <= fitted[1] <= CELL_HEIGHT_PX
    assert fitted[0] == CELL_WIDTH_PX or fitted[1] == CELL_HEIGHT_PX


def test_pictures_must_fit_and_have_times() -> None:
    with pytest.raises(ValueError, match="larger than a cell"):
        SheetRow("", np.zeros((1, CELL_HEIGHT_PX + 1, 9, 3), np.uint8), (0,))
    with pytest.raises(ValueError, match="1 pictures for 2 times"):
        SheetRow("", np.zeros((1, 9, 9, 3), np.uint8), (0, 1))

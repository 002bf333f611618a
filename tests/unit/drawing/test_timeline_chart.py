"""Charts: each span where it is and as high as it scores, in both kinds of picture."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from qvtime.drawing.picture import check_ending, encode_picture
from qvtime.drawing.png import SCALE
from qvtime.drawing.shapes import GREEN, RED, VIOLET, Box, Sheet, Words
from qvtime.drawing.timeline_chart import WIDTH_PX, draw_timelines
from qvtime.errors import UsageError
from qvtime.frames import VideoInfo
from qvtime.report import Report
from qvtime.timeline import Event, Span

INFO = VideoInfo("clip.mp4", "pyav", "mp4", "h264", 640, 360, 100_000, 0, 0)
SVG = "{http://www.w3.org/2000/svg}"
REPORT = Report(
    "clip <1>.mp4",
    'the "red" circle & 红色\x1b',
    "",
    (
        Event(Span(20_000, 40_000), "x", 0.9),
        Event(Span(60_000, 60_001), "x", 0.25),
        Event(Span(80_000, 90_000), "said", source="subtitle"),
    ),
    "demo",
    video=INFO,
    starts=((0, 0.0), (500, 0.5), (1000, 0.0), (50_000, 0.1), (50_500, 0.0)),
)


def boxes(sheet: Sheet, colour: str) -> list[Box]:
    return [one for one in sheet.shapes if isinstance(one, Box) and one.fill == colour]


def test_bars_are_where_and_as_high_as_the_spans() -> None:
    sheet = draw_timelines([REPORT])
    (sure,), (unsure,), (said,) = (boxes(sheet, colour) for colour in (GREEN, RED, VIOLET))
    plot_px = sure.height / 0.9
    axis_px = (sure.width) * 5
    assert sure.height / unsure.height == pytest.approx(0.9 / 0.25)
    assert sure.top + sure.height == pytest.approx(unsure.top + unsure.height)
    assert unsure.left - sure.left == pytest.approx(0.4 * axis_px)
    assert unsure.width == 3, "a millisecond is seen as well"
    assert said.height < 0.1 * plot_px


def test_a_distribution_falls_to_nothing_where_nothing_was_looked_at() -> None:
    sheet = draw_timelines([REPORT])
    polygon = ET.fromstring(encode_picture(sheet, Path("a.svg"))).find(f"{SVG}polygon")
    assert polygon is not None
    points = [tuple(map(float, one.split(","))) for one in polygon.attrib["points"].split()]
    bottom = max(y for _, y in points)
    assert [y for _, y in points].count(bottom) >= 5
    assert min(y for _, y in points) == pytest.approx(bottom - 75)


def test_svg_is_xml_with_its_words_as_text() -> None:
    root = ET.fromstring(encode_picture(draw_timelines([REPORT]), Path("a.svg")))
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert 'the "red" circle & 红色' in words
    assert any(word and word.startswith("clip <1>.mp4") for word in words)
    assert "http" not in re.sub(r'xmlns="[^"]*"', "", ET.tostring(root, "unicode").split(">", 1)[1])


def pixels_of(sheet: Sheet) -> npt.NDArray[np.uint8]:
    png = np.frombuffer(encode_picture(sheet, Path("a.png")), np.uint8)
    return np.asarray(cv2.imdecode(png, cv2.IMREAD_COLOR_RGB), np.uint8)


def test_png_is_the_same_picture() -> None:
    sheet = Sheet(60, 40, "two boxes")
    sheet.add(Box(10, 10, 20, 5, "#ff0000"), Box(30, 20, 10, 10, "#0000ff", 0.5))
    pixels = pixels_of(sheet)
    assert pixels.shape == (40 * SCALE, 60 * SCALE, 3)
    red = (pixels == (255, 0, 0)).all(axis=-1)
    rows, columns = np.nonzero(red)
    assert (rows.min(), rows.max() + 1) == (10 * SCALE, 15 * SCALE)
    assert (columns.min(), columns.max() + 1) == (10 * SCALE, 30 * SCALE)
    assert tuple(pixels[25 * SCALE, 35 * SCALE]) == pytest.approx((128, 128, 255), abs=1)


@pytest.mark.parametrize("text", ["red", "红色圆圈"])
def test_png_has_letters_of_these_scripts(text: str) -> None:
    widths = {}
    for anchor in ("start", "middle", "end"):
        sheet = Sheet(200, 40, "")
        sheet.add(Words((100, 25), text, 14, "#000000", anchor))
        _, columns = np.nonzero(pixels_of(sheet).min(axis=-1) < 128)
        widths[anchor] = columns / SCALE - 100
    assert widths["start"].min() > -1
    assert widths["end"].max() < 1
    assert abs(widths["middle"].min() + widths["middle"].max()) < 3


def test_many_reports_are_one_sheet_and_none_says_so() -> None:
    sheet = draw_timelines([REPORT] * 3)
    assert (sheet.width, sheet.height) == (WIDTH_PX, 3 * draw_timelines([REPORT]).height)
    empty = draw_timelines([])
    assert any(isinstance(one, Words) and "Nothing" in one.text for one in empty.shapes)


def test_other_endings_are_refused() -> None:
    with pytest.raises(UsageError, match=r"--plot cannot be a\.jpg"):
        check_ending(Path("a.jpg"), "--plot")
    check_ending(Path("A.PNG"), "--plot")

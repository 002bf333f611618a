"""A sheet as SVG: text stays text, nothing is loaded from anywhere."""

from xml.sax.saxutils import escape, quoteattr

from qvtime.drawing.shapes import PAPER, Area, Box, Line, Point, Shape, Sheet, Words

FONTS = "system-ui, 'Segoe UI', 'Helvetica Neue', Arial, 'Noto Sans CJK SC', sans-serif"


def write_svg(sheet: Sheet) -> bytes:
    """The document, UTF-8."""
    title = escape(_allowed(sheet.title))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{sheet.width}" height="{sheet.height}"'
        f' viewBox="0 0 {sheet.width} {sheet.height}" role="img" font-family="{FONTS}">',
        f"<title>{title}</title>",
        f'<rect width="100%" height="100%" fill="{PAPER}"/>',
        *map(_element, sheet.shapes),
        "</svg>",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def _element(shape: Shape) -> str:
    if isinstance(shape, Box):
        where = f'x="{shape.left:.2f}" y="{shape.top:.2f}"'
        size = f'width="{shape.width:.2f}" height="{shape.height:.2f}"'
        return f'<rect {where} {size} fill="{shape.fill}"{_opacity(shape.opacity)}/>'
    if isinstance(shape, Line):
        return (
            f'<polyline points="{_points(shape.points)}" fill="none" stroke="{shape.colour}"'
            f' stroke-width="{shape.width:g}" stroke-linejoin="round"/>'
        )
    if isinstance(shape, Area):
        points = _points(shape.points)
        return f'<polygon points="{points}" fill="{shape.fill}"{_opacity(shape.opacity)}/>'
    return _text(shape)


def _text(words: Words) -> str:
    x, y = words.at
    weight = ' font-weight="600"' if words.bold else ""
    anchor = "" if words.anchor == "start" else f" text-anchor={quoteattr(words.anchor)}"
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" font-size="{words.size:g}" fill="{words.colour}"'
        f"{anchor}{weight}>{escape(_allowed(words.text))}</text>"
    )


def _points(points: tuple[Point, ...]) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in points)


def _opacity(opacity: float) -> str:
    return "" if opacity == 1 else f' fill-opacity="{opacity:g}"'


def _allowed(text: str) -> str:
    """Without what no XML document may hold."""
    return "".join(
        c
        for c in text
        if c in "\t\n"
        or (c >= " " and not "\ud800" <= c <= "\udfff" and c < "\ufffe")
        or c > "\uffff"
    )

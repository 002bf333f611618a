"""How a model writes down when something happens: what stands before, between and after times."""

from dataclasses import dataclass

TIME_OPEN, TIME_CLOSE = "<time>", "</time>"
"""What stands around every time of an answer to a question."""


@dataclass(frozen=True, slots=True)
class SpanForm:
    """The words around the times of an answer.

    openings: what it may begin with, all of them counted, the first followed; between: from a
    start to its end; closing: what ends each time; separators: what may stand between two
    occurrences, the first followed, none where only one is ever written.
    """

    openings: tuple[str, ...]
    between: str
    closing: str
    separators: tuple[str, ...]


SPAN_FORMS = {
    # <time>1.0</time> - <time>3.5</time>; <time>8.0</time> - <time>9.0</time>
    "tags": SpanForm(
        (TIME_OPEN,),
        " - " + TIME_OPEN,
        TIME_CLOSE,
        ("; " + TIME_OPEN, ", " + TIME_OPEN, "\n" + TIME_OPEN, " and " + TIME_OPEN),
    ),
    # [[1.0, 3.5], [8.0, 9.0]]: a time ends with its one decimal, since "]]" is one token
    "json": SpanForm(
        ("[[", "[\n  [", "```json\n[[", "```json\n[\n  ["),
        ", ",
        "",
        ("], [", "],[", "],\n  ["),
    ),
    # The event happens in 1.0 - 3.5 seconds.
    "sentence": SpanForm(("The event happens in ", "The event happens in the "), " - ", "", ()),
}

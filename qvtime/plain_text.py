"""Text from outside (captions, subtitles) on one line, without characters that steer anything."""

import re
import unicodedata

_BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def one_line(text: str) -> str:
    """The text on one line: runs of blanks and line ends are one space, controls are gone.

    Marks that turn the direction of writing are gone too; letters of any script stay.
    """
    kept = (c for c in _BIDI_CONTROLS.sub("", text) if not _is_control(c))
    return " ".join("".join(kept).split())


def _is_control(character: str) -> bool:
    category = unicodedata.category(character)
    return category == "Cs" or (category == "Cc" and not character.isspace())

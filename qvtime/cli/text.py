"""Text that cannot steer the terminal it is printed on: titles, questions, what a model says."""

import re

_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # turn the direction of writing
    "\u2028\u2029\ufeff\ufff9-\ufffb"
    "\ud800-\udfff"  # bytes of a name that is no UTF-8
    "\U000e0000-\U000e007f]"  # invisible tags
)
_LINE_ENDS = re.compile("[\t\n]")


def terminal_safe(text: str) -> str:
    r"""The text with every character that could steer a terminal spelled out: \x1b, \u202e.

    Tabs and newlines stay. A byte of a file name that is not UTF-8 is shown as \xe9.
    """
    return _STEERING.sub(_spell, text)


def terminal_safe_line(text: str) -> str:
    """`terminal_safe`, and tabs and newlines are spelled out too: the text is one line."""
    return _LINE_ENDS.sub(_spell, terminal_safe(text))


def _spell(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return {9: "\\t", 10: "\\n", 13: "\\r"}.get(code, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

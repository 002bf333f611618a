"""Nothing printed can steer the terminal."""

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.cli.text import terminal_safe, terminal_safe_line

STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain: 视频, café, שלום, 👨\u200d👩", "plain: 视频, café, שלום, 👨\u200d👩"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\rb\x08c\x7f", "a\\rb\\x08c\\x7f"),
        ("a\tb\nc", "a\tb\nc"),
        ("\u202egpj.exe\u2066", "\\u202egpj.exe\\u2066"),
        ("\U000e0041", "\\U000e0041"),
        (os.fsdecode(b"caf\xe9"), "caf\\xe9"),
        ("\ud800", "\\ud800"),
        ("[red]not markup[/x].mp4", "[red]not markup[/x].mp4"),
    ],
)
def test_what_steers_is_spelled_out(text: str, safe: str) -> None:
    assert terminal_safe(text) == safe


def test_a_line_is_a_line() -> None:
    assert terminal_safe_line("a\tb\nc\u2028d") == "a\\tb\\nc\\u2028d"


@given(st.text(st.characters()))
def test_any_text_is_safe_and_can_be_printed(text: str) -> None:
    safe = terminal_safe(text)
    assert not STEERING.search(safe)
    safe.encode("utf-8")
    assert terminal_safe(safe) == safe
    line = terminal_safe_line(text)
    assert len(line.splitlines()) <= 1
    assert line.isascii() or not text.isascii()


@given(st.text(st.characters(categories=("L", "N", "P", "Zs"))))
def test_words_of_any_script_stay(text: str) -> None:
    assert terminal_safe_line(text) == text

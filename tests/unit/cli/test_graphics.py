"""Pictures on a terminal: what is sent is the picture, read back as a terminal would."""

import base64
import io
import os
import pty
import re
import subprocess
import sys
import threading

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from rich.console import Console

from qvtime.cli import terminal
from qvtime.cli.graphics import half_blocks, iterm2, kitty, print_picture, sixel
from qvtime.cli.terminal import VARIABLE, choose_graphics, read_answers
from qvtime.errors import UsageError
from tests.cli.conftest import ROOT, environment

NOISE = np.random.default_rng(7).integers(0, 256, (30, 90, 3), dtype=np.uint8)
FOUR = np.zeros((14, 20, 3), np.uint8)
FOUR[:7, 10:] = (255, 0, 0)
FOUR[7:, :10] = (0, 255, 0)
FOUR[7:, 10:] = (255, 255, 255)

Pixels = npt.NDArray[np.uint8]


def from_png(data: str) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_kitty_gets_the_picture_in_pieces() -> None:
    commands = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", kitty(NOISE, 30, 5))
    assert len(commands) > 1
    assert "a=T" in commands[0][0]
    assert "c=30,r=5" in commands[0][0]
    assert [keys[-3:] for keys, _ in commands] == ["m=1"] * (len(commands) - 1) + ["m=0"]
    assert all(len(data) <= 4096 for _, data in commands)
    assert np.array_equal(from_png("".join(data for _, data in commands)), NOISE)


def test_iterm2_gets_the_picture_whole() -> None:
    match = re.fullmatch(
        r"\x1b\]1337;File=inline=1;size=(\d+);width=30;.*?:(.*)\a", iterm2(NOISE, 30, 5)
    )
    assert match
    assert len(base64.b64decode(match[2])) == int(match[1])
    assert np.array_equal(from_png(match[2]), NOISE)


def read_sixel(data: str) -> Pixels:
    """What a terminal draws of these sixels."""
    match = re.fullmatch(r'\x1bP0;1q"1;1;(\d+);(\d+)(.*)\x1b\\', data, re.DOTALL)
    assert match
    pixels = np.zeros((int(match[2]), int(match[1]), 3), np.uint8)
    palette: dict[int, tuple[int, ...]] = {}
    colour = x = y = 0
    for one in re.finditer(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)(.)|([$-])|(.)", match[3]):
        if one[1]:
            colour = int(one[1])
            if one[2]:
                palette[colour] = tuple(round(int(one[at]) * 2.55) for at in (2, 3, 4))
        elif one[7]:
            x, y = 0, y + 6 * (one[7] == "-")
        else:
            bits = ord(one[6] or one[8]) - 63
            run = int(one[5] or 1)
            for bit in range(6):
                if bits >> bit & 1:
                    pixels[y + bit, x : x + run] = palette[colour]
            x += run
    return pixels


def test_sixels_are_the_picture() -> None:
    assert np.abs(read_sixel(sixel(FOUR)).astype(int) - FOUR).max() <= 3
    grey = np.repeat(np.linspace(0, 255, 90, dtype=np.uint8)[None, :, None], 31, axis=0)
    ramp = np.repeat(grey, 3, axis=2)
    assert np.abs(read_sixel(sixel(ramp)).astype(int) - ramp).max() <= 8


def console(**choices: object) -> Console:
    return Console(file=io.StringIO(), width=80, force_terminal=True, **choices)  # type: ignore[arg-type]


def test_half_blocks_are_two_pixels_a_cell() -> None:
    ours = console(color_system="truecolor", no_color=False)
    print_picture(ours, FOUR, 2, 1, "blocks")
    assert isinstance(ours.file, io.StringIO)
    assert re.findall(r"\x1b\[38;2;(\d+;\d+;\d+);48;2;(\d+;\d+;\d+)m▀", ours.file.getvalue()) == [
        ("0;0;0", "0;255;0"),
        ("255;0;0", "255;255;255"),
    ]


def test_without_colour_they_are_shades() -> None:
    rows = list(half_blocks(console(no_color=True), np.repeat(FOUR[[0, 7]], 1, axis=0)))
    text = "".join(segment.text for segment in rows[0].segments)
    assert text == "▒" * 10 + "▓" * 10 or set(text) <= set(" ░▒▓█")
    assert text[0] < text[-1]


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        (b"\x1b_Gi=31;OK\x1b\\\x1b[?62;c", "kitty"),
        (b"\x1b_Gi=31;ENOTSUPPORTED\x1b\\\x1b[?62;c", "blocks"),
        (b"\x1bP>|iTerm2 3.5.0\x1b\\\x1b[?65;4;9c", "iterm2"),
        (b"\x1bP>|XTerm(390)\x1b\\\x1b[?64;1;4;22c", "sixel"),
        (b"\x1b[?4;6c", "blocks"),  # a VT132: its class is 4, which is no feature
        (b"\x1b[?1;2c", "blocks"),
        (b"", "blocks"),
    ],
)
def test_what_a_terminal_answers(answers: bytes, kind: str) -> None:
    assert read_answers(answers) == kind


def test_a_variable_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "sixel")
    assert choose_graphics() == "sixel"
    monkeypatch.setenv(VARIABLE, "crayon")
    with pytest.raises(UsageError, match="QVTIME_GRAPHICS cannot be crayon"):
        choose_graphics()


def test_a_dumb_terminal_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(terminal, "_ask", lambda: pytest.fail("asked"))
    assert choose_graphics() == "blocks"


@pytest.mark.parametrize("answer", [b"\x1b_Gi=31;OK\x1b\\\x1b[?62;c", b""])
def test_a_terminal_is_asked_and_left_as_it_was(answer: bytes) -> None:
    """A real terminal of a process of its own, which answers, or never does."""
    script = (
        "import termios; from qvtime.cli.terminal import choose_graphics;"
        "before = termios.tcgetattr(0); kind = choose_graphics();"
        "print('kind', kind, termios.tcgetattr(0) == before)"
    )
    pid, ours = pty.fork()
    if pid == 0:
        os.execve(
            sys.executable,
            [sys.executable, "-c", script],
            environment(TERM="xterm", PYTHONPATH=str(ROOT)),
        )
    said = b""
    timer = threading.Timer(40, os.close, (ours,))
    timer.start()
    try:
        while block := os.read(ours, 1024):
            said += block
            if b"\x1b[c" in block:
                os.write(ours, answer)
    except OSError:  # its other end is closed
        pass
    timer.cancel()
    os.waitpid(pid, 0)
    os.close(ours)
    expected = "kitty" if answer else "blocks"
    assert f"kind {expected} True" in said.decode()


def test_without_a_terminal_nothing_is_asked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from qvtime.cli.terminal import choose_graphics as c; print(c())"],
        capture_output=True,
        text=True,
        start_new_session=True,
        env=environment(TERM="xterm", PYTHONPATH=str(ROOT)),
        check=True,
        timeout=50,
    )
    assert (done.stdout, done.stderr) == ("blocks\n", "")

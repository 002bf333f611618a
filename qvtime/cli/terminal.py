"""What the terminal can show: asked of it, since no variable says so everywhere."""

import contextlib
import os
import re
import select
import time
from collections.abc import Iterator
from typing import Literal, get_args

from qvtime.errors import UsageError

Graphics = Literal["kitty", "iterm2", "sixel", "blocks"]
"""How pictures are shown: two protocols for whole pictures, an old one, or half cells in colour."""

VARIABLE = "QVTIME_GRAPHICS"
"""Names the kind where the terminal is not to be asked."""

_ASK_KITTY = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
_ASK_NAME = b"\x1b[>q"
_ASK_CLASS = b"\x1b[c"
"""Every terminal answers this one, and it is asked last: its answer ends the waiting."""
_CLASS = re.compile(rb"\x1b\[\?([0-9;]*)c")
_SIXEL_CLASS = b"4"
_INLINE_IMAGES = re.compile(rb"\x1bP>\|(?:iTerm2|WezTerm)")

LONGEST_WAIT_S = 1.0
"""An answer may come from far away; a terminal that gives none shows half cells."""


def choose_graphics() -> Graphics:
    """How this process's terminal shows pictures best. UsageError for a variable it cannot be."""
    wanted = os.environ.get(VARIABLE, "")
    if wanted:
        for kind in get_args(Graphics):
            if wanted == kind:
                return kind  # type: ignore[no-any-return]  # one of the literals
        raise UsageError(
            f"{VARIABLE} cannot be {wanted}", f"use one of {', '.join(get_args(Graphics))}"
        )
    if os.environ.get("TERM", "dumb") == "dumb":
        return "blocks"
    return read_answers(_ask())


def read_answers(answers: bytes) -> Graphics:
    """The best kind among those that a terminal's answers name."""
    if b"\x1b_Gi=31;OK" in answers:
        return "kitty"
    if _INLINE_IMAGES.search(answers):
        return "iterm2"
    said = _CLASS.search(answers)
    return "sixel" if said and _SIXEL_CLASS in said[1].split(b";")[1:] else "blocks"


def cell_size_px() -> tuple[int, int]:
    """Width and height of a cell; those of a common font where the terminal does not say."""
    import fcntl
    import struct
    import termios

    with contextlib.suppress(OSError, ValueError, AttributeError):
        size = fcntl.ioctl(1, termios.TIOCGWINSZ, b"\0" * 8)
        rows, columns, width_px, height_px = struct.unpack("HHHH", size)
        if rows and columns and width_px >= columns and height_px >= rows:
            return width_px // columns, height_px // rows
    return 10, 20


def _ask() -> bytes:
    """What the controlling terminal answers; nothing where there is none that listens to us."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return b""
    try:
        # A job in the background that reads the terminal is stopped.
        if os.tcgetpgrp(terminal) != os.getpgrp():
            return b""
        with _unbuffered(terminal):
            os.write(terminal, _ASK_KITTY + _ASK_NAME + _ASK_CLASS)
            return _wait(terminal)
    except OSError:
        return b""
    finally:
        os.close(terminal)


def _wait(terminal: int) -> bytes:
    answers = b""
    last = time.monotonic() + LONGEST_WAIT_S
    while not _CLASS.search(answers):
        ready, _, _ = select.select([terminal], [], [], max(0.0, last - time.monotonic()))
        block = os.read(terminal, 1024) if ready else b""
        if not block:
            break
        answers += block
    return answers


@contextlib.contextmanager
def _unbuffered(terminal: int) -> Iterator[None]:
    """Inside, answers come without a line end and are not shown."""
    import termios
    import tty

    try:
        before = termios.tcgetattr(terminal)
        tty.setcbreak(terminal, termios.TCSANOW)
    except termios.error as error:
        raise OSError(str(error)) from error
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)

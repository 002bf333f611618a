"""Writes docs/ask.svg, the README's picture, from a real run: `python docs/make_picture.py`."""

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
COMMANDS = (
    ("ask", "samples/rally.mp4", "what happens at 2:48", "--model", "demo"),
    ("ask", "samples/rally.mp4", "2分48秒发生了什么？", "--model", "demo", "-q"),
)


def on_terminal(command: tuple[str, ...]) -> str:
    """What a run prints on stdout when that is a terminal, with its colours."""
    ours, theirs = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "qvtime", *command],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "84"},
    )
    os.close(theirs)
    printed = b""
    try:
        while block := os.read(ours, 1 << 16):
            printed += block
    except OSError:  # Linux says so when the other end of a terminal is closed
        pass
    os.close(ours)
    if done.wait() != 0:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
    return printed.decode().replace("\r\n", "\n")


def main() -> None:
    """Run the commands and draw them."""
    console = Console(record=True, width=84, file=io.StringIO(), highlight=False)
    for command in COMMANDS:
        shown = " ".join(f'"{word}"' if " " in word or "？" in word else word for word in command)
        console.print(Text(f"$ qvtime {shown}", style="bold"))
        console.print(Text.from_ansi(on_terminal(command)))
    svg = console.export_svg(title="qvtime", unique_id="qvtime")
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)  # fetched from the network
    (ROOT / "docs" / "ask.svg").write_text(svg, "utf-8")


if __name__ == "__main__":
    main()

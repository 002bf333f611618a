"""Writes the help texts into docs/cli.md: `python docs/make_cli.py` (a test compares them)."""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).with_name("cli.md")
BLOCK = re.compile(r"<!-- help:(?P<command>[a-z ]*) -->\n```\n.*?```\n", re.DOTALL)


def help_of(command: str) -> str:
    """What `qvtime COMMAND --help` prints at a width of 80."""
    arguments = command.split()
    return subprocess.run(
        [sys.executable, "-m", "qvtime", *arguments, "--help"],
        capture_output=True,
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
        text=True,
        check=True,
    ).stdout


def page_with_help(page: str) -> str:
    """The page with every block between `<!-- help:COMMAND -->` and its end made anew."""
    return BLOCK.sub(
        lambda block: f"<!-- help:{block['command']} -->\n```\n{help_of(block['command'])}```\n",
        page,
    )


if __name__ == "__main__":
    PAGE.write_text(page_with_help(PAGE.read_text("utf-8")), "utf-8")

"""Help and version: complete, documented, and there at once."""

import subprocess
import sys

import pytest

from docs.make_cli import PAGE, page_with_help
from qvtime import __version__
from qvtime.cli.main import app
from tests.cli.conftest import ROOT, Qvtime, environment

HEAVY = ("av", "cv2", "huggingface_hub", "numpy", "sqlite3", "torch", "transformers")


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "-h"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    script = (
        "import sys; from qvtime.cli.main import run; code = run(sys.argv[1:]);"
        "sys.stderr.write(' '.join(sys.modules)); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        timeout=50,
        check=True,
    )
    loaded = set(done.stderr.split())
    assert "qvtime.cli.main" in loaded
    assert not loaded & set(HEAVY)


def test_the_page_of_commands_is_what_help_says() -> None:
    page = PAGE.read_text("utf-8")
    assert page == page_with_help(page), "run: python docs/make_cli.py"


def test_every_command_is_on_the_page() -> None:
    page = PAGE.read_text("utf-8")
    for command in app.registered_commands:
        assert command.callback is not None
        assert command.callback.__doc__
        assert f"<!-- help:{command.name or command.callback.__name__} -->" in page


def test_no_arguments_show_the_help(qvtime: Qvtime) -> None:
    alone, asked = qvtime(), qvtime("--help")
    assert (alone.code, asked.code) == (2, 0)
    assert (alone.stdout, alone.stderr) == ("", asked.stdout), "what was not asked for is talk"
    assert "Commands:" in asked.stdout


def test_the_version(qvtime: Qvtime) -> None:
    ran = qvtime("--version")
    assert (ran.code, ran.stdout) == (0, f"qvtime {__version__}\n")

"""The real command line on the demo model, in this process or in its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from qvtime.cli.main import run
from tests.videos import STEADY, Clip, make

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
SHORT = str(SAMPLES / "short.mp4")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command line came to."""

    code: int
    stdout: str
    stderr: str


Qvtime = Callable[..., Ran]


@pytest.fixture
def qvtime(capsys: pytest.CaptureFixture[str]) -> Qvtime:
    """`qvtime("ask", ...)` in this process."""

    def call(*arguments: str) -> Ran:
        capsys.readouterr()
        code = run(arguments)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return call


def command(*arguments: str | bytes) -> list[str | bytes]:
    """The command line of a process of its own."""
    return [sys.executable, "-m", "qvtime", *arguments]


def environment(**more: str) -> dict[str, str]:
    """A bare one, as cron has it."""
    kept = {name: os.environ[name] for name in ("PATH", "HF_HUB_OFFLINE")}
    return {**kept, "LANG": "C", "OMP_NUM_THREADS": "1", "COLUMNS": "80", **more}


def call(*arguments: str | bytes, text_in: str = "", folder: Path = ROOT) -> Ran:
    """A command line in a process of its own, with `text_in` as its stdin."""
    done = subprocess.run(
        command(*arguments),
        input=text_in.encode(),
        capture_output=True,
        timeout=50,
        cwd=folder,
        env=environment(PYTHONPATH=str(ROOT)),
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2.4 s of numbered pictures."""
    return make(Clip("steady.mp4", STEADY), tmp_path_factory.mktemp("clips"))

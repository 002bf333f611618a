"""The real command line on the demo model, in this process or in its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from qvtime.cli.main import run
from qvtime.settings import Settings
from qvtime.tasks import folders
from qvtime.tasks.folders import Choices, Done
from qvtime.tasks.looking import Progress
from qvtime.timeline import Event, Span
from tests.scripted import seeing
from tests.videos import STEADY, Clip, make

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
SHORT = str(SAMPLES / "short.mp4")
INDEX = ("index", "-m", "demo", "-q", "--granularity", "1")


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


@pytest.fixture
def folder(tmp_path: Path, clip: Path) -> Path:
    """Two videos, one of them with subtitles, and one file that is none."""
    made = tmp_path / "videos"
    (made / "sub").mkdir(parents=True)
    for name in ("a.mp4", "sub/b.mp4"):
        shutil.copy(clip, made / name)
    (made / "a.en.srt").write_text("1\n00:00:00,500 --> 00:00:01,500\nThe striker scored!\n")
    (made / "broken.mp4").write_text("no video")
    for file in made.rglob("*.*"):
        os.utime(file, ns=(10**18, 10**18))
    return made


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is there at once, and sees a dog in every video."""
    script = seeing([Event(Span(0, 2000), "a dog runs")])

    def index_paths(
        paths: Sequence[str],
        choices: Choices,
        settings: Settings,
        _load: object,
        progress: Callable[[str, Progress], None],
        note: Callable[[str], None],
    ) -> Iterator[Done]:
        unkept = replace(settings, features="none")  # it has no vision tower
        return folders.index_paths(paths, choices, unkept, script.load, progress, note)

    monkeypatch.setattr("qvtime.cli.indexing.index_paths", index_paths)

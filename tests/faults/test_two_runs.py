"""Two runs of cron at the same moment: one works and the other ends at once, or both work apart."""

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from qvtime.errors import IndexLocked
from tests.cli.conftest import ROOT, command
from tests.videos import STEADY, Clip, make

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

NAMES = ("a.mp4", "b.mp4", "c.mp4")
BARE = {"PATH": "/usr/bin:/bin", "LANG": "C", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
"""All that a run gets: no HOME, no terminal, no locale but the plainest."""


def start(folder: Path, *more: str) -> "subprocess.Popen[bytes]":
    """`qvtime index` as cron starts it."""
    return subprocess.Popen(
        command("index", "-q", "-m", "demo", "--granularity", "1", str(folder), *more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env=BARE,
        umask=0o077,
    )


def end(runs: Sequence["subprocess.Popen[bytes]"]) -> list[tuple[int, bytes, bytes]]:
    """How they ended: exit code, stdout, stderr."""
    try:
        said = [run.communicate(timeout=200) for run in runs]
    finally:
        for run in runs:
            run.kill()
    return [(run.returncode, *both) for run, both in zip(runs, said, strict=True)]


def check_whole(folder: Path) -> None:
    """The index has each video once, whole, for its owner alone; the next run has nothing to do."""
    file = folder / ".qvtime" / "index.db"
    assert file.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as rows:
        assert rows.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    before = file.read_bytes()
    (listed,) = end([start(folder, "--list", "-f", "jsonl")])
    found = [json.loads(line) for line in listed[1].splitlines()]
    assert [Path(one["path"]).name for one in found] == [*NAMES]
    assert {one["status"] for one in found} == {"done"}
    assert len({one["events"] for one in found}) == 1, "they are copies"
    assert file.read_bytes() == before
    assert not list(folder.rglob("*.tmp*"))


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two, each with copies of a clip."""
    clip = make(Clip("steady.mp4", STEADY), tmp_path)
    made = (tmp_path / "one", tmp_path / "two")
    for folder in made:
        folder.mkdir()
        for name in NAMES:
            shutil.copy(clip, folder / name)
    return made


def test_over_one_folder_one_works_and_the_other_ends_at_once(folders: tuple[Path, Path]) -> None:
    folder, _ = folders
    runs = [start(folder), start(folder)]
    try:
        while all(run.poll() is None for run in runs):
            try:
                runs[0].wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        still = [run for run in runs if run.poll() is None]
        assert len(still) == 1, "the other was at work as the one ended"
    finally:
        ended = end(runs)
    worker, other = (0, 1) if runs[0] is still[0] else (1, 0)
    assert ended[worker] == (0, b"", b"")
    code, out, err = ended[other]
    assert (code, out) == (IndexLocked.exit_code, b"") == (4, b"")
    said = err.decode().splitlines()
    assert said[0].endswith(f"process {runs[worker].pid} is changing this index")
    assert len(said) == 2
    check_whole(folder)
    (again,) = end([start(folder)])
    assert again == (0, b"", b"")
    check_whole(folder)


def test_over_two_folders_both_work(folders: tuple[Path, Path]) -> None:
    runs = [start(folder) for folder in folders]
    assert end(runs) == [(0, b"", b"")] * 2
    for folder in folders:
        check_whole(folder)

"""`qvtime index` over folders of odd names and odd clips, and from cron."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from qvtime.store.index import open_index
from qvtime.store.place import place_of
from tests.cli.conftest import INDEX, ROOT, Qvtime, command, environment

REAL = ROOT.parent / "shared" / "videos"
BROKEN = {
    "chunk_out_of_range.mp4",
    "count.h264",  # it has no times
    "mp4Muxed.mp4",
    "sine-3s-xhe-aac-44khz-mono.mp4",
    "zeroLength.ts",
    "zero_empty_stsc.mp4",
}


def test_a_second_run_ends_at_once(qvtime: Qvtime, folder: Path) -> None:
    with open_index(place_of(str(folder)), writing=True):
        ran = qvtime(*INDEX, str(folder))
        assert (ran.code, ran.stdout) == (4, "")
        assert f"process {os.getpid()} is changing this index" in ran.stderr
        assert qvtime("index", "--list", str(folder)).code == 0, "reading goes on"
        assert qvtime("index", "--forget", str(folder)).code == 4


@pytest.mark.usefixtures("model")
def test_names_of_any_bytes(qvtime: Qvtime, folder: Path, clip: Path) -> None:
    name = os.fsdecode(b"caf\xe9 [b]\n\x1b[31m.mp4")
    shutil.copy(clip, folder / name)
    shutil.copy(folder / "broken.mp4", folder / f"x{name}")
    ran = qvtime(*INDEX, str(folder), "--include", "*caf*", "-o", f"{folder}/out")
    assert ran.code == 3
    assert "\x1b" not in ran.stderr
    assert (folder / "out" / name).with_suffix(".srt").exists()
    listed = qvtime("index", "--list", str(folder)).stdout
    assert len(listed.splitlines()) == 2
    assert listed.count(r"caf\xe9 [b] [31m.mp4") == 2
    assert "\x1b" not in listed


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("model")
@pytest.mark.skipif(not REAL.is_dir(), reason="the folder of real clips is not here")
def test_good_odd_and_broken_clips_in_one_run(qvtime: Qvtime, tmp_path: Path) -> None:
    clips = sorted(str(file) for file in REAL.iterdir() if file.is_file() and file.suffix != ".md")
    kept = ("--index", str(tmp_path / "kept"), "--window", "20s")
    ran = qvtime(*INDEX, *kept, *clips)
    assert (ran.code, ran.stdout) == (3, "")
    for name in BROKEN:
        assert f"{REAL / name}: " in ran.stderr
    listed = qvtime("index", "--list", *kept[:2], "-f", "jsonl").stdout.splitlines()
    status = {Path(one["path"]).name: one["status"] for one in map(json.loads, listed)}
    assert status == {
        Path(clip).name: "failed" if Path(clip).name in BROKEN else "done" for clip in clips
    }


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_cron(folder: Path, tmp_path: Path) -> None:
    """No home, no terminal, no stdin, another folder, nobody else may read; the real model."""
    (folder / "broken.mp4").unlink()
    home = tmp_path / "nowhere"
    home.mkdir(mode=0o555)
    arguments = ("index", "-m", "demo", "--granularity", "1", str(folder), "--include", "a.mp4")
    variables = environment(PYTHONPATH=str(ROOT))
    for run in range(2):
        done = subprocess.run(
            command(*arguments, *(["-q"] if run == 0 else [])),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=200,
            cwd=home,
            env=variables,
            umask=0o077,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    made = [folder / ".qvtime", *(folder / ".qvtime").iterdir()]
    assert {file.stat().st_mode & 0o077 for file in made} == {0}
    assert list(home.iterdir()) == []

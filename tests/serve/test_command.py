"""`qvtime serve` as a process: what it says when it starts."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SHORT = Path(__file__).parents[2] / "samples" / "short.mp4"


@pytest.mark.parametrize("indexed", [False, True])
def test_an_index_that_is_not_there_yet_is_said(tmp_path: Path, indexed: bool) -> None:
    """It may be made later, as the container's nightly job does, so nothing is refused."""
    shutil.copy(SHORT, tmp_path)
    folder = tmp_path / "index"
    if indexed:
        folder.mkdir()
        (folder / "index.db").touch()
    words = ["serve", str(tmp_path), "--index", str(folder), "--model", "none", "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "qvtime", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith("http://127.0.0.1:")
    said = list(iter(process.stderr.readline, "qvtime: serving until Ctrl-C\n"))
    process.send_signal(signal.SIGTERM)
    said += process.communicate(timeout=30)[1].splitlines()
    assert any(f"{folder}: there is no index yet" in line for line in said) == (not indexed)
    assert not any("Traceback" in line for line in said)

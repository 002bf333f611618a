"""A file is there whole or not at all, and the error says which and why."""

import json
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from qvtime.errors import OutputError
from qvtime.store.files import sweep_abandoned, temporary_name, write_atomically

CHILD = """
import json, os, resource, sys
from qvtime.errors import OutputError
from qvtime.store.files import sweep_abandoned, temporary_name, write_atomically
path, limit, user, size = json.loads(sys.argv[1])
if limit is not None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
if user is not None:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
try:
    write_atomically(path, b"x" * size)
except OutputError as error:
    print(json.dumps([error.message, error.hint]))
else:
    print("null")
"""


def in_a_child(
    path: Path, limit: int | None = None, user: int | None = None, size: int = 10
) -> list[str] | None:
    """The OutputError's message and hint, or None when the write went well."""
    command = [sys.executable, "-c", CHILD, json.dumps([str(path), limit, user, size])]
    child = subprocess.run(command, capture_output=True, text=True, check=True, timeout=50)
    result: list[str] | None = json.loads(child.stdout)
    return result


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_text_and_bytes(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    write_atomically(path, "héllo 视频\n")
    assert path.read_bytes() == "héllo 视频\n".encode()
    write_atomically(str(path), b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    write_atomically(path, "")
    assert path.read_bytes() == b""
    assert names(tmp_path) == ["out.txt"]


def test_permissions(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    old = os.umask(0o027)
    try:
        write_atomically(path, "a")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        write_atomically(path, "b")
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
    finally:
        os.umask(old)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target = tmp_path / "folder" / "target"
    target.parent.mkdir()
    link = tmp_path / "link"
    link.symlink_to(target)
    write_atomically(link, "a")
    assert link.is_symlink()
    assert target.read_text() == "a"
    assert names(target.parent) == ["target"]


def test_names_of_any_bytes_and_of_full_length(tmp_path: Path) -> None:
    for name in (b"caf\xe9-\xff", b"-rf", b"a\nb", b"x" * 255, "视频.srt".encode()):
        path = tmp_path / os.fsdecode(name)
        write_atomically(path, "a")
        assert path.read_text() == "a"
    assert len(names(tmp_path)) == 5


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("missing/out.txt", "no such file or directory"),
        ("folder", "is a directory"),
        ("file/out.txt", "not a directory"),
        ("x" * 256, "file name too long"),
        ("nul\0.txt", "null"),
    ],
)
def test_where_nothing_can_be_written(name: str, cause: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("old")
    before = names(tmp_path)
    with pytest.raises(OutputError, match=cause) as caught:
        write_atomically(f"{tmp_path}/{name}", "new")
    assert f"{tmp_path}/{name}" in caught.value.message
    assert names(tmp_path) == before
    assert (tmp_path / "file").read_text() == "old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_device_is_said_to_be_full() -> None:
    with pytest.raises(OutputError, match="/dev/full: no space left on device") as caught:
        write_atomically("/dev/full", "x")
    assert "free some space" in (caught.value.hint or "")


def test_a_device_is_written_as_it_is() -> None:
    write_atomically("/dev/null", "x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_write_that_stops_halfway_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"
    path.write_bytes(b"old")
    failed = in_a_child(path, limit=4096, size=100_000)
    assert failed is not None
    assert failed[0] == f"cannot write {path}: file too large"
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["out.bin"]


def test_a_folder_that_may_not_be_written() -> None:
    # Not tmp_path: its parents are closed to the user that root has to become.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        failed = in_a_child(folder / "out.txt", user=65534 if os.getuid() == 0 else None)
        assert failed is not None
        assert failed[0] == f"cannot write {folder / 'out.txt'}: permission denied"
        assert "-o" in failed[1]
        assert names(folder) == []


@pytest.mark.parametrize("step", ["fsync", "replace", "write"])
def test_an_interruption_at_any_step_leaves_nothing(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old")

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    owner = Path if step == "replace" else os
    monkeypatch.setattr(owner, step, interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, "new")
    monkeypatch.undo()
    assert names(tmp_path) == ["out.txt"]
    assert path.read_text() == "old"


def test_no_one_sees_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.txt"
    path.write_bytes(b"old")
    seen: list[bytes] = []
    real_write = os.write

    def write_little(descriptor: int, data: memoryview) -> int:
        seen.append(path.read_bytes())
        return real_write(descriptor, data[:7])

    monkeypatch.setattr(os, "write", write_little)
    write_atomically(path, b"n" * 100)
    assert path.read_bytes() == b"n" * 100
    assert len(seen) == 15
    assert set(seen) == {b"old"}


def test_what_a_killed_run_left_is_swept_later(tmp_path: Path) -> None:
    """Not what another run may be writing, nor what is someone's own."""
    old = [tmp_path / temporary_name(ending) for ending in ("", ".mp4")]
    own = [tmp_path / name for name in (".qvtime-1.tmp", ".qvtimes", "notes.tmp", ".hidden")]
    fresh, link = tmp_path / temporary_name(), tmp_path / temporary_name()
    for file in (*old, *own, fresh):
        file.write_text("half")
    for file in (*old, *own):
        os.utime(file, (0, 0))
    link.symlink_to(tmp_path / "notes.tmp")
    os.utime(link, (0, 0), follow_symlinks=False)
    write_atomically(tmp_path / "out.txt", "whole")
    left = {*own, fresh, link, tmp_path / "out.txt"}
    assert set(tmp_path.iterdir()) == left
    sweep_abandoned(tmp_path / "none")

"""Whether a file has changed: cheaply where that is sure, by its content where it is not."""

import itertools
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.errors import VideoError, VideoNotFound
from qvtime.store import fingerprint as module
from qvtime.store.fingerprint import (
    BLOCK_BYTES,
    BLOCKS,
    ENDS_BYTES,
    WHOLE_BYTES,
    looks_unchanged,
    still_as,
    take_fingerprint,
)

LATER_NS = time.time_ns() + 3600 * 10**9


@pytest.fixture
def video(tmp_path: Path) -> Path:
    file = tmp_path / "a.mp4"
    file.write_bytes(b"pictures")
    return file


def test_the_same_file_is_unchanged(video: Path) -> None:
    taken = take_fingerprint(str(video), LATER_NS)
    assert taken.settled
    assert looks_unchanged(str(video), taken)
    assert still_as(str(video), taken)
    assert take_fingerprint(str(video), LATER_NS) == taken


def test_touched_is_the_same_content(video: Path) -> None:
    taken = take_fingerprint(str(video), LATER_NS)
    os.utime(video, ns=(1, 1))
    assert not looks_unchanged(str(video), taken)
    again = take_fingerprint(str(video), LATER_NS)
    assert again.same_content(taken)
    assert again != taken


def test_a_change_that_keeps_size_and_time_right_after_is_not_trusted(video: Path) -> None:
    status = video.stat()
    taken = take_fingerprint(str(video), max(status.st_mtime_ns, status.st_ctime_ns) + 1)
    assert not taken.settled
    assert not looks_unchanged(str(video), taken), "it could have changed within the clock's tick"
    video.write_bytes(b"PICTURES")
    os.utime(video, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not take_fingerprint(str(video)).same_content(taken)


@pytest.mark.parametrize(
    "place", [0, ENDS_BYTES + 3 * BLOCK_BYTES // 2, WHOLE_BYTES // 2, WHOLE_BYTES - 1]
)
def test_a_file_of_medium_size_is_read_whole(tmp_path: Path, place: int) -> None:
    file = tmp_path / "a.mp4"
    with file.open("wb") as made:
        made.truncate(WHOLE_BYTES)
    before = take_fingerprint(str(file))
    with file.open("r+b") as changed:
        changed.seek(place)
        changed.write(b"x")
    assert not take_fingerprint(str(file)).same_content(before)


@pytest.mark.parametrize("place", [0, ENDS_BYTES - 1, -ENDS_BYTES, -1])
def test_of_a_large_file_the_ends_count(tmp_path: Path, place: int) -> None:
    file = tmp_path / "a.mp4"
    size = 10 * WHOLE_BYTES
    with file.open("wb") as made:
        made.truncate(size)
    before = take_fingerprint(str(file))
    assert before.digest.startswith("b2-parts:")
    with file.open("r+b") as changed:
        changed.seek(place % size)
        changed.write(b"x")
    assert not take_fingerprint(str(file)).same_content(before)


@given(size=st.integers(WHOLE_BYTES + 1, 1 << 50))
def test_the_pieces_of_a_large_file_lie_in_it_and_spread_over_it(size: int) -> None:
    pieces = module._pieces(size)
    assert len(pieces) == BLOCKS + 2
    assert pieces[0][0] == 0
    assert sum(pieces[-1]) == size
    assert all(start >= 0 and start + length <= size for start, length in pieces)
    blocks = [start for start, _ in pieces[1:-1]]
    gaps = [later - earlier for earlier, later in itertools.pairwise(blocks)]
    assert max(gaps) - min(gaps) <= 1


def test_a_file_that_changes_while_it_is_read(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    true_digest = module._digest

    def slow_digest(path: str, size_bytes: int) -> str:
        digest = true_digest(path, size_bytes)
        with video.open("ab") as growing:
            growing.write(b"more")
        return digest

    monkeypatch.setattr(module, "_digest", slow_digest)
    with pytest.raises(VideoError, match="changed while it was read"):
        take_fingerprint(str(video))


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(VideoNotFound):
        take_fingerprint(str(tmp_path / "none.mp4"))
    with pytest.raises(VideoError):
        take_fingerprint("a\0b")
    with pytest.raises(VideoError):
        take_fingerprint(str(tmp_path / ("x" * 300)))
    os.mkfifo(tmp_path / "fifo.mp4")
    assert take_fingerprint(str(tmp_path / "fifo.mp4")).digest == "none:"

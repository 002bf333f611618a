"""Kept features: what comes back is what was kept for that very key, or nothing."""

import errno
import os
import subprocess
import sys
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from qvtime.errors import OutputError
from qvtime.store import features
from qvtime.store.features import FeatureKey, FeatureStore

KEY = FeatureKey("b2:1f", "demo", "sha256:0", "float32", "cpu", "pyav", (0, 250), 96, 96)
OTHER = FeatureKey("b2:2e", "tiny", "sha256:1", "bfloat16", "cuda", "opencv", (0, 251), 128, 64)
Arrays = dict[str, npt.NDArray[Any]]


def arrays_of(seed: int, tokens: int = 3) -> Arrays:
    generator = np.random.default_rng(seed)
    pooled = generator.normal(size=(tokens, 4)).astype(np.float32)
    return {"pooled": pooled, "deepstack.0": pooled.view(np.uint16)[:, :4] + seed % 7}


def same(ours: Arrays | None, theirs: Arrays) -> bool:
    return (
        ours is not None
        and ours.keys() == theirs.keys()
        and all(
            ours[name].dtype == theirs[name].dtype and np.array_equal(ours[name], theirs[name])
            for name in ours
        )
    )


def at(moment: int) -> FeatureKey:
    return replace(KEY, times_ms=(moment, moment + 250))


def file_bytes(tokens: int = 3) -> int:
    """What one window takes on disk."""
    key = {"key": KEY.text, "checksum": "0" * 64}
    return len(safetensors.numpy.save(arrays_of(0, tokens), metadata=key))


def age(store: FeatureStore, key: FeatureKey, seconds: int) -> None:
    then = time.time() - seconds
    os.utime(store.folder / key.file_name, (then, then))


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8),
        st.tuples(
            st.sampled_from((np.float32, np.float16, np.uint16)),
            st.lists(st.integers(0, 5), min_size=1, max_size=3),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_is_kept_comes_back(
    tmp_path_factory: pytest.TempPathFactory, shapes: dict[str, tuple[Any, list[int]]]
) -> None:
    arrays = {name: np.full(shape, 3, dtype) for name, (dtype, shape) in shapes.items()}
    store = FeatureStore(tmp_path_factory.mktemp("kept"), 10**6)
    assert store.find(KEY) is None
    assert store.keep(KEY, arrays)
    assert same(store.find(KEY), arrays)


@pytest.mark.parametrize("name", [field.name for field in fields(FeatureKey)])
def test_any_other_key_finds_nothing(name: str, tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, 10**6)
    store.keep(KEY, arrays_of(1))
    other = replace(KEY, **{name: getattr(OTHER, name)})
    assert store.find(other) is None
    # Nor when its file has that key's name: what counts is what it says.
    (tmp_path / KEY.file_name).rename(tmp_path / other.file_name)
    assert store.find(other) is None


def test_another_layout_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FeatureStore(tmp_path, 10**6)
    store.keep(KEY, arrays_of(1))
    kept = tmp_path / KEY.file_name
    monkeypatch.setattr(features, "LAYOUT", features.LAYOUT + 1)
    kept.rename(tmp_path / KEY.file_name)
    assert store.find(KEY) is None


def test_no_flipped_byte_is_believed(tmp_path: Path) -> None:
    store, arrays = FeatureStore(tmp_path, 10**6), arrays_of(2)
    store.keep(KEY, arrays)
    path = tmp_path / KEY.file_name
    whole = path.read_bytes()
    believed = 0
    for place in range(len(whole)):
        for bits in (0x01, 0x80, 0xFF):
            damaged = bytearray(whole)
            damaged[place] ^= bits
            path.write_bytes(damaged)
            found = store.find(KEY)
            assert found is None or same(found, arrays)
            believed += found is not None
    assert believed == 0
    path.write_bytes(whole)
    assert same(store.find(KEY), arrays)


def test_no_part_of_a_file_is_believed(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, 10**6)
    store.keep(KEY, arrays_of(2))
    path = tmp_path / KEY.file_name
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert store.find(KEY) is None
    path.write_bytes(whole + b"\0")
    assert store.find(KEY) is None


@pytest.mark.parametrize(
    "header", [b"", b"[]", b"{}", b'{"__metadata__":3}', b'{"__metadata__":{}}', b"[" * 10_000]
)
def test_strange_headers_are_not_believed(header: bytes, tmp_path: Path) -> None:
    path = tmp_path / KEY.file_name
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    assert FeatureStore(tmp_path, 10**6).find(KEY) is None


def test_only_regular_files_are_read_and_what_is_in_the_way_is_replaced(tmp_path: Path) -> None:
    store, path = FeatureStore(tmp_path / "kept", 10**6), tmp_path / "kept" / KEY.file_name
    store.keep(KEY, arrays_of(1))
    elsewhere = path.rename(tmp_path / "elsewhere")
    for kind in ("link", "fifo"):
        path.symlink_to(elsewhere) if kind == "link" else os.mkfifo(path)
        assert store.find(KEY) is None
        assert store.keep(KEY, arrays_of(3))
        assert same(store.find(KEY), arrays_of(3))
        path.unlink()
    path.mkdir()
    assert store.find(KEY) is None
    with pytest.raises(OutputError, match="cannot write"):
        store.keep(KEY, arrays_of(3))
    assert elsewhere.is_file(), "what a link points to is not touched"


def test_those_unused_longest_go_first(tmp_path: Path) -> None:
    size = file_bytes()
    store = FeatureStore(tmp_path, 3 * size + 20)
    for moment in (1, 2, 3):
        store.keep(at(moment), arrays_of(moment))
        age(store, at(moment), 100 - moment)
    assert same(store.find(at(1)), arrays_of(1)), "found is used"
    store.keep(at(4), arrays_of(4))
    assert [store.find(at(moment)) is not None for moment in (1, 2, 3, 4)] == [
        True,
        False,
        True,
        True,
    ]


def test_what_is_over_the_cap_alone_is_not_kept_and_pushes_nothing_out(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, file_bytes(3) + 20)
    assert store.keep(at(1), arrays_of(1))
    assert not store.keep(at(2), arrays_of(2, tokens=30))
    assert store.find(at(2)) is None
    assert same(store.find(at(1)), arrays_of(1))
    assert not FeatureStore(tmp_path / "none", 0).keep(KEY, arrays_of(1))
    assert not (tmp_path / "none").exists()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40)), max_size=12), st.integers(0, 3))
def test_the_cap_holds(
    tmp_path_factory: pytest.TempPathFactory, kept: list[tuple[int, int]], windows: int
) -> None:
    store = FeatureStore(tmp_path_factory.mktemp("kept"), windows * file_bytes(10))
    for moment, tokens in kept:
        if store.keep(at(moment), arrays_of(moment, tokens)):
            assert same(store.find(at(moment)), arrays_of(moment, tokens))
        assert store.size_bytes() <= store.cap_bytes


def test_a_smaller_cap_holds_from_the_next_window_on(tmp_path: Path) -> None:
    for moment in range(5):
        FeatureStore(tmp_path, 10**6).keep(at(moment), arrays_of(moment))
    smaller = FeatureStore(tmp_path, 2 * file_bytes() + 20)
    smaller.keep(at(9), arrays_of(9))
    assert smaller.size_bytes() <= smaller.cap_bytes
    assert same(smaller.find(at(9)), arrays_of(9))


def test_a_full_disk_is_an_error_that_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FeatureStore(tmp_path, 10**6)
    store.keep(at(1), arrays_of(1))

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OutputError, match="no space left on device"):
        store.keep(at(2), arrays_of(2))
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == [tmp_path / at(1).file_name]
    assert same(store.find(at(1)), arrays_of(1))


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = FeatureStore(tmp_path / "file" / "kept", 10**6)
    assert store.find(KEY) is None
    assert store.size_bytes() == 0
    with pytest.raises(OutputError, match="file/kept"):
        store.keep(KEY, arrays_of(1))


def test_files_of_others_stay_and_those_of_killed_runs_go(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, file_bytes() + 20)
    names = ("notes.txt", "model.safetensors", f".qvtime-{1:016}.tmp", f".qvtime-{2:016}.tmp")
    notes, weights, fresh, old = (tmp_path / name for name in names)
    for path in (notes, weights, fresh, old):
        path.write_bytes(bytes(10_000))
    for path in (notes, weights, old):
        os.utime(path, (0, 0))
    store.keep(KEY, arrays_of(1))
    assert store.size_bytes() == file_bytes()
    assert notes.exists()
    assert weights.exists(), "a folder of models may be named by mistake"
    assert fresh.exists(), "another process may be writing it"
    assert not old.exists()


WORKER = """
import sys
import numpy as np
from qvtime.store.features import FeatureKey, FeatureStore
store = FeatureStore(sys.argv[1], int(sys.argv[2]))
generator = np.random.default_rng(int(sys.argv[3]))
found = 0
for moment in generator.integers(0, 12, 150):
    key = FeatureKey("b2:1f", "demo", "0", "float32", "cpu", "pyav", (int(moment),), 96, 96)
    arrays = store.find(key)
    truth = np.full((200, 8), moment, np.float32)
    if arrays is None:
        assert store.keep(key, {"pooled": truth})
    else:
        assert np.array_equal(arrays["pooled"], truth)
        found += 1
assert 0 < found < 150
"""


def test_processes_at_once_never_see_half_a_file_and_keep_the_cap(tmp_path: Path) -> None:
    cap_bytes = 6 * 7000
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path), str(cap_bytes), str(seed)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )
        for seed in range(3)
    ]
    assert [worker.wait(timeout=50) for worker in workers] == [0, 0, 0]
    assert 0 < FeatureStore(tmp_path, cap_bytes).size_bytes() <= cap_bytes
    assert not list(tmp_path.glob(".*"))


def test_what_may_not_displace_others_takes_free_room_only(tmp_path: Path) -> None:
    room = features.LITTLE_BYTES + 2 * file_bytes()
    store = FeatureStore(tmp_path, room)
    assert store.keep(at(0), arrays_of(0), displace=False)
    assert store.keep(at(1), arrays_of(1), displace=False)
    assert not store.keep(at(2), arrays_of(2), displace=False)
    assert same(store.find(at(0)), arrays_of(0))
    assert store.size_bytes() <= room
    store.cap_bytes = 2 * file_bytes()
    age(store, at(0), 60)
    assert store.keep(at(2), arrays_of(2))
    assert store.find(at(0)) is None


def test_a_forgotten_video_leaves_nothing(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, 10**6)
    other = replace(KEY, content="b2:other")
    for key in (at(0), at(1), other):
        store.keep(key, arrays_of(1))
    own = tmp_path / "weights.safetensors"
    own.write_bytes((tmp_path / KEY.file_name).with_name(at(0).file_name).read_bytes())
    damaged = tmp_path / f"{'0' * 40}.safetensors"
    damaged.write_bytes(b"\xff" * 20)
    assert store.forget({KEY.content, "b2:none"}) == 2
    assert (store.find(at(0)), store.find(at(1))) == (None, None)
    assert same(store.find(other), arrays_of(1))
    assert own.exists()
    assert damaged.exists()
    assert FeatureStore(tmp_path / "none", 0).forget({KEY.content}) == 0

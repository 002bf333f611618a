"""How a video looks, kept small; believed only where it is whole and of the timeline there is."""

from pathlib import Path

import numpy as np
import pytest

from qvtime.store.overviews import (
    BYTES_AN_HOUR,
    FOLDER_NAME,
    HOUR_MS,
    Overview,
    OverviewKey,
    OverviewMaker,
    OverviewStore,
)

KEY = OverviewKey("b2:1:9", "{}")


@pytest.mark.parametrize(("numbers", "cell_ms"), [(256, 500), (2560, 1000), (5120, 2000)])
def test_an_hour_takes_ten_megabytes_at_most(numbers: int, cell_ms: int) -> None:
    maker = OverviewMaker(500, HOUR_MS)
    maker.add(range(0, HOUR_MS, 500), np.zeros((7200, numbers), np.float32))
    overview = maker.overview()
    assert overview is not None
    assert overview.cell_ms == cell_ms
    assert overview.looks.nbytes <= BYTES_AN_HOUR


def test_a_cell_has_the_most_of_its_patches_however_often_they_are_seen() -> None:
    maker = OverviewMaker(500, 2_100)
    looks = np.array([[0, 4], [8, 0], [2, 2], [4, 3], [6, 1]], np.float32)
    for part in (slice(2, 5), slice(0, 4)):  # windows overlap, and come in any order
        maker.add([500 * k for k in range(5)][part], looks[part])
    overview = maker.overview()
    assert overview is not None
    assert overview.looks.tolist() == [[0, 255], [255, 0], [64, 128], [128, 191], [191, 64]]


def test_a_video_of_which_a_part_was_not_seen_has_none() -> None:
    maker = OverviewMaker(500, 2_000)
    assert maker.overview() is None
    maker.add([0, 500, 1500], np.zeros((3, 2), np.float32))
    assert maker.overview() is None


def test_what_is_kept_is_found_until_it_is_forgotten(tmp_path: Path) -> None:
    store = OverviewStore(tmp_path)
    assert store.find(KEY) is None
    looks = np.arange(12, dtype=np.uint8).reshape(4, 3)
    store.keep(KEY, Overview(500, looks))
    found = store.find(KEY)
    assert found is not None
    assert found.cell_ms == 500
    assert (found.looks == looks).all()
    assert store.size_bytes() > looks.nbytes
    assert store.find(OverviewKey(KEY.content, "another model")) is None
    store.keep(OverviewKey(KEY.content, "another model"), Overview(1000, looks))
    assert store.find(KEY) is None, "of a video there is one"
    assert store.forget({"b2:2:9"}) == 0
    assert store.forget({KEY.content}) == 1
    assert store.size_bytes() == 0


def test_a_damaged_one_is_not_there(tmp_path: Path) -> None:
    store = OverviewStore(tmp_path)
    store.keep(KEY, Overview(500, np.ones((40, 30), np.uint8)))
    (file,) = (tmp_path / FOLDER_NAME).iterdir()
    whole = file.read_bytes()
    for spoiled in (whole[:-1] + b"\0", whole[:-9], b"", whole[:20]):
        file.write_bytes(spoiled)
        assert store.find(KEY) is None
    file.write_bytes(whole)
    assert store.find(KEY) is not None


def test_what_is_wrong_with_one_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = OverviewStore(tmp_path)
    content, made_with = KEY.content, {KEY.made_with}
    assert store.trouble(content, made_with) is None, "there is none"
    looks = Overview(500, np.ones((40, 30), np.uint8))
    store.keep(KEY, looks)
    (file,) = (tmp_path / FOLDER_NAME).iterdir()
    whole = file.read_bytes()
    assert store.trouble(content, {*made_with, "another copy's"}) is None
    assert store.trouble(content, {"another model"}) == "was made with another timeline"

    flipped = bytearray(whole)
    flipped[whole.index(b"looks") + 2] ^= 1
    for spoiled in (whole[:-1] + b"\0", whole[:-9], b"", whole[:20], bytes(flipped)):
        file.write_bytes(spoiled)
        assert store.trouble(content, made_with) == "is damaged"
    assert store.forget({content}) == 1, "though it does not say what it is of"
    file.mkdir()
    assert store.trouble(content, made_with) == "is damaged"
    file.rmdir()

    monkeypatch.setattr("qvtime.store.overviews.LAYOUT", 0)
    store.keep(KEY, looks)
    monkeypatch.undo()
    assert store.trouble(content, made_with) == "was made by another version of qvtime"
    store.keep(OverviewKey("b2:3:9", KEY.made_with), looks)
    file.with_name(OverviewKey("b2:3:9", "").file_name).replace(file)
    assert store.trouble(content, made_with) == "is of another video"


def test_one_of_another_shape_is_not_believed(tmp_path: Path) -> None:
    store = OverviewStore(tmp_path)
    for overview in (Overview(0, np.ones((4, 3), np.uint8)), Overview(500, np.ones(4, np.uint8))):
        store.keep(KEY, overview)
        assert store.find(KEY) is None

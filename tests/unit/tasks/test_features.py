"""Looking again: what was seen once is not decoded and not seen again, and says the same."""

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
import pytest

from qvtime.errors import UsageError
from qvtime.frames import FrameBatch
from qvtime.model.engine import Engine
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.store.features import FeatureStore
from qvtime.store.fingerprint import Fingerprint, take_fingerprint
from qvtime.store.index import open_index
from qvtime.store.place import place_of
from qvtime.tasks import features
from qvtime.tasks.ask import ask_video
from qvtime.tasks.features import KeptFeatures, content_key, forget_videos, open_features
from qvtime.tasks.folders import Choices, index_paths
from qvtime.tasks.index import Outcome
from qvtime.tasks.locate import Wanted, locate_video
from qvtime.tasks.looking import open_engine
from qvtime.video.worker import WorkerReader

SAMPLES = Path(__file__).parents[3] / "samples"
QUESTIONS = ["what happens at 0:02", "what happens between 0:05 and 0:08?"]
DEMO = Settings(model="demo", device="cpu", max_new_tokens=4)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with open_engine(DEMO) as engine:
        yield engine


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A copy in a folder that has an index."""
    (tmp_path / ".qvtime").mkdir()
    (tmp_path / ".qvtime" / "index.db").touch()
    return Path(shutil.copy(SAMPLES / "short.mp4", tmp_path / "clip.mp4"))


def asked(engine: Engine, video: Path, settings: Settings = DEMO) -> list[Report]:
    notes: list[str] = []
    reports = list(ask_video(str(video), QUESTIONS, settings, lambda: engine, note=notes.append))
    assert notes == []
    return reports


def said(report: Report) -> Report:
    """All but how long it took and where the features came from."""
    settings = {key: value for key, value in report.settings.items() if key != "windows_kept"}
    return replace(report, timings_ms={}, settings=settings)


def kept(reports: list[Report]) -> list[object]:
    return [report.settings["windows_kept"] for report in reports]


def no_work(*_: object, **__: object) -> NoReturn:
    raise AssertionError("this was seen before")


def folder_of(video: Path) -> Path:
    return video.parent / ".qvtime" / "features"


def test_a_second_run_neither_decodes_nor_sees_and_says_the_same(
    engine: Engine, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = asked(engine, video, replace(DEMO, features="none"))
    first = asked(engine, video)
    monkeypatch.setattr(WorkerReader, "frames_at", no_work)
    monkeypatch.setattr(Engine, "encode", no_work)
    second = asked(engine, video)
    assert list(map(said, plain)) == list(map(said, first)) == list(map(said, second))
    windows = [report.settings["windows"] for report in first]
    assert (kept(first), kept(second)) == ([0, 0], windows)
    assert "windows_kept" not in plain[0].settings
    assert plain[0].timings_ms.keys() == {"decode", "vision", "prefill", "answer"}
    assert second[0].timings_ms.keys() == {"features", "prefill", "answer"}


def test_other_questions_about_the_same_windows_use_them(engine: Engine, video: Path) -> None:
    asked(engine, video)
    (other,) = ask_video(str(video), ["2秒发生了什么"], DEMO, lambda: engine)
    assert other.settings["windows_kept"] == other.settings["windows"] == 1


@pytest.mark.parametrize(
    "other", [{"granularity_ms": 1000}, {"window_ms": 2000}, {"decoder": "opencv"}]
)
def test_other_pictures_are_seen_anew(other: dict[str, Any], engine: Engine, video: Path) -> None:
    asked(engine, video)
    assert kept(asked(engine, video, replace(DEMO, **other))) == [0, 0]


def test_another_model_sees_for_itself(engine: Engine, video: Path) -> None:
    asked(engine, video)
    other = Engine(replace(engine.loaded, revision="sha256:other"))
    assert kept(asked(other, video)) == [0, 0]


def test_a_video_that_moved_is_known_and_one_that_changed_is_not(
    engine: Engine, video: Path
) -> None:
    first = asked(engine, video)
    moved = video.rename(video.with_name("moved.mp4"))
    again = asked(engine, moved)
    assert kept(again) == [report.settings["windows"] for report in first]
    with moved.open("ab") as file:
        file.write(b"\0\0\0\x08free")  # an empty box: the same pictures, other bytes
    assert kept(asked(engine, moved)) == [0, 0]


def test_damaged_features_are_made_anew(engine: Engine, video: Path) -> None:
    first = asked(engine, video)
    for file in folder_of(video).iterdir():
        data = bytearray(file.read_bytes())
        data[-7] ^= 0xFF
        file.write_bytes(data)
    second, third = asked(engine, video), asked(engine, video)
    assert list(map(said, first)) == list(map(said, second)) == list(map(said, third))
    assert kept(second) == [0, 0]
    assert kept(third) == [report.settings["windows"] for report in first]


def test_a_strangers_features_of_another_shape_are_made_anew(
    engine: Engine, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the right key and checksum on arrays that are none of this model's."""
    true_keep = FeatureStore.keep
    lies = {"pooled": np.zeros((2, 3), np.float32)}
    monkeypatch.setattr(FeatureStore, "keep", lambda store, key, *_: true_keep(store, key, lies))
    first = asked(engine, video)
    monkeypatch.undo()
    assert len(list(folder_of(video).iterdir())) >= 2
    second = asked(engine, video)
    assert list(map(said, first)) == list(map(said, second))
    assert kept(second) == [0, 0]


def test_a_full_disk_is_noted_once_and_changes_no_answer(
    engine: Engine, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = asked(engine, video, replace(DEMO, features="none"))
    true_write = os.write

    def write(descriptor: int, data: bytes) -> int:
        if "features" in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return true_write(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    notes: list[str] = []
    reports = list(ask_video(str(video), QUESTIONS, DEMO, lambda: engine, note=notes.append))
    assert list(map(said, reports)) == list(map(said, plain))
    (note,) = notes
    assert note.startswith(f"cannot write {folder_of(video)}")
    assert note.endswith("no space left on device; going on without keeping what was seen")
    assert list(folder_of(video).iterdir()) == []


def test_without_an_index_nothing_is_kept_unless_a_folder_is_named(
    engine: Engine, video: Path, tmp_path: Path
) -> None:
    shutil.rmtree(video.parent / ".qvtime")
    (report, _) = asked(engine, video)
    assert "windows_kept" not in report.settings
    assert list(tmp_path.iterdir()) == [video]
    named = replace(DEMO, features=str(tmp_path / "here"))
    assert kept(asked(engine, video, named)) == [0, 0]
    assert 0 not in kept(asked(engine, video, named))
    with pytest.raises(UsageError, match="is a file"):
        asked(engine, video, replace(DEMO, features=str(video)))


def test_an_index_that_may_not_be_read_is_no_index(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_stat = os.stat

    def stat(path: Any, **options: Any) -> os.stat_result:
        if not isinstance(path, int) and {".qvtime", "locked"} & {*Path(path).parts}:
            raise PermissionError(errno.EACCES, "Permission denied")
        return true_stat(path, **options)

    assert open_features(str(video), DEMO) is not None
    monkeypatch.setattr(os, "stat", stat)
    assert open_features(str(video), DEMO) is None
    with pytest.raises(UsageError, match="--features /locked: permission denied"):
        open_features(str(video), replace(DEMO, features="/locked"))


def test_the_cap_is_kept(engine: Engine, video: Path) -> None:
    asked(engine, video, replace(DEMO, features_cap_bytes=300_000))
    sizes = [file.stat().st_size for file in folder_of(video).iterdir()]
    assert 0 < sum(sizes) <= 300_000


class TestKeeping:
    """When features are not kept at all."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path / "kept"

    def keep(self, folder: Path, video: Path, engine: Engine, damage: tuple[str, ...] = ()) -> None:
        info = SimpleNamespace(decoder="pyav")
        reader: Any = SimpleNamespace(info=info)
        store = FeatureStore(folder, 10**8)
        ours = KeptFeatures(store, str(video), take_fingerprint(str(SAMPLES / "short.mp4")))
        pixels = np.zeros((2, 96, 96, 3), np.uint8)
        seen = engine.encode(SimpleNamespace(pixels=pixels))  # type: ignore[arg-type]
        ours.keep(ours.key(engine, reader, (0, 250), (96, 96)), seen, damage)

    def test_of_a_sound_video_they_are(self, folder: Path, engine: Engine) -> None:
        self.keep(folder, SAMPLES / "short.mp4", engine)
        assert len(list(folder.iterdir())) == 1

    def test_of_a_damaged_video_they_are_not(self, folder: Path, engine: Engine) -> None:
        self.keep(folder, SAMPLES / "short.mp4", engine, damage=("a packet was lost",))
        assert not folder.exists()

    def test_of_a_video_that_is_being_written_to_they_are_not(
        self, folder: Path, engine: Engine, tmp_path: Path
    ) -> None:
        growing = tmp_path / "growing.mp4"
        growing.write_bytes((SAMPLES / "short.mp4").read_bytes() + b"more")
        self.keep(folder, growing, engine)
        self.keep(folder, tmp_path / "gone.mp4", engine)
        assert not folder.exists()


def test_locate_finds_the_same_without_looking_again(
    engine: Engine, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locate(settings: Settings, event: str = "the blue square vanishes") -> Report:
        wanted = Wanted(within="0:06-0:10", min_score=0.0)
        return locate_video(str(video), event, settings, lambda: engine, wanted)

    plain = locate(replace(DEMO, features="none"))
    first = locate(DEMO)
    monkeypatch.setattr(WorkerReader, "frames_at", no_work)
    monkeypatch.setattr(Engine, "encode", no_work)
    second = locate(DEMO)
    assert said(plain) == said(first) == said(second)
    assert plain.looked
    assert (first.settings["windows_kept"], second.settings["windows_kept"]) == (
        0,
        len(second.looked),
    )
    other = locate(DEMO, "the red circle jumps")
    assert other.settings["windows_kept"] == len(other.looked)


def test_of_a_large_video_the_time_counts_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Fingerprint(10, 1, "b2:00", settled=True)
    assert content_key(whole) == content_key(replace(whole, mtime_ns=2))
    sampled = replace(whole, digest="b2-parts:00")
    assert content_key(sampled) != content_key(replace(sampled, mtime_ns=2))
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        file.truncate(40 << 20)
    settings = replace(DEMO, features=str(tmp_path / "kept"))
    assert open_features(str(large), settings) is None, "it changed a moment ago"
    taken = replace(take_fingerprint(str(large)), settled=True)
    monkeypatch.setattr(features, "take_fingerprint", lambda _: taken)
    assert open_features(str(large), settings) is not None


class TestIndexing:
    """What an index run saw is there for what is asked after it."""

    @pytest.fixture(autouse=True)
    def indexed(self, tmp_path: Path, engine: Engine) -> Path:
        folder = tmp_path / "videos"
        folder.mkdir()
        video = Path(shutil.copy(SAMPLES / "short.mp4", folder / "clip.mp4"))
        outcomes = index_paths([str(folder)], Choices(), DEMO, lambda: engine)
        assert [done.indexed.outcome for done in outcomes] == [Outcome.DONE]
        return video

    def test_asking_after_it_decodes_and_sees_edges_alone(
        self, indexed: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[Sequence[int]] = []
        decode = WorkerReader.frames_at

        def frames_at(reader: WorkerReader, times_ms: Sequence[int], *rest: Any) -> FrameBatch:
            seen.append(times_ms)
            return decode(reader, times_ms, *rest)

        monkeypatch.setattr(WorkerReader, "frames_at", frames_at)
        (report,) = ask_video(str(indexed), ["what happens?"], DEMO, lambda: engine)
        assert report.settings["windows_kept"] == report.settings["windows"]
        assert not seen
        (report,) = ask_video(
            str(indexed), ["when does the yellow square spin?"], DEMO, lambda: engine
        )
        assert report.settings["windows_kept"] == report.settings["windows"]
        assert 1 <= len(seen) <= 2 * len(report.events), "patches between those that were kept"

    def test_asking_again_neither_decodes_nor_sees(
        self, indexed: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        questions = ["when does the yellow square spin?", "what happens?"]
        list(ask_video(str(indexed), questions, DEMO, lambda: engine))
        monkeypatch.setattr(WorkerReader, "frames_at", no_work)
        monkeypatch.setattr(Engine, "encode", no_work)
        reports = [*ask_video(str(indexed), questions, DEMO, lambda: engine)]
        located = locate_video(
            str(indexed), "the yellow square spins", DEMO, lambda: engine, Wanted()
        )
        for report in (*reports, located):
            assert report.settings["windows_kept"] == report.settings["windows"]

    def test_it_takes_only_free_room(self, indexed: Path, engine: Engine, tmp_path: Path) -> None:
        asked_about = {file.name for file in folder_of(indexed).iterdir()}
        shutil.copy(SAMPLES / "vfr.mp4", indexed.with_name("other.mp4"))
        full = replace(DEMO, features_cap_bytes=sum_bytes(folder_of(indexed)) + 1000)
        list(index_paths([str(indexed.parent)], Choices(), full, lambda: engine))
        assert {file.name for file in folder_of(indexed).iterdir()} == asked_about

    def test_what_is_forgotten_leaves_no_features(self, indexed: Path, engine: Engine) -> None:
        twin = Path(shutil.copy(indexed, indexed.with_name("twin.mp4")))
        list(index_paths([str(indexed.parent)], Choices(), DEMO, lambda: engine))
        before = sum_bytes(folder_of(indexed))
        forget([str(twin)])
        assert sum_bytes(folder_of(indexed)) == before > 0, "its twin has the same content"
        forget([str(indexed)])
        assert sum_bytes(folder_of(indexed)) == 0

    def test_what_is_pruned_leaves_no_features(self, indexed: Path, engine: Engine) -> None:
        indexed.unlink()
        list(index_paths([str(indexed.parent)], Choices(prune=True), DEMO, lambda: engine))
        assert sum_bytes(folder_of(indexed)) == 0


def forget(paths: list[str]) -> None:
    for path in paths:
        with open_index(place_of(path), writing=True) as index:
            forget_videos(index, index.below(path))


def sum_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())

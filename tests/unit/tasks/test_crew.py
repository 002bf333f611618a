"""Whoever looks at videos, and in whatever order they finish, the index has one writer."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from qvtime.closing import Closing
from qvtime.errors import ModelError, NotAVideo, VideoError
from qvtime.frames import VideoInfo
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.store.index import Index, open_index
from qvtime.store.place import place_at
from qvtime.tasks.crew import Described, Finished, Job
from qvtime.tasks.index import Indexed, Outcome, index_videos
from qvtime.timeline import Event, Span

SETTINGS = Settings(model="scripted", features="none")


class LastFirst(Closing):
    """A crew of `size`, which finishes what it was given last first, as planted by file name."""

    def __init__(self, size: int, planted: dict[str, Exception] | None = None) -> None:
        self._size, self._planted = size, planted or {}
        self._jobs: list[Job] = []
        self.most = 0

    @property
    def full(self) -> bool:
        return len(self._jobs) >= self._size

    @property
    def waiting(self) -> bool:
        return bool(self._jobs)

    def submit(self, job: Job) -> None:
        assert not self.full
        self._jobs.append(job)
        self.most = max(self.most, len(self._jobs))

    def finish(self) -> Finished:
        job = self._jobs.pop()
        error = self._planted.get(Path(job.path).name)
        if isinstance(error, VideoError):
            return Finished(job, error)
        if error is not None:
            raise error
        info = VideoInfo(job.path, "pyav", "mp4", "h264", 96, 64, 10_000, 0, 0)
        event = Event(Span(0, 1000), f"all of {Path(job.path).name}")
        return Finished(job, Described(Report(job.path, "", "", (event,), "m", info), ()))

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def videos(tmp_path: Path) -> list[str]:
    paths = [tmp_path / f"{name}.mp4" for name in "abcde"]
    for path in paths:
        path.write_bytes(path.name.encode() * 1000)
    return [str(path) for path in paths]


def run(index: Index, videos: Sequence[str], crew: LastFirst) -> list[Indexed]:
    def load() -> None:
        raise AssertionError("the crew has its own model")

    return list(index_videos(index, videos, SETTINGS, load, crew=crew))  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [1, 2, 3, 9])
def test_all_are_kept_in_whatever_order_they_finish(
    videos: list[str], tmp_path: Path, size: int
) -> None:
    crew = LastFirst(size)
    with open_index(place_at(str(tmp_path / "index")), writing=True) as index:
        done = run(index, videos, crew)
        captions = [index.report(record).events[0].caption for record in index.records()]
        assert captions == [f"all of {Path(path).name}" for path in videos]
        assert {one.outcome for one in run(index, videos, crew)} == {Outcome.UNCHANGED}
    assert sorted(one.path for one in done) == videos
    assert ([one.path for one in done] == videos) == (size == 1)
    assert crew.most == min(size, len(videos))


def test_a_video_that_fails_is_its_own_trouble(videos: list[str], tmp_path: Path) -> None:
    crew = LastFirst(3, {"b.mp4": NotAVideo(f"{videos[1]}: is no video")})
    with open_index(place_at(str(tmp_path / "index")), writing=True) as index:
        outcomes = {Path(one.path).name: one.outcome for one in run(index, videos, crew)}
        failed = index.find(videos[1])
    assert outcomes.pop("b.mp4") is Outcome.FAILED
    assert set(outcomes.values()) == {Outcome.DONE}
    assert failed is not None
    assert failed.error == "is no video"


def test_what_was_kept_before_the_model_failed_stays(videos: list[str], tmp_path: Path) -> None:
    crew = LastFirst(2, {"c.mp4": ModelError("it is gone")})
    with open_index(place_at(str(tmp_path / "index")), writing=True) as index:
        with pytest.raises(ModelError, match="it is gone"):
            run(index, videos, crew)
        assert [Path(record.path).name for record in index.records()] == ["b.mp4"]

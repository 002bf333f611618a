"""Videos spread over the workers of a real Ray cluster of this machine, and workers lost.

`make cluster` runs these where Ray is installed; elsewhere they are skipped.
"""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qvtime.errors import ClusterError, VideoError
from qvtime.settings import ClusterChoice, Settings
from qvtime.store.fingerprint import take_fingerprint
from qvtime.store.index import open_index
from qvtime.store.place import place_at
from qvtime.tasks import cluster as module
from qvtime.tasks.cluster import Cluster
from qvtime.tasks.crew import Described, Job, Watched
from qvtime.tasks.folders import Choices, index_paths
from qvtime.tasks.index import Outcome
from qvtime.tasks.looking import open_backend
from tests.videos import STEADY, Clip, make

if not os.environ.get("QVTIME_REQUIRE_RAY"):
    pytest.importorskip("ray")

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

HERE = Settings(model="demo", features="none")
TWO = ClusterChoice("local", workers=2)
NAMES = ("a.mp4", "b.mp4", "c.mp4")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips of 2.4 s, and a file that is none."""
    folder = tmp_path_factory.mktemp("videos")
    for place, name in enumerate(NAMES):
        make(Clip(name, STEADY[: len(STEADY) - place]), folder)
    (folder / "broken.mp4").write_bytes(b"\0" * 4096)
    return folder


@pytest.fixture
def cluster() -> Iterator[tuple[Cluster, list[str]]]:
    """Two workers, and what was noted."""
    notes: list[str] = []
    with Cluster(TWO, HERE, notes.append) as crew:
        yield crew, notes


def job(path: Path) -> Job:
    return Job(str(path), take_fingerprint(str(path)), HERE, ("{}", "{}"))


def kept(index: Path) -> dict[str, Any]:
    """What an index says of each video, but for how long it took."""
    with open_index(place_at(str(index)), writing=False) as opened:
        reports = {
            Path(record.path).name: opened.report(record)
            for record in opened.records()
            if record.error is None
        }
    return {name: replace(report, path="", timings_ms={}) for name, report in reports.items()}


def test_an_index_is_that_of_one_machine(folder: Path, tmp_path: Path) -> None:
    made: list[dict[str, Any]] = []
    for name, settings in (("one", HERE), ("two", replace(HERE, cluster=TWO))):
        choices = Choices(index_folder=str(tmp_path / name))
        done = list(index_paths([str(folder)], choices, settings, lambda: open_backend(HERE)))
        outcomes = {Path(one.indexed.path).name: one.indexed.outcome for one in done}
        assert outcomes == {**dict.fromkeys(NAMES, Outcome.DONE), "broken.mp4": Outcome.FAILED}
        made.append(kept(tmp_path / name))
        again = list(index_paths([str(folder)], choices, settings, _no_model))
        assert {one.indexed.outcome for one in again} == {
            Outcome.UNCHANGED,
            Outcome.FAILED_BEFORE,
        }
    assert made[0].keys() == set(NAMES)
    assert made[0] == made[1]


def _no_model() -> Any:
    raise AssertionError("nothing is new")


def test_an_overview_alone_is_made_by_a_worker(
    folder: Path, cluster: tuple[Cluster, list[str]]
) -> None:
    crew, _ = cluster
    crew.submit(replace(job(folder / NAMES[0]), overview_only=True))
    outcome = crew.finish().outcome
    assert isinstance(outcome, Watched)
    assert outcome.overview is not None
    assert outcome.overview.cell_ms == 500


def test_a_lost_workers_video_is_looked_at_again(
    folder: Path, cluster: tuple[Cluster, list[str]]
) -> None:
    crew, notes = cluster
    for name in NAMES[:2]:
        crew.submit(job(folder / name))
    assert crew.full
    os.kill(crew.pids[0], signal.SIGKILL)
    finished = [crew.finish(), crew.finish()]
    assert not crew.waiting
    assert {one.job.path for one in finished} == {str(folder / name) for name in NAMES[:2]}
    assert all(isinstance(one.outcome, Described) for one in finished)
    assert notes == [f"{folder / NAMES[0]}: the worker that looked at it was lost; looking again"]


def test_a_video_over_which_workers_are_lost_is_given_up(
    folder: Path, cluster: tuple[Cluster, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_LOSSES", 1)
    crew, _ = cluster
    crew.submit(job(folder / NAMES[0]))
    os.kill(crew.pids[0], signal.SIGKILL)
    finished = crew.finish()
    assert isinstance(finished.outcome, VideoError)
    assert "workers were lost while they looked at it" in finished.outcome.message
    crew.submit(job(folder / NAMES[1]))  # the others go on
    assert isinstance(crew.finish().outcome, Described)


def test_a_cluster_that_is_not_there() -> None:
    crew = Cluster(ClusterChoice("127.0.0.1:9"), HERE, lambda _: None)
    with pytest.raises(ClusterError, match=r"there is no Ray cluster at 127\.0\.0\.1:9"):
        crew.submit(Job("a.mp4", None, HERE, ("", "")))  # type: ignore[arg-type]

"""`qvtime eval --run`: a dataset is asked, each answer is kept, and then all are measured."""

import fcntl
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from qvtime.timeline import Event, Span
from tests.cli.conftest import Qvtime, Ran
from tests.scripted import Script, seeing

DOG = Event(Span(0, 1000), "a dog runs", 0.9)
CAT = Event(Span(1000, 2000), "a cat sleeps", 0.8)
TRUTH = "a 0.0 0.75##a dog runs\nb 0.0 0.1##a cat sleeps\na 0.75 1.95##a cat sleeps\n"


@dataclass
class Dataset:
    """Two videos, and three queries: two answered exactly, one not at all."""

    folder: Path
    script: Script
    qvtime: Qvtime

    @property
    def kept(self) -> Path:
        """The predictions."""
        return self.folder / "found.jsonl"

    def run(self, *more: str, granularity: str = "1") -> Ran:
        """A run, with the answers kept in a file."""
        truth, videos = str(self.folder / "truth.txt"), str(self.folder / "videos")
        line = ("eval", "--run", truth, "--videos", videos, "--predictions", str(self.kept))
        chosen = ("-m", "demo", "--features", "none", "--granularity", granularity, *more)
        return self.qvtime(*line, *chosen)


@pytest.fixture
def dataset(tmp_path: Path, clip: Path, qvtime: Qvtime, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    script = seeing([DOG, CAT])
    monkeypatch.setattr("qvtime.cli.predicting.open_model", lambda *_: script.load())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "videos").mkdir()
    for name in ("a.mp4", "b.mkv"):
        shutil.copy(clip, tmp_path / "videos" / name)
    (tmp_path / "truth.txt").write_text(TRUTH)
    return Dataset(tmp_path, script, qvtime)


def test_each_query_is_asked_once_and_measured(dataset: Dataset) -> None:
    plot = dataset.folder / "plot.svg"
    ran = dataset.run("-q", "-f", "json", "--plot", str(plot))
    assert (ran.code, ran.stderr) == (0, "")
    measured = json.loads(ran.stdout)
    moments = measured["groups"]["moments"]
    assert moments["queries"] == 3
    assert moments["measures"]["R@1 IoU 0.7"]["value"] == pytest.approx(200 / 3)
    assert measured["curves"]["recall"][-1] == [0.95, pytest.approx(2 / 3)]
    assert "polyline" in plot.read_text()
    lines = [json.loads(line) for line in dataset.kept.read_text().splitlines()]
    assert [(Path(one["video"]["path"]).name, one["question"]) for one in lines] == [
        ("a.mp4", "a dog runs"),
        ("a.mp4", "a cat sleeps"),
        ("b.mkv", "a cat sleeps"),
    ]
    again = dataset.run("-f", "json")
    assert json.loads(again.stdout) == measured
    assert "3 of 3 queries were answered before" in again.stderr
    assert dataset.script.loads == 1
    alone = dataset.qvtime(
        "eval", str(dataset.kept), str(dataset.folder / "truth.txt"), "-f", "json"
    )
    assert json.loads(alone.stdout) == measured


def test_a_run_that_was_cut_short_goes_on(dataset: Dataset) -> None:
    measured = dataset.run("-q").stdout
    whole = dataset.kept.read_bytes()
    second = whole.index(b"\n") + 1
    dataset.kept.write_bytes(whole[: second + 100])
    seen = len(dataset.script.windows)
    assert dataset.run("-q").stdout == measured
    assert 0 < len(dataset.script.windows) - seen < seen
    lines = [json.loads(line) for line in dataset.kept.read_bytes().splitlines()]
    assert [one["question"] for one in lines] == ["a dog runs", "a cat sleeps", "a cat sleeps"]


def test_what_failed_is_asked_again(dataset: Dataset) -> None:
    broken = dataset.folder / "videos" / "b.mkv"
    whole = broken.read_bytes()
    broken.write_text("no video")
    ran = dataset.run("-q")
    assert ran.code == 3
    assert ran.stderr.startswith(f"qvtime: {broken}: ")
    assert len(dataset.kept.read_text().splitlines()) == 2
    broken.write_bytes(whole)
    assert dataset.run("-q").code == 0
    assert len(dataset.kept.read_text().splitlines()) == 3


def test_a_query_that_cannot_be_asked_does_not_end_the_run(dataset: Dataset) -> None:
    with (dataset.folder / "truth.txt").open("a") as truth:
        truth.write(f"a 0.0 1.0##{'long ' * 1000}\na 0.0 0.75##a dog\n")
    ran = dataset.run()
    assert ran.code == 3
    assert 'the query "long long' in ran.stderr
    assert "4999 characters; 4000 are allowed" in ran.stderr
    assert "moments (5 queries)" in ran.stdout
    assert len(dataset.kept.read_text().splitlines()) == 4
    assert dataset.run().code == 3


def test_queries_with_ids_of_their_own_are_all_measured(dataset: Dataset) -> None:
    records = [
        {"qid": number, "query": "a dog runs", "vid": "a", "relevant_windows": [[0, end]]}
        for number, end in ((1, 0.75), (2, 5), (2, 0.75))
    ]
    truth = dataset.folder / "truth.txt"
    truth.write_text("".join(f"{json.dumps(one)}\n" for one in records))
    ran = dataset.run()
    assert "moments (2 queries)" in ran.stdout
    assert "line 3 (qid 2) is there again" in ran.stderr
    assert len(dataset.kept.read_text().splitlines()) == 1


def test_two_videos_of_one_name_matter_where_a_query_is_about_them(dataset: Dataset) -> None:
    videos = dataset.folder / "videos"
    for name in ("old/other.mp4", "other.mp4"):
        (videos / name).parent.mkdir(exist_ok=True)
        shutil.copy(videos / "a.mp4", videos / name)
    assert dataset.run("-q").code == 0
    shutil.copy(videos / "a.mp4", videos / "old" / "a.mov")
    ran = dataset.run("-q")
    assert ran.code == 2
    assert "have one name" in ran.stderr


def test_videos_that_are_not_there(dataset: Dataset) -> None:
    (dataset.folder / "videos" / "b.mkv").unlink()
    ran = dataset.run("-q")
    assert ran.code == 3
    assert "1 videos of" in ran.stderr
    assert ran.stderr.endswith(": b\n")
    assert "moments (3 queries)" in ran.stdout, "a query without an answer counts 0"
    (dataset.folder / "videos" / "a.mp4").unlink()
    assert "no video of" in dataset.run().stderr


def test_answers_of_other_weights_are_not_mixed(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dataset.run("-q").code == 0
    monkeypatch.setattr(
        "qvtime.tasks.predict.identity", lambda settings: f"{settings.model} taught again"
    )
    ran = dataset.run()
    assert ran.code == 2
    assert "was begun with model demo sha256:" in ran.stderr


def test_answers_of_other_settings_are_not_mixed(dataset: Dataset) -> None:
    assert dataset.run("-q").code == 0
    before = dataset.kept.read_bytes()
    ran = dataset.run(granularity="0.5")
    assert ran.code == 2
    assert "was begun with granularity_ms 1000" in ran.stderr
    for other in (b"not ours", b'{"schema": "qvtime/1"}\n', b"[1]\nrest"):
        dataset.kept.write_bytes(other)
        assert dataset.run().code == 2
        assert dataset.kept.read_bytes() == other
    dataset.kept.write_bytes(before)
    assert dataset.run("-q").code == 0


@pytest.mark.parametrize(
    "line",
    [
        ("--run", "truth.txt"),
        ("--run", "truth.txt", "--videos", "videos", "found.jsonl", "truth.txt"),
        ("--run", "-", "--videos", "videos"),
        ("--run", "truth.txt", "--videos", "videos", "--top-k", "0"),
        ("--run", "nothing.txt", "--videos", "videos"),
        ("--videos", "videos", "found.jsonl", "truth.txt"),
        ("found.jsonl",),
        ("truth.txt", "truth.txt", "--plot", "plot.pdf"),
    ],
)
def test_what_makes_no_sense(dataset: Dataset, line: tuple[str, ...]) -> None:
    assert dataset.qvtime("eval", *line).code == 2
    assert dataset.script.loads == 0


def test_the_dataset_and_the_videos_are_not_written_over(dataset: Dataset) -> None:
    line = ("eval", "--run", "truth.txt", "--videos", "videos", "--predictions", "truth.txt")
    assert dataset.qvtime(*line).code == 5
    assert (dataset.folder / "truth.txt").read_text() == TRUTH
    video = dataset.folder / "videos" / "a.mp4"
    whole = video.read_bytes()
    assert dataset.qvtime(*line[:-1], str(video)).code == 2
    assert video.read_bytes() == whole


def test_two_runs_do_not_write_into_one_file(dataset: Dataset) -> None:
    with dataset.kept.open("ab") as other:
        fcntl.flock(other.fileno(), fcntl.LOCK_EX)
        ran = dataset.run()
        assert (ran.code, ran.stdout) == (5, "")
        assert "another run is writing to it" in ran.stderr
        assert dataset.kept.read_bytes() == b""
    assert dataset.script.loads == 0
    assert dataset.run("-q").code == 0
    assert len(dataset.kept.read_text().splitlines()) == 3


def test_two_outputs_are_two_files(dataset: Dataset) -> None:
    (dataset.folder / "link.png").symlink_to(dataset.kept)
    for outputs in (
        ("-o", str(dataset.kept)),
        ("-o", "a.svg", "--plot", "./a.svg"),
        ("--plot", "link.png"),
    ):
        ran = dataset.run(*outputs)
        assert ran.code == 2
        assert "is named for two outputs" in ran.stderr
    assert dataset.script.loads == 0
    line = ("eval", "--run", "truth.txt", "--videos", "videos", "-o", "truth.predictions.jsonl")
    assert dataset.qvtime(*line).code == 2


def test_a_query_with_half_a_surrogate_pair_is_asked_once(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the demo's own tokenizer, which takes none."""
    monkeypatch.undo()
    monkeypatch.chdir(dataset.folder)
    record = {"qid": 1, "query": "the \ud800 jumps", "vid": "a", "relevant_windows": [[0, 1]]}
    (dataset.folder / "truth.txt").write_text(json.dumps(record))
    kept = []
    for _ in range(2):
        ran = dataset.run("-q")
        assert (ran.code, ran.stderr) == (0, "")
        assert "moments (1 queries)" in ran.stdout
        kept.append(dataset.kept.read_bytes())
    assert kept[0] == kept[1]


def test_the_file_is_named_after_the_dataset(dataset: Dataset) -> None:
    line = ("eval", "--run", "truth.txt", "--videos", "videos", "-m", "demo", "-q")
    assert dataset.qvtime(*line, "--features", "none", "--granularity", "1").code == 0
    assert (dataset.folder / "truth.predictions.jsonl").is_file()

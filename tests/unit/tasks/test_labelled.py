"""Labels and their videos as they lie on the disk, whole and damaged."""

import json
import os
import shutil
from pathlib import Path

import pytest

from qvtime import formats
from qvtime.errors import UsageError, VideoError
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.tasks.labelled import read_labels
from qvtime.tasks.lengths import Lengths
from qvtime.tasks.predict import read_queries
from qvtime.tasks.train import check_spelling, split
from qvtime.timeline import Event, Span
from qvtime.tuning.labels import Split
from qvtime.video.reader import VideoReader
from qvtime.video.worker import open_video
from tests.unit.tuning.conftest import clips as clips
from tests.unit.tuning.conftest import tokenizer as tokenizer
from tests.unit.tuning.conftest import video


def test_a_folder_of_made_clips(clips: Path) -> None:
    read = read_labels(str(clips), None, Settings())
    assert [one.name for one in read.videos] == [f"clip-{number}" for number in range(4)]
    assert read.notes == ()
    for one in read.videos:
        truth = json.loads((clips / f"{one.name}.truth.json").read_text("utf-8"))
        assert [label.caption for label in one.labels] == [
            raw["caption"] for raw in truth["segments"]
        ]
        assert one.whole
        assert abs(one.duration_ms - 5000) <= 1


def test_queries_are_not_all_that_happens(clips: Path, tmp_path: Path) -> None:
    charades = tmp_path / "train.txt"
    charades.write_text("clip-0 0.5 2.0##a person waves.\nclip-0 1.0 3.0##a dog.\n", "utf-8")
    (one,) = read_labels(str(charades), str(clips), Settings()).videos
    assert not one.whole
    assert [(label.span.start_ms, label.caption) for label in one.labels] == [
        (500, "a person waves."),
        (1000, "a dog."),
    ]
    highlights = tmp_path / "train.jsonl"
    record = {"qid": 1, "query": "a cat", "vid": "clip-1", "relevant_windows": [[0, 2], [3, 4]]}
    highlights.write_text(json.dumps(record) + "\n", "utf-8")
    (one,) = read_labels(str(highlights), str(clips), Settings()).videos
    assert [label.caption for label in one.labels] == ["a cat", "a cat"]
    assert not one.whole


def segments(folder: Path, video: str, *spans: tuple[object, object, str]) -> str:
    file = folder / "labels.json"
    rows = [{"start_time": a, "end_time": b, "caption": c} for a, b, c in spans]
    file.write_text(json.dumps({"video_id": video, "segments": rows}), "utf-8")
    return str(file)


@pytest.mark.parametrize("name", ["short.ogv", "short.mov.mp4", "a.b.MTS"])
def test_a_draft_finds_the_video_that_it_is_of(name: str, clips: Path, tmp_path: Path) -> None:
    path = shutil.copy(clips / "clip-0.mp4", tmp_path / name)
    report = Report(str(path), "", "", (Event(Span(0, 1000), "a dog runs"),), "demo")
    file = tmp_path / "draft.segments.json"
    file.write_text(formats.write(report, "segments"), "utf-8")
    (one,) = read_labels(str(file), None, Settings()).videos
    assert (one.path, len(one.labels)) == (str(path), 1)
    (query,) = read_queries(str(file), str(tmp_path))
    assert query.path == str(path)


def test_what_cannot_be_is_left_out_and_said(clips: Path, tmp_path: Path) -> None:
    good = (1, 2, "good")
    bad = ((3, 2, "reversed"), (70, 80, "outside"), (4, 900, "too long"), (1, 2, "  "))
    read = read_labels(segments(tmp_path, "clip-0", good, *bad), str(clips), Settings())
    (one,) = read.videos
    assert [(label.caption, label.span.end_ms) for label in one.labels] == [
        ("good", 2000),
        ("too long", 5000),
    ]
    assert any("ends before it starts" in note for note in read.notes)
    assert any("2 of its labels have no words" in note for note in read.notes)


def test_videos_that_are_not_there_are_named(clips: Path, tmp_path: Path) -> None:
    file = tmp_path / "train.txt"
    file.write_text("".join(f"v{n} 0 1##x\n" for n in range(5)) + "clip-0 0 1##x\n", "utf-8")
    read = read_labels(str(file), str(clips), Settings())
    assert [one.name for one in read.videos] == ["clip-0"]
    (note,) = read.notes
    assert "v0, v1, v2 and 2 more" in note
    (tmp_path / "v0.mp4").write_bytes(b"no video")
    with pytest.raises(UsageError, match="nothing to learn from"):
        read_labels(str(file), str(tmp_path), Settings())


def test_a_caption_of_a_period_has_no_words(clips: Path, tmp_path: Path) -> None:
    file = segments(tmp_path, "clip-0", (1, 2, "good"), (1, 2, " . "))
    read = read_labels(file, str(clips), Settings())
    assert [label.caption for label in read.videos[0].labels] == ["good"]
    assert any("1 of its labels have no words" in note for note in read.notes)


def test_answers_of_a_model_are_no_labels(clips: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    shutil.copytree(clips, folder)
    before = read_labels(str(folder), None, Settings())
    report = Report(str(folder / "clip-0.mp4"), "wrong", "", (Event(Span(0, 1000), "wrong"),), "m")
    answers = folder / "clip-0.truth.predictions.jsonl"  # where `eval --run` puts them
    answers.write_text(formats.write(report, "jsonl"), "utf-8")
    read = read_labels(str(folder), None, Settings())
    assert read.videos == before.videos
    assert read.notes == (f"{answers} has answers of a model, no labels (left out)",)
    with pytest.raises(UsageError, match="answers of a model"):
        read_labels(str(answers), None, Settings())


def test_two_videos_of_one_name_are_refused_where_labels_name_them(
    clips: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "clips"
    shutil.copytree(clips, folder)
    (folder / "old").mkdir()
    shutil.copy(clips / "clip-1.mp4", folder / "old" / "clip-0.mov")
    with pytest.raises(UsageError, match="have one name"):
        read_labels(str(folder), None, Settings())
    charades = tmp_path / "train.txt"
    charades.write_text("clip-1 0.5 2.0##a person waves.\n", "utf-8")
    assert len(read_labels(str(charades), str(folder), Settings()).videos) == 1


def test_nothing_to_learn_from(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to learn from"):
        read_labels(segments(tmp_path, "clip-0"), str(clips), Settings())
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no labels"):
        read_labels(str(tmp_path / "empty"), None, Settings())
    with pytest.raises(VideoError):
        read_labels(segments(tmp_path, "clip-0", (0, 1, "x")), str(tmp_path / "no"), Settings())


def test_a_caption_that_cannot_be_spelled_is_named(tokenizer: object) -> None:
    check_spelling(tokenizer, [video((0, 1, "an orange square flips 橙色 \N{DOG FACE}"))])
    with pytest.raises(UsageError, match="cannot spell"):
        check_spelling(tokenizer, [video((0, 1, "half \ud83d"))])


def test_videos_are_held_out_by_name_and_at_least_one() -> None:
    videos = [video(name=f"v{number}") for number in range(20)]
    parts = split(videos, 0.1, 0)
    assert (len(parts.learn), len(parts.held_out)) == (18, 2)
    assert {one.name for one in parts.videos} == {one.name for one in videos}
    again = split(videos[::-1], 0.1, 0)
    assert {one.name for one in again.learn} == {one.name for one in parts.learn}
    assert len(split(videos[:2], 0.1, 0).held_out) == 1
    assert split(videos[:1], 0.1, 0) == Split(learn=(videos[0],), held_out=())
    assert split(videos, 0.0, 0).held_out == ()


def test_lengths_are_seen_once_and_kept(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def counted(path: str, *more: object) -> VideoReader:
        opened.append(Path(path).name)
        return open_video(path, *more)  # type: ignore[arg-type]

    monkeypatch.setattr("qvtime.tasks.lengths.open_video", counted)
    folder, kept = tmp_path / "clips", tmp_path / "lengths.json"
    shutil.copytree(clips, folder)
    first = Lengths(Settings(), kept)
    read = read_labels(str(folder), None, Settings(), lengths=first)
    assert read_labels(str(folder), None, Settings(), lengths=first) == read
    assert sorted(opened) == [f"clip-{number}.mp4" for number in range(4)]
    first.keep(kept)
    again = Lengths(Settings(), kept)
    assert read_labels(str(folder), None, Settings(), lengths=again) == read
    assert len(opened) == 4
    shutil.copy(folder / "clip-1.mp4", folder / "clip-0.mp4")  # another time of change
    os.utime(folder / "clip-0.mp4", (1, 1))
    read_labels(str(folder), None, Settings(), lengths=again)
    assert opened[4:] == ["clip-0.mp4"]


def test_a_damaged_file_of_lengths_holds_none(clips: Path, tmp_path: Path) -> None:
    kept = tmp_path / "lengths.json"
    video = str(clips / "clip-0.mp4")
    status = Path(video).stat()
    true = Lengths(Settings()).of(video)
    entry = [status.st_size, status.st_mtime_ns, "pyav"]
    for wrong in ("{", "[1]", json.dumps({video: [*entry, "5"]}), json.dumps({video: [*entry, 0]})):
        kept.write_text(wrong, "utf-8")
        assert Lengths(Settings(), kept).of(video) == true
    kept.write_text(json.dumps({video: [*entry, 1234]}), "utf-8")
    assert Lengths(Settings(), kept).of(video) == 1234
    gone = Lengths(Settings(), kept).of(str(tmp_path / "gone.mp4"))
    assert isinstance(gone, VideoError)

"""`qvtime label`: drafts from the index or by looking, and never over what is there."""

import json
import shutil
from pathlib import Path

import pytest

from qvtime.evaluation.readers import read_file
from qvtime.report import Report
from qvtime.store.fingerprint import take_fingerprint
from qvtime.store.index import open_index
from qvtime.store.place import place_at
from qvtime.timeline import Event, Span
from tests.cli.conftest import Qvtime
from tests.scripted import Script, seeing

SEEN = Event(Span(0, 2000), "a dog runs", 0.9)
KNOWN = Event(Span(500, 1250), "a cat sleeps", 0.8)
SAID = Event(Span(0, 1000), "hello", source="subtitle")
LABEL = ("label", "--granularity", "1", "--features", "none", "-m", "demo")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    """The model: it sees a dog in every video."""
    script = seeing([SEEN])
    monkeypatch.setattr("qvtime.cli.labelling.open_model", lambda *_: script.load())
    return script


@pytest.fixture
def video(tmp_path: Path, clip: Path) -> Path:
    """A video that no index knows."""
    return Path(shutil.copy(clip, tmp_path / "clip.mp4"))


def know(video: Path, folder: Path) -> None:
    """Puts a timeline of the video into the index of a folder."""
    report = Report(str(video), "", "", (KNOWN,), model="another")
    with open_index(place_at(str(folder)), writing=True) as index:
        index.save_timeline(str(video), take_fingerprint(str(video)), "{}", report, [SAID])


def drafted(file: Path) -> list[tuple[str, int, int]]:
    (entry,) = read_file(str(file), is_truth=True).entries
    assert entry.video == "clip"
    return [
        (one.caption, round(1000 * one.start_s), round(1000 * one.end_s)) for one in entry.intervals
    ]


def test_from_the_index(qvtime: Qvtime, script: Script, video: Path) -> None:
    know(video, video.parent / ".qvtime")
    ran = qvtime(*LABEL, str(video))
    file = video.parent / "clip.segments.json"
    assert (ran.code, ran.stdout) == (0, "")
    assert ran.stderr == (
        f"qvtime: {video}: 1 segment from the index (another), in {file}; correct them by hand\n"
    )
    assert drafted(file) == [("a cat sleeps", 500, 1250)]
    assert script.loads == 0


def test_from_an_index_elsewhere(qvtime: Qvtime, script: Script, video: Path) -> None:
    elsewhere = video.parent / "elsewhere"
    know(video, elsewhere)
    ran = qvtime(*LABEL, str(video), "--index", str(elsewhere), "-o", "-", "-q")
    assert (ran.code, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["segments"][0]["caption"] == "a cat sleeps"
    assert qvtime(*LABEL, str(video), "--index", str(video.parent / "none")).code == 5
    assert script.loads == 0


def test_by_looking(qvtime: Qvtime, script: Script, video: Path) -> None:
    ran = qvtime(*LABEL, str(video))
    assert ran.code == 0
    assert ran.stderr.startswith(f"qvtime: {video}: 1 segment seen by demo, in ")
    assert drafted(video.parent / "clip.segments.json") == [("a dog runs", 0, 1500)]
    assert script.loads == 1
    assert not (video.parent / ".qvtime").exists(), "a draft is not an index"


def test_a_changed_video_is_looked_at_again(qvtime: Qvtime, script: Script, video: Path) -> None:
    know(video, video.parent / ".qvtime")
    with video.open("ab") as opened:
        opened.write(bytes(100))
    assert qvtime(*LABEL, str(video)).code == 0
    assert script.loads == 1


def test_a_file_that_exists_is_kept(qvtime: Qvtime, script: Script, video: Path) -> None:
    file = video.parent / "clip.segments.json"
    file.write_text("corrected")
    ran = qvtime(*LABEL, str(video))
    assert ran.code == 5
    assert "there already" in ran.stderr
    assert file.read_text() == "corrected"
    assert script.loads == 0, "known before any work"
    assert qvtime(*LABEL, str(video), "--force").code == 0
    assert drafted(file) == [("a dog runs", 0, 1500)]
    file.unlink()
    file.symlink_to(video.parent / "nowhere")
    assert qvtime(*LABEL, str(video)).code == 5


def test_a_folder(qvtime: Qvtime, script: Script, video: Path) -> None:
    (video.parent / "sub").mkdir()
    for name in ("clip.mkv", "sub/other.mp4"):
        shutil.copy(video, video.parent / name)
    (video.parent / "broken.mp4").write_text("no video")
    out = video.parent / "labels"
    out.mkdir()
    ran = qvtime(*LABEL, str(video.parent), "-o", str(out), "-q", "--force")
    assert ran.code == 3
    assert sorted(one.name for one in out.iterdir()) == [
        "clip.segments.json",
        "other.segments.json",
    ]
    assert "broken.mp4: " in ran.stderr
    assert "the draft of another video" in ran.stderr
    assert script.loads == 1
    for wrong in (str(out / "one.json"), f"{out}/nothing/"):
        assert qvtime(*LABEL, str(video.parent), "-o", wrong).code == 2


def test_several_on_stdout_are_one_object_a_line(
    qvtime: Qvtime, script: Script, video: Path
) -> None:
    shutil.copy(video, video.parent / "other.mp4")
    printed = (*LABEL, "-o", "-", "-q")
    lines = qvtime(*printed, str(video.parent)).stdout.splitlines()
    assert [json.loads(line)["video_id"] for line in lines] == ["clip", "other"]
    alone = qvtime(*printed, str(video)).stdout
    assert json.loads(alone) == json.loads(lines[0])
    assert alone.startswith('{\n  "video_id"')


@pytest.mark.parametrize(
    ("name", "code"), [("l.srt", 2), ("L.VTT", 2), ("l.csv", 2), ("l.jsonl", 2), ("new.mkv", 5)]
)
def test_a_name_that_promises_something_else(
    name: str, code: int, qvtime: Qvtime, script: Script, video: Path
) -> None:
    ran = qvtime(*LABEL, str(video), "-o", str(video.parent / name), "--force")
    assert (ran.code, ran.stdout) == (code, "")
    assert name in ran.stderr
    assert ".segments.json" in ran.stderr
    assert list(video.parent.iterdir()) == [video]
    assert script.loads == 0


def test_a_name_that_promises_json_or_nothing(qvtime: Qvtime, script: Script, video: Path) -> None:
    for name in ("labels.json", "labels", "labels.draft"):
        file = video.parent / name
        assert qvtime(*LABEL, str(video), "-o", str(file)).code == 0
        assert drafted(file) == [("a dog runs", 0, 1500)]


def test_what_is_no_video(qvtime: Qvtime, script: Script, tmp_path: Path) -> None:
    assert qvtime(*LABEL, str(tmp_path / "nothing.mp4")).code == 3
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    ran = qvtime(*LABEL, str(text))
    assert ran.code == 3
    assert list(tmp_path.iterdir()) == [text]
    assert qvtime(*LABEL, str(text), "-o", str(text), "--force").code == 5

"""`qvtime index` and `qvtime locate --index` as people use them, on the demo model."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from qvtime.report import Report
from qvtime.store.index import open_index
from qvtime.store.overviews import OverviewStore
from qvtime.store.place import place_of
from qvtime.store.record import Record
from qvtime.tasks.overviews import overview_key
from tests.cli.conftest import INDEX, SHORT, Qvtime


def test_what_happens_is_what_the_index_says(qvtime: Qvtime, tmp_path: Path) -> None:
    video = tmp_path / "short.mp4"
    shutil.copy(SHORT, video)
    assert qvtime("index", "-m", "demo", "-q", "--features", "none", str(video)).code == 0
    shown = json.loads(qvtime("index", "--show", str(video), "-f", "json").stdout)["events"]
    truth = json.loads(Path(SHORT).with_suffix(".truth.json").read_text())["segments"]
    assert [one["caption"] for one in shown] == [one["caption"] for one in truth]
    starts_ms = [round(1000 * float(one["start_time"].split(":")[2])) for one in truth]
    assert [one["start_ms"] for one in shown] == pytest.approx(starts_ms, abs=500)
    stats = ("index", "--stats", str(tmp_path), "-f", "json")
    assert json.loads(qvtime(*stats).stdout)["overviews_bytes"] > 24 * 256  # two cells a second
    assert qvtime("index", "-q", "--forget", str(video)).code == 0
    assert json.loads(qvtime(*stats).stdout)["overviews_bytes"] == 0


def test_an_overview_that_is_not_believed_is_said_and_made_again(
    qvtime: Qvtime, tmp_path: Path, clip: Path
) -> None:
    """Damaged in any way, of another version, of another video; its timeline is not touched."""
    video, other = tmp_path / "a.mp4", tmp_path / "b.mp4"
    shutil.copy(clip, video)
    shutil.copy(SHORT, other)
    index = ("index", "-m", "demo", str(tmp_path))
    timelines: list[tuple[Record, Report]] = []
    while not all(record.fingerprint.settled for record, _ in timelines) or not timelines:
        # as long as the files are new, every run looks at their content, and remembers that
        assert qvtime(*index).code == 0
        with open_index(place_of(str(tmp_path))) as kept:
            timelines = [(record, kept.report(record)) for record in kept.records()]

    folder = tmp_path / ".qvtime" / "overviews"
    ((record, _),) = (one for one in timelines if one[0].path == str(video))
    key = overview_key(record.fingerprint, record.made_with)
    made = OverviewStore(folder.parent).find(key)
    assert made is not None
    file = folder / key.file_name
    (others,) = (one for one in folder.iterdir() if one != file)
    whole, stranger = file.read_bytes(), others.read_bytes()
    flipped = bytearray(whole)
    flipped[whole.index(b"checksum") + 14] ^= 1
    for spoiled, why in (
        (whole[: len(whole) // 2], "is damaged"),
        (bytes(flipped), "is damaged"),
        (whole[:-1] + bytes([whole[-1] ^ 4]), "is damaged"),
        (whole.replace(b'\\"overview\\": 1', b'\\"overview\\": 0'), "was made by another version"),
        (stranger, "is of another video"),
    ):
        assert spoiled != whole
        file.write_bytes(spoiled)
        again = qvtime(*index)
        assert (again.code, again.stdout) == (0, "")
        (said,) = again.stderr.splitlines()
        assert said.startswith(f"qvtime: {video}: its overview {why}")
        assert said.endswith("; making it again")
        found = OverviewStore(folder.parent).find(key)
        assert found is not None
        assert found.cell_ms == made.cell_ms
        assert (found.looks == made.looks).all()
        assert qvtime(*index).stderr == ""
    assert others.read_bytes() == stranger
    with open_index(place_of(str(tmp_path))) as kept:
        assert [(record, kept.report(record)) for record in kept.records()] == timelines


@pytest.mark.usefixtures("model")
def test_a_folder_is_indexed_once(qvtime: Qvtime, folder: Path) -> None:
    first = qvtime(*INDEX, str(folder))
    assert (first.code, first.stdout) == (3, "")
    trouble, hint, summary = first.stderr.splitlines()
    assert trouble.startswith(f"qvtime: {folder}/broken.mp4: ")
    assert hint.startswith("  ")
    assert summary == "qvtime: 2 done, 1 failed"
    second = qvtime(*INDEX, str(folder))
    assert (second.code, second.stdout, second.stderr) == (0, "", "")

    listed = qvtime("index", "--list", str(folder), "-f", "jsonl")
    lines = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [(Path(one["path"]).name, one["status"]) for one in lines] == [
        ("a.mp4", "done"),
        ("broken.mp4", "failed"),
        ("b.mp4", "done"),
    ]
    text = qvtime("index", "--list", str(folder)).stdout.splitlines()
    assert len(text) == 3
    one = qvtime("index", "--list", str(folder / "a.mp4"))
    assert one.stdout.splitlines() == text[:1]
    unknown = qvtime("index", "--list", str(folder / "no.mp4"))
    assert (unknown.code, unknown.stdout) == (2, "")
    assert text[1].startswith("failed ")
    stats = qvtime("index", "--stats", str(folder), "-f", "json")
    counted = json.loads(stats.stdout)
    assert (counted["videos"], counted["failed"], counted["events_in_subtitles"]) == (3, 1, 1)
    assert "videos    3 (1 failed, 0 missing)" in qvtime("index", "--stats", str(folder)).stdout

    shown = json.loads(qvtime("index", "--show", str(folder / "a.mp4"), "-f", "json").stdout)
    assert shown["model"] == "scripted"
    assert [one["caption"] for one in shown["events"] if one["source"] == "subtitle"] == [
        "The striker scored!"
    ]
    subtitled = qvtime("index", "--show", str(folder / "a.mp4"), "-f", "srt").stdout
    assert "striker" not in subtitled, "what was said is not what was seen"
    file = folder.parent / "shown.srt"
    assert qvtime("index", "--show", str(folder / "a.mp4"), "-o", str(file)).code == 0
    assert file.read_text() == subtitled

    chart = str(file.with_suffix(".svg"))
    shown_twice = ("index", "--show", str(folder / "a.mp4"), "-f", "srt", "-o", chart)
    twice = qvtime(*shown_twice, "--plot", chart)
    assert (twice.code, twice.stdout) == (2, "")
    assert "is named for two outputs" in twice.stderr

    out = folder.parent / "out"
    written = qvtime(*INDEX, str(folder), "-o", str(out), "-f", "json")
    assert (written.code, written.stdout) == (0, "")
    files = sorted(str(file.relative_to(out)) for file in out.rglob("*.json"))
    assert files == ["a.json", "sub/b.json"]
    lines_out = qvtime(*INDEX, str(folder), "-f", "jsonl").stdout.splitlines()
    assert [json.loads(line)["video"]["path"] for line in lines_out] == [
        str(folder / "a.mp4"),
        str(folder / "sub/b.mp4"),
    ]

    found = qvtime("locate", "--index", str(folder), "--no-look", "STRIKER scores", "-f", "jsonl")
    assert found.code == 0
    (report,) = map(json.loads, found.stdout.splitlines())
    assert report["video"]["path"] == str(folder / "a.mp4")
    assert [(one["start_ms"], one["source"]) for one in report["events"]] == [(500, "subtitle")]
    sure = ("locate", "--index", str(folder), "--no-look", "-f", "jsonl", "--min-score")
    assert qvtime(*sure, "0", "striker").stdout == qvtime(*sure[:-1], "striker").stdout != ""
    assert qvtime(*sure, "0.1", "striker").code == 1, "what was said has no score"
    assert len(qvtime(*sure, "0.9", "dog runs").stdout.splitlines()) == 2
    unlikely = qvtime(*sure, "0.91", "dog runs")
    assert (unlikely.code, unlikely.stdout, unlikely.stderr) == (1, "", "")
    nothing = qvtime("locate", "--index", str(folder), "--no-look", "zebra")
    assert (nothing.code, nothing.stdout, nothing.stderr) == (1, "", "")
    table = qvtime("locate", "--index", str(folder), "--no-look", "zebra", "-f", "csv")
    assert table.code == 1
    assert table.stdout.startswith('"path","question",'), "a table has its header"
    unsure = qvtime("index", str(folder), "--forget", str(folder / "sub"))
    assert (unsure.code, unsure.stdout) == (2, "")
    assert f"forget {folder}, or only {folder}/sub in it?" in unsure.stderr
    assert len(qvtime("index", "--list", str(folder)).stdout.splitlines()) == 3
    wrong = qvtime("index", "--forget", str(folder / "sub"), "--forget", str(folder / "typo.mp4"))
    assert (wrong.code, wrong.stdout) == (2, "")
    assert f"{folder}/typo.mp4: is not in" in wrong.stderr
    assert len(qvtime("index", "--list", str(folder)).stdout.splitlines()) == 3, "all or none"
    assert qvtime("index", "--forget", str(folder / "sub")).code == 0
    assert len(qvtime("index", "--list", str(folder)).stdout.splitlines()) == 2
    gone = qvtime("index", "--show", str(folder / "sub/b.mp4"))
    assert (gone.code, gone.stdout) == (2, "")
    failed = qvtime("index", "--show", str(folder / "broken.mp4"))
    assert (failed.code, failed.stderr.splitlines()[0]) == (3, trouble)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("index",), 2, "Usage"),
        (("index", "-q"), 2, "nothing to index"),
        (("index", "--list", "--stats"), 2, "do not go together"),
        (("index", "--list", "HERE"), 5, "no such index"),
        (("index", "--stats", "HERE"), 5, "no such index"),
        (("index", "--forget", "HERE"), 5, "no such index"),
        (("index", "HERE", "-f", "srt"), 2, "-o"),
        (("index", "HERE", "-f", "nonsense"), 2, "no format"),
        (("index", "HERE", "--subtitles", "a.srt"), 2, "one video only"),
        (("index", "HERE", "--limit", "0"), 2, "limit"),
        (("index", "HERE", "-o", __file__), 2, "names no format"),
        (("index", "HERE/none.mp4"), 3, "no such file"),
        (("locate", "--index", "HERE", "x"), 5, "no such index"),
        (("locate", "--index", "HERE", "a.mp4", "x"), 2, "finds the videos itself"),
        (("locate", "--index", "HERE", "x", "--within", "0-1"), 2, "--within"),
        (("locate", "a.mp4", "x", "--no-look"), 2, "--index"),
        (("index", "--forget", ""), 2, "is empty"),
        (("index", "--list", "--index", ""), 2, "is empty"),
        (("locate", "--index", "", "x"), 2, "--index is empty"),
        (("locate", "--index", "HERE", " "), 2, "the question is empty"),
        (("locate", "--index", "HERE", "x", "--subtitles", "a.srt"), 2, "one video only"),
        (("locate", "--index", "HERE", "x", "--no-look", "-k", "0"), 2, "--top-k cannot be 0"),
        (("index", "--list", "HERE", "-o", "HERE/list.txt"), 2, "-o is for timelines"),
        (("index", "--stats", "HERE", "-o", "HERE/stats.json"), 2, "-o is for timelines"),
        (("index", "--forget", "HERE", "-o", "HERE/gone.txt"), 2, "-o is for timelines"),
        (("index", "--list", "HERE", "--prune"), 2, "--prune is for a run"),
        (("index", "--forget", "HERE", "--plan"), 2, "--plan is for a run"),
        (("index", "--stats", "HERE", "--limit", "2"), 2, "--limit is for a run"),
        (("index", "HERE", "--show", "HERE/a.mp4"), 2, "--show names its video itself"),
        (("index", "HERE", "--force"), 2, "--force is for the files of -o FOLDER"),
    ],
)
def test_what_makes_no_sense_is_said_and_makes_nothing(
    qvtime: Qvtime, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ran = qvtime(*(one.replace("HERE", str(tmp_path)) for one in arguments))
    assert (ran.code, ran.stdout) == (code, "")
    assert words in ran.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("model")
def test_no_video_is_overwritten(qvtime: Qvtime, folder: Path, clip: Path) -> None:
    video, odd = folder / "a.mp4", folder / "odd.dat"
    shutil.copy(clip, odd)
    paths = (str(folder), str(odd))
    for file in (video, odd):
        ran = qvtime(*INDEX, *paths, "-f", "json", "-o", str(file))
        assert (ran.code, ran.stdout) == (5, "")
        assert re.search(f"cannot write {file}: it is (a|the) video", ran.stderr)
        shown = qvtime("index", "--show", str(odd), "-f", "json", "-o", str(file))
        assert shown.code == 5
    for look in ((), ("--no-look",)):
        found = ("locate", "--index", str(folder), "-m", "demo", "-q", "dog runs", *look)
        for file in (video, odd):
            assert qvtime(*found, "-f", "json", "-o", str(file)).code == 5
    assert video.read_bytes() == odd.read_bytes() == clip.read_bytes()


@pytest.mark.usefixtures("model")
def test_a_file_stays_as_it_was_where_no_timeline_came(
    qvtime: Qvtime, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder.parent / "timelines.jsonl"
    file.write_text("precious")
    into_file = ("-o", str(file))
    assert qvtime(*INDEX, str(folder / "none.mp4"), *into_file).code == 3
    assert qvtime(*INDEX, str(folder / "broken.mp4"), *into_file).code == 3
    assert qvtime(*INDEX, str(folder / "broken.mp4"), *into_file).code == 0, "it failed before"
    assert file.read_text() == "precious"
    assert qvtime(*INDEX, str(folder), *into_file).code == 0
    assert len(file.read_text().splitlines()) == 2
    file.write_text("precious")
    (folder / "a.mp4").unlink()
    found = ("locate", "--index", str(folder), "-m", "demo", "-q", *into_file)
    assert qvtime(*found, "striker").code == 3
    (folder / "a.mp4").symlink_to(folder / "sub" / "b.mp4")
    someone_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: someone_else)
    assert qvtime(*found, "striker", "--no-look").code == 3, "behind a stranger's link"
    assert file.read_text() == "precious"
    assert qvtime(*found, "zebra").code == 1
    assert file.read_text() == "", "nothing was found"


@pytest.mark.usefixtures("model")
def test_a_closer_look_at_what_an_index_says(qvtime: Qvtime, folder: Path) -> None:
    qvtime(*INDEX, str(folder))
    found = ("locate", "--index", str(folder), "-m", "demo", "-q", "-f", "jsonl")
    looked = qvtime(*found, "striker", "--min-score", "0")
    assert looked.code in (0, 1), looked.stderr
    for line in looked.stdout.splitlines():
        report = json.loads(line)
        assert report["video"]["path"] == str(folder / "a.mp4"), "nothing else was a candidate"
        assert {event["caption"] for event in report["events"]} == {"striker"}
    (folder / "a.mp4").unlink()
    gone = qvtime(*found, "striker")
    assert gone.code == 3
    assert "a.mp4: there is no such file" in gone.stderr
    nothing = qvtime(*found, "zebra")
    assert (nothing.code, nothing.stdout, nothing.stderr) == (1, "", "")

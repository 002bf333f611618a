"""Whatever is wrong with what a user gives: one sentence that names it, and no traceback."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from safetensors.numpy import save_file

import qvtime.tasks.looking
from qvtime.model.checkpoint import DEMO_FOLDER
from tests.cli.conftest import SAMPLES, SHORT, Qvtime, Ran
from tests.videos import STEADY, Clip, make

AT = "what happens at 0:02"


def check(ran: Ran, code: int, *words: str) -> None:
    """One sentence and a hint on stderr, with these words in it, and nothing on stdout."""
    assert (ran.code, ran.stdout) == (code, ""), ran.stderr
    lines = ran.stderr.splitlines()
    assert lines[0].startswith("qvtime: "), ran.stderr
    assert all(line.startswith("  ") for line in lines[1:]), ran.stderr
    assert len(lines) <= 2
    assert "Traceback" not in ran.stderr
    for word in words:
        assert word in ran.stderr


class TestVideos:
    """Exit code 3: this video failed. The model is never loaded for it."""

    @pytest.fixture(autouse=True)
    def no_model(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def load(_settings: object) -> None:
            pytest.fail("the model was loaded")

        monkeypatch.setattr(qvtime.tasks.looking, "open_engine", load)

    def test_missing(self, qvtime: Qvtime, tmp_path: Path) -> None:
        path = str(tmp_path / "clip.mp4")
        check(qvtime("ask", path, AT), 3, path, "no such file", "check the path")

    def test_a_name_of_no_characters(self, qvtime: Qvtime) -> None:
        for command in (("ask", "", AT), ("label", "")):
            check(qvtime(*command), 3, "the name of a video is empty", "is a variable")

    def test_a_folder(self, qvtime: Qvtime, tmp_path: Path) -> None:
        check(qvtime("ask", str(tmp_path), AT), 3, str(tmp_path), "folder", "name a file")

    def test_empty(self, qvtime: Qvtime, tmp_path: Path) -> None:
        path = tmp_path / "clip.mp4"
        path.touch()
        check(qvtime("ask", str(path), AT), 3, str(path), "is empty", "again")

    def test_text_named_like_a_video(self, qvtime: Qvtime, tmp_path: Path) -> None:
        path = tmp_path / "clip.mp4"
        path.write_text("what happens at 2:48\n" * 1000)
        check(qvtime("ask", str(path), AT), 3, str(path), "not")

    def test_sound_without_pictures(self, qvtime: Qvtime, tmp_path: Path) -> None:
        path = sound_only(tmp_path / "sound.mp4")
        check(qvtime("ask", str(path), AT), 3, str(path))

    def test_a_stream_without_pictures(self, qvtime: Qvtime, tmp_path: Path) -> None:
        whole = make(Clip("whole.mp4", STEADY, muxer=(("movflags", "faststart"),)), tmp_path)
        path = tmp_path / "no-pictures.mp4"
        data = whole.read_bytes()
        path.write_bytes(data[: data.index(b"mdat") + 4])
        check(qvtime("ask", str(path), AT), 3, str(path))

    def test_cut_off_before_its_index(self, qvtime: Qvtime, clip: Path, tmp_path: Path) -> None:
        path = tmp_path / "cut.mp4"
        data = clip.read_bytes()
        path.write_bytes(data[: len(data) // 2])
        check(qvtime("ask", str(path), AT), 3, str(path))

    def test_a_name_that_steers_a_terminal(self, qvtime: Qvtime, tmp_path: Path) -> None:
        ran = qvtime("ask", str(tmp_path / "\x1b[31mred\n.mp4"), AT)
        check(ran, 3, "\\x1b[31mred\\n.mp4")
        assert "\x1b" not in ran.stderr

    def test_a_name_like_an_option(
        self, qvtime: Qvtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        check(qvtime("ask", "--", "-dash.mp4", AT), 3, "-dash.mp4: there is no such file")


class TestUsage:
    """Exit code 2, before the video is opened: this one does not exist."""

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["", "-m", "demo"], "the question is empty"),
            ([" \t\n"], "the question is empty"),
            (["why " * 2000], "the question has 8000 characters; 4000 are allowed"),
            ([], "there is no question"),
            (["--questions", "missing.txt"], "cannot read the questions in missing.txt: no such"),
            (["--questions", "."], "cannot read the questions in .: is a directory"),
            (["--questions", "/dev/zero"], "more than 4 MiB"),
            ([AT, "--format", "mp3"], 'there is no format "mp3"'),
            ([AT, "-o", "events.xyz"], 'the ending of "events.xyz" names no format'),
            ([AT, "--granularity", "0.2"], "--granularity cannot be 0.2"),
            ([AT, "--granularity", "fine"], '"fine" is not a time'),
            ([AT, "--window", "0.5"], "--window cannot be 0.5"),
            ([AT, "--window", "-3"], '"-3" is not a time'),
            ([AT, "--decoder", "vlc"], 'there is no decoder "vlc"'),
            ([AT, "--device", "tpu"], 'there is no device "tpu"'),
            ([AT, "--model", ""], "--model is empty"),
        ],
    )
    def test_what_makes_no_sense(self, arguments: list[str], words: str, qvtime: Qvtime) -> None:
        check(qvtime("ask", "missing.mp4", *arguments), 2, words)

    @pytest.mark.parametrize(
        "arguments", [["ask", "--colour"], ["tell"], ["ask", "a.mp4", AT, "--window"], ["--quiet"]]
    )
    def test_options_that_do_not_exist(self, arguments: list[str], qvtime: Qvtime) -> None:
        ran = qvtime(*arguments)
        assert (ran.code, ran.stdout) == (2, "")
        assert "Error: " in ran.stderr
        assert "Traceback" not in ran.stderr

    def test_a_file_of_questions_that_is_no_text(self, qvtime: Qvtime, tmp_path: Path) -> None:
        file = tmp_path / "questions.txt"
        file.write_bytes(b"caf\xe9")
        ran = qvtime("ask", "missing.mp4", "--questions", str(file))
        check(ran, 2, str(file), "not UTF-8 text", "one question a line")

    @pytest.mark.parametrize(
        "question", ["what happens at 0:13", "12:00:00发生了什么", "at 99 min"]
    )
    def test_a_time_beyond_the_end(self, question: str, qvtime: Qvtime) -> None:
        ran = qvtime("ask", SHORT, "what happens at 0:02", question, "-m", "missing")
        check(ran, 2, SHORT, "beyond the end", "00:00:12.0")

    def test_a_window_longer_than_the_model_reads(self, qvtime: Qvtime) -> None:
        ran = qvtime("ask", SHORT, AT, "-m", "demo", "--window", "1h")
        check(ran, 2, "--window is 3600 s; demo reads ", "shorter window")


class TestModels:
    """Exit code 5: could not run."""

    def test_a_name_that_is_nowhere(self, qvtime: Qvtime) -> None:
        ran = qvtime("ask", SHORT, AT, "-m", "nobody/nothing")
        check(ran, 5, "nobody/nothing", "not on this machine", "--model demo")

    def test_a_folder_that_is_not_there(self, qvtime: Qvtime) -> None:
        check(qvtime("ask", SHORT, AT, "-m", "./missing"), 5, "./missing", "--model demo")

    def test_another_kind_of_model(self, qvtime: Qvtime, tmp_path: Path) -> None:
        (tmp_path / "config.json").write_text('{"model_type": "llama"}')
        check(qvtime("ask", SHORT, AT, "-m", str(tmp_path)), 5, "llama")

    def test_weights_of_another_shape(self, qvtime: Qvtime, tmp_path: Path) -> None:
        for file in DEMO_FOLDER.iterdir():
            shutil.copy(file, tmp_path)
        config = json.loads((tmp_path / "config.json").read_text("utf-8"))
        config["text_config"]["intermediate_size"] //= 2
        (tmp_path / "config.json").write_text(json.dumps(config))
        ran = qvtime("ask", SHORT, AT, "-m", str(tmp_path))
        check(ran, 5, str(tmp_path), "another shape", "Fetch them again")

    def test_weights_that_run_code(self, qvtime: Qvtime, tmp_path: Path) -> None:
        for file in DEMO_FOLDER.glob("*.json"):
            shutil.copy(file, tmp_path)
        (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04")
        check(qvtime("ask", SHORT, AT, "-m", str(tmp_path)), 5, str(tmp_path), "can run code")

    def test_weights_cut_off(self, qvtime: Qvtime, tmp_path: Path) -> None:
        for file in DEMO_FOLDER.iterdir():
            shutil.copy(file, tmp_path)
        weights = tmp_path / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:100_000])
        check(qvtime("ask", SHORT, AT, "-m", str(tmp_path)), 5, str(tmp_path), "Fetch")

    def test_weights_without_a_model(self, qvtime: Qvtime, tmp_path: Path) -> None:
        for file in DEMO_FOLDER.glob("*.json"):
            shutil.copy(file, tmp_path)
        save_file({}, tmp_path / "model.safetensors")
        check(qvtime("ask", SHORT, AT, "-m", str(tmp_path)), 5, str(tmp_path), "not whole")

    def test_no_memory(self, qvtime: Qvtime, monkeypatch: pytest.MonkeyPatch) -> None:
        def load(_settings: object) -> None:
            raise MemoryError

        monkeypatch.setattr("qvtime.tasks.looking.open_engine", load)
        check(qvtime("ask", SHORT, AT, "-m", "demo"), 5, "out of memory", "smaller model")


class TestOutputs:
    """Exit code 5, before any work is done; the video does not exist, so that shows."""

    def ask(self, qvtime: Qvtime, file: Path) -> Ran:
        return qvtime("ask", "missing.mp4", AT, "-o", str(file), "-f", "json")

    def test_a_folder_that_is_not_there(self, qvtime: Qvtime, tmp_path: Path) -> None:
        file = tmp_path / "no" / "events.json"
        check(self.ask(qvtime, file), 5, str(file), "there is no folder", "make it first")

    def test_a_folder(self, qvtime: Qvtime, tmp_path: Path) -> None:
        check(self.ask(qvtime, tmp_path), 5, str(tmp_path), "it is a folder")

    def test_below_a_file(self, qvtime: Qvtime, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        check(self.ask(qvtime, tmp_path / "file" / "x.json"), 5, "cannot write", "not a directory")

    def test_a_name_too_long(self, qvtime: Qvtime, tmp_path: Path) -> None:
        check(self.ask(qvtime, tmp_path / ("x" * 300)), 5, "cannot write", "name too long")

    def test_the_video_itself(self, qvtime: Qvtime, tmp_path: Path) -> None:
        video, link = tmp_path / "clip.mp4", tmp_path / "link.mp4"
        shutil.copy(SHORT, video)
        link.symlink_to(video)
        for file in (video, link):
            ran = qvtime("ask", str(video), AT, "-m", "demo", "-f", "json", "-o", str(file))
            check(ran, 5, str(file), "it is the video")
        assert video.read_bytes() == Path(SHORT).read_bytes()

    def test_the_subtitles_beside_the_video(self, qvtime: Qvtime, tmp_path: Path) -> None:
        """Somebody's are kept; what qvtime wrote itself is written again."""
        video, file = tmp_path / "clip.mp4", tmp_path / "clip.srt"
        shutil.copy(SHORT, video)
        spoken = "1\n00:00:01,000 --> 00:00:02,000\nhello\n"
        for command in (("ask", str(video), AT), ("locate", str(video), "it spins")):
            file.write_text(spoken)
            ran = qvtime(*command, "-m", "demo", "-o", str(file))
            check(ran, 5, str(file), "it is the video's subtitles")
            assert file.read_text() == spoken
            file.unlink()
        for moment in ("0:02", "0:04", "0:04"):
            ran = qvtime("ask", str(video), f"at {moment}", "-m", "demo", "-q", "-o", str(file))
            assert ran.code == 0
        assert file.read_text().startswith("00000001\n")

    def test_an_index(self, qvtime: Qvtime, tmp_path: Path) -> None:
        file = tmp_path / "index.db"
        with closing(sqlite3.connect(file)) as rows:
            rows.execute("CREATE TABLE video (path BLOB)")
        kept = file.read_bytes()
        ran = qvtime("ask", SHORT, AT, "-m", "demo", "-f", "json", "-o", str(file))
        check(ran, 5, str(file), "it is a database")
        assert file.read_bytes() == kept

    def test_the_list_that_is_read(self, qvtime: Qvtime, tmp_path: Path) -> None:
        file = tmp_path / "list.json"
        for text, command, option, what in (
            (AT, ("ask", SHORT), "--questions", "list of questions"),
            (SHORT, ("locate", "it spins"), "--files-from", "list of files"),
        ):
            file.write_text(text)
            ran = qvtime(*command, "-m", "demo", option, str(file), "-o", str(file))
            check(ran, 5, str(file), f"it is the {what}", "name another")
            assert file.read_text() == text

    def test_a_full_disk(self, qvtime: Qvtime) -> None:
        ran = qvtime("ask", SHORT, AT, "-m", "demo", "-q", "-f", "json", "-o", "/dev/full")
        check(ran, 5, "cannot write /dev/full: no space left", "free some space")

    def test_a_failure_leaves_the_old_file(self, qvtime: Qvtime, tmp_path: Path) -> None:
        file = tmp_path / "events.json"
        file.write_text("old")
        for video, model, code in (("missing.mp4", "demo", 3), (SHORT, "./missing", 5)):
            assert qvtime("ask", video, AT, "-m", model, "-o", str(file)).code == code
        assert file.read_text() == "old"
        assert list(tmp_path.iterdir()) == [file]


def test_a_damaged_video_is_answered_and_ends_with_3(qvtime: Qvtime, tmp_path: Path) -> None:
    whole = make(Clip("whole.mkv", STEADY), tmp_path).read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    ran = qvtime("ask", str(path), "what happens at 0.5s", "-m", "demo", "-q", "-f", "json")
    document = json.loads(ran.stdout)
    assert ran.code == 3
    assert document["damage"]
    assert ran.stderr == f"qvtime: {path}: {document['damage'][0]}\n"


def test_a_mistake_of_ours_is_shown_whole(qvtime: Qvtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr("qvtime.tasks.ask.open_subtitled", fail)
    ran = qvtime("ask", SHORT, AT, "-m", "demo")
    assert ran.code == 5
    assert "Traceback" in ran.stderr
    assert "KeyError: 'oops'" in ran.stderr
    assert ran.stderr.endswith("please report it with the lines above\n")


def sound_only(path: Path) -> Path:
    """An mp4 with a second of silence and no video stream."""
    import av
    import numpy as np

    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), "fltp", "mono")
        silence.sample_rate = 16000
        container.mux([*stream.encode(silence), *stream.encode(None)])
    return path


def test_the_samples_are_where_these_tests_look() -> None:
    assert (SAMPLES / "short.mp4").stat().st_size > 0


@pytest.mark.parametrize(
    ("option", "needs"),
    [
        (("--rehearse-share", "0.9"), "--rehearse-share says nothing without --rehearse"),
        (("--align-layers", "1"), "--align-layers says nothing without --align-weight"),
        (("--align-heads", "1"), "--align-heads says nothing without --align-weight"),
    ],
)
def test_an_option_of_teaching_that_would_be_passed_over_is_refused(
    option: tuple[str, str], needs: str, qvtime: Qvtime, tmp_path: Path
) -> None:
    out = tmp_path / "taught"
    data = str(Path(SHORT).with_suffix(".truth.json"))
    check(qvtime("train", data, "-m", "demo", "--out", str(out), *option), 2, needs)
    assert not out.exists()


def test_a_model_is_not_written_among_its_labels(qvtime: Qvtime, tmp_path: Path) -> None:
    labels = Path(SHORT).with_suffix(".truth.json")
    (tmp_path / labels.name).write_bytes(labels.read_bytes())
    ran = qvtime("train", str(tmp_path), "-m", "demo", "--out", str(tmp_path))
    check(ran, 2, "is the folder of the labels")
    assert [one.name for one in tmp_path.iterdir()] == [labels.name]


def test_one_file_is_not_the_subtitles_of_all_that_is_taught(
    qvtime: Qvtime, tmp_path: Path
) -> None:
    out = tmp_path / "taught"
    data = str(Path(SHORT).with_suffix(".truth.json"))
    ran = qvtime("train", data, "-m", "demo", "--out", str(out), "--subtitles", "one.srt")
    check(ran, 2, "one.srt can be the subtitles of one video only")
    assert not out.exists()

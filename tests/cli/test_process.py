"""qvtime as a process: pipes, signals, names of any bytes, and nobody left behind."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from qvtime.cli.streams import make_stdout_unicode, write_stdout
from qvtime.errors import OutputError
from qvtime.report import Report
from qvtime.store.fingerprint import Fingerprint
from qvtime.store.index import open_index
from qvtime.store.place import place_at
from tests.cli.conftest import ROOT, SHORT, call, command, environment

AT = "what happens at 0:02"
MANY = "".join(f"what happens at {tenth / 10}\n" for tenth in range(10, 110))


@contextmanager
def answering(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A run that has given the first of a hundred answers and works on the others."""
    questions = tmp_path / "questions.txt"
    questions.write_text(MANY)
    arguments = ("ask", SHORT, "--questions", str(questions), "-m", "demo", "-q", "-f", "jsonl")
    with subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=environment(TMPDIR=str(tmp_path)),
    ) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert first["question"] == "what happens at 1.0"
        try:
            yield process
        finally:
            process.kill()


def children(process_id: int) -> list[int]:
    found = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    return [int(one) for one in found]


def is_gone_soon(process_id: int) -> bool:
    for _ in range(200):
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_and_its_children_quietly(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    with answering(tmp_path) as process:
        (decoder,) = children(process.pid)
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
        assert (process.returncode, said) == (code, b"")
        assert is_gone_soon(decoder)
    assert not list(tmp_path.glob("*qvtime*")), "only torch leaves a folder"


def test_ctrl_c_while_the_modules_load_ends_it_quietly() -> None:
    program = """
import sys
from qvtime.__main__ import main

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=50, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_a_reader_that_stops_reading_ends_it_quietly(tmp_path: Path) -> None:
    with answering(tmp_path) as process:
        (decoder,) = children(process.pid)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=20) == 0
        assert is_gone_soon(decoder)


@pytest.mark.parametrize("arguments", [("--help",), ("ask", "--help"), ("--version",)])
def test_help_that_nobody_reads_is_no_failure(arguments: tuple[str, ...]) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        command(*arguments),
        stdout=theirs,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=environment(),
        timeout=50,
        check=False,
    )
    os.close(theirs)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_stdout_is_reported() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command("ask", SHORT, AT, "-m", "demo"),
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env=environment(),
            timeout=50,
            check=False,
        )
    assert done.returncode == 5
    said = done.stderr.decode()
    assert said == "qvtime: cannot write to stdout: no space left on device\n" + (
        "  write to a file with -o\n"
    )


def test_questions_from_stdin_and_a_name_of_any_bytes(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/-caf\xe9 \xff\n.mp4"
    shutil.copy(os.fsencode(SHORT), name)
    ran = call(
        *("ask", name, "--questions", "-", "-m", "demo", "-f", "jsonl"),
        text_in="what happens at 0:02\n2秒发生了什么\n",
    )
    assert ran.code == 0
    documents = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [one["question"] for one in documents] == ["what happens at 0:02", "2秒发生了什么"]
    assert all("path_bytes_b64" in one["video"] for one in documents)


def run_redirected(
    redirection: str, arguments: Sequence[str]
) -> subprocess.CompletedProcess[bytes]:
    """qvtime as a shell starts it, with its streams redirected or closed."""
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *command(*arguments)],
        capture_output=True,
        cwd=ROOT,
        env=environment(),
        timeout=50,
        check=False,
    )


@pytest.mark.parametrize(
    ("closed", "arguments", "code", "said"),
    [
        ("<&-", ["ask", "missing.mp4", "--questions", "-"], 2, b"qvtime: there is no question"),
        ("2>&-", ["ask", "missing.mp4", AT], 3, b""),
        (">&-", ["ask", "missing.mp4", AT], 3, b"qvtime: missing.mp4: there is no such file"),
    ],
)
def test_closed_streams_are_no_crash(
    closed: str, arguments: list[str], code: int, said: bytes
) -> None:
    done = run_redirected(closed, arguments)
    assert (done.returncode, done.stdout) == (code, b"")
    assert done.stderr.partition(b"\n")[0] == said


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&- 2>&-"])
def test_a_video_is_read_with_closed_streams(closed: str, tmp_path: Path) -> None:
    """Nothing that the decoding process is given has the number of a stream of its own."""
    file = tmp_path / "answer.json"
    arguments = ("ask", SHORT, AT, "-m", "demo", "-q", "-o", str(file))
    done = run_redirected(closed, arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert json.loads(file.read_text())["question"] == AT


def test_closed_streams_are_opened_as_nothing() -> None:
    program = """
import os
from qvtime.cli.streams import fill_closed
for number in range(2):
    os.close(number)
fill_closed()
found = [os.readlink(f"/proc/self/fd/{number}") for number in range(2)]
inherited = [os.get_inheritable(number) for number in range(3)]
os.write(2, f"{found} {inherited} {os.open(os.devnull, os.O_RDONLY)}".encode())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=50, check=False
    )
    assert done.stderr.decode() == "['/dev/null', '/dev/null'] [True, True, True] 3"


def test_a_pipe_is_unicode_in_any_locale(tmp_path: Path) -> None:
    video = str(tmp_path / "短片.mp4")
    report = Report(video, "", "", (), model="another")
    with open_index(place_at(str(tmp_path)), writing=True) as index:
        index.save_timeline(video, Fingerprint(1, 1, "", True), "{}", report)
    done = subprocess.run(
        command("index", "--list", "--index", str(tmp_path)),
        capture_output=True,
        cwd=ROOT,
        env=environment(PYTHONIOENCODING="latin-1"),
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode("utf-8").endswith("短片.mp4\n")


def test_a_name_that_is_no_unicode_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    data = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(data, encoding="ascii"))
    make_stdout_unicode()
    write_stdout(os.fsdecode(b"caf\xe9 \xe7\x9f\xad"))
    assert data.getvalue() == b"caf\xe9 \xe7\x9f\xad"


def test_a_closed_stdout_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OutputError, match="cannot write to stdout: it is closed"):
        write_stdout("answer")


def test_an_error_needs_no_model_and_shows_no_traceback(tmp_path: Path) -> None:
    ran = call("ask", b"caf\xe9.mp4", AT, folder=tmp_path)
    assert ran.code == 3
    assert ran.stdout == ""
    assert ran.stderr == ("qvtime: caf\\xe9.mp4: there is no such file\n  check the path\n")

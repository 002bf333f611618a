"""On a terminal: what is being done, then answers, and nothing of the one within the other."""

import os
import pty
import re
import subprocess

from tests.cli.conftest import ROOT, SHORT, call, command, environment

QUESTIONS = ("what happens at 0:08.5", "what happens at 0:02")


def on_terminal(*arguments: str, **more: str) -> tuple[int, str]:
    """The exit code, and all that a terminal gets from stdout and stderr together."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command(*arguments),
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env=environment(**({"TERM": "xterm", "LANG": "C.UTF-8"} | more)),
    ) as process:
        os.close(theirs)
        printed = b""
        try:
            while block := os.read(ours, 1 << 16):
                printed += block
        except OSError:  # Linux says so when the other end of a terminal is closed
            pass
        os.close(ours)
    return process.returncode, printed.decode()


def visible(printed: str) -> list[str]:
    """The lines that stay on the screen: a progress line is wiped when its cursor comes back."""
    stays = re.sub(r"\x1b\[\?25l.*?\x1b\[\?25h(\r\x1b\[1A\x1b\[2K)?", "", printed, flags=re.DOTALL)
    return re.sub(r"\x1b\[[0-9;]*m", "", stays).replace("\r\n", "\n").splitlines()


def test_progress_and_answers_share_a_terminal() -> None:
    code, printed = on_terminal("ask", SHORT, *QUESTIONS, "-m", "demo")
    assert code == 0
    for said in ("opening the video", "loading the model", "looking at 00:00:07.0 - 00:00:10.0"):
        assert said in printed
    lines = visible(printed)
    assert [line for line in lines if line in QUESTIONS] == list(QUESTIONS)
    assert not any("…" in line for line in lines)
    assert sum(line.startswith("(looked at") for line in lines) == 2
    assert lines[-2].startswith("qvtime: the demo model understands")


def test_locate_draws_the_timeline_on_a_terminal_only() -> None:
    event = ("locate", SHORT, "the yellow square spins", "-m", "demo", "-q", "--min-score", "0")
    code, printed = on_terminal(*event)
    lines = visible(printed)
    assert code == 0
    assert lines[0].split()[0] == "1"
    assert any(set("▁▂▃▄▅▆▇█") & set(line) and "─" in line for line in lines)
    assert any(line.startswith("╵0:00") for line in lines)
    piped = call(*event)
    assert not set("─╵█") & set(piped.stdout)


def test_a_terminal_of_no_columns_shows_all() -> None:
    code, printed = on_terminal(
        "locate", SHORT, "the yellow square spins", "-m", "demo", "-q", COLUMNS="0"
    )
    assert code == 0
    assert "00:00:03.4 - 00:00:05.1" in "\n".join(visible(printed))

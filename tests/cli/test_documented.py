"""The commands of the documents, before the real command line: none has drifted from it."""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

from qvtime.cli.main import app
from qvtime.cli.settings import Reading, Running, read_settings, with_server
from qvtime.errors import UsageError
from qvtime.timeline import Event, Span
from tests.cli.conftest import ROOT, Qvtime
from tests.scripted import seeing

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
INDENTED = re.compile(r"^(?:    |\$ )(.*)$", re.MULTILINE)
STARTS = re.compile(r"(?<![\w./-])qvtime (?=[a-z])|/bin/qvtime (?=[a-z])")
COLUMN = re.compile(r" {4,}(?! *\\)")
"""What stands behind a command on its line is said of it."""
SYNOPSIS = "[--"


def commands(page: Path) -> Iterator[list[str]]:
    """The words behind `qvtime` of each command in a page's blocks of code."""
    text = re.sub(r" *\\\n\s*", " ", page.read_text("utf-8"))
    for line in INDENTED.findall(text):
        start = STARTS.search(line)
        if start is None or SYNOPSIS in line:
            continue
        rest = COLUMN.split(line[start.end() :])[0]
        words = []
        said = shlex.shlex(rest, posix=True, punctuation_chars=True)
        said.whitespace_split = True
        for word in said:
            if word[0] in "|<>;&()":
                break
            words.append(word)
        yield words


DOCUMENTED = [(page, words) for page in PAGES for words in commands(page)]
BENCHMARKS = [words for page, words in DOCUMENTED if page.name == "accuracy.md"]


def parsed(words: list[str]) -> dict[str, Any]:
    """What the command line makes of these words; no command runs."""
    command = typer.main.get_command(app)
    seen: list[dict[str, Any]] = []
    groups = [command]
    while groups:
        for one in getattr(groups.pop(), "commands", {}).values():
            groups.append(one)
            if not hasattr(one, "commands"):
                one.callback = lambda **options: seen.append(options)
    with pytest.raises(SystemExit) as end:
        command.main(words, "qvtime")
    if end.value.code:
        raise UsageError(f"qvtime {shlex.join(words)}")
    (options,) = seen
    return options


def check(words: list[str]) -> None:
    """UsageError for words that no command takes, or values that no option does."""
    options = parsed(words)
    if "granularity" in options:
        reading, running = (
            {one.name: options[one.name] for one in fields(kind) if one.name in options}
            for kind in (Reading, Running)
        )
        settings = read_settings(options["model"], Reading(**reading), Running(**running))
        with_server(settings, options.get("server"), options.get("server_frames", "auto"))


@pytest.mark.parametrize(
    ("page", "words"),
    DOCUMENTED,
    ids=[f"{page.stem}: {' '.join(w)}"[:70] for page, w in DOCUMENTED],
)
def test_a_documented_command_is_one(page: Path, words: list[str]) -> None:
    check(words)


def test_they_are_found() -> None:
    kinds = {words[0] for _, words in DOCUMENTED}
    assert {"ask", "locate", "index", "label", "eval", "train", "serve"} <= kinds
    assert [words[0] for words in BENCHMARKS] == ["eval"] * 3


@pytest.mark.parametrize(
    "more", [["--preset", "charades"], ["--picture", "1"], ["--fps", "3"], ["--tokens", "64b"]]
)
def test_what_no_command_takes_shows(more: list[str]) -> None:
    with pytest.raises(UsageError):
        check([*BENCHMARKS[0], *more])


TRUTH = {
    "charades-sta": "a 0.0 0.9##a dog runs\nb 1.0 2.0##a cat sleeps.\n",
    "activitynet": json.dumps(
        {
            name: {"duration": 2.4, "timestamps": [span], "sentences": [words]}
            for name, span, words in (("v_a", [0, 0.9], "a dog runs"), ("v_b", [1, 2], "A cat."))
        }
    ),
    "qvhighlights": "".join(
        json.dumps({"qid": n, "query": q, "vid": v, "duration": 2.4, "relevant_windows": [w]})
        + "\n"
        for n, q, v, w in ((1, "a dog runs", "a", [0, 0.9]), (2, "a cat sleeps", "b", [1, 2]))
    ),
}


@pytest.mark.parametrize("words", BENCHMARKS, ids=[w[w.index("--preset") + 1] for w in BENCHMARKS])
def test_a_benchmarks_command_runs_given_its_videos(
    words: list[str], tmp_path: Path, clip: Path, qvtime: Qvtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Word for word, over two queries in the benchmark's own format; only the model is planted."""
    script = seeing([Event(Span(0, 1000), "a dog runs", 0.9)])
    monkeypatch.setattr("qvtime.cli.predicting.open_model", lambda *_: script.load())
    monkeypatch.chdir(tmp_path)
    given = parsed(words)
    folder = Path(given["videos"])
    folder.mkdir()
    prefix = "v_" if given["preset"] == "activitynet" else ""
    for name in "ab":
        shutil.copy(clip, folder / f"{prefix}{name}.mp4")
    Path(given["run"]).write_text(TRUTH[given["preset"]])
    ran = qvtime(*words, "--features", "none")
    assert ran.code == 0, ran.stderr
    assert "(2 queries)" in ran.stdout
    assert len(given["kept_in"].read_text().splitlines()) == 2
    measured = json.loads(qvtime(*words, "--features", "none", "-q", "-f", "json").stdout)
    assert measured["groups"]["moments"]["measures"]["R@1 IoU 0.5"]["value"] == 50

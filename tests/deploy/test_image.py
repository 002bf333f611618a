"""The image, without Docker: what its steps name is there, and is enough."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from typer.main import get_command

from qvtime.cli.main import app
from qvtime.serve.security import access_for
from tests.deploy.steps import Builder, Stage, needed, read_stages
from tests.serve.conftest import Folder
from tests.serve.conftest import clips as clips
from tests.serve.conftest import folder as folder
from tests.serve.running import serving
from tests.unit.test_packaging import build_wheel, names_in

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
TOKEN = "a token of the tests"
VARIANTS = ("cpu", "cuda")


@pytest.fixture(params=VARIANTS)
def stages(request: pytest.FixtureRequest) -> list[Stage]:
    return read_stages(DOCKERFILE, {"VARIANT": request.param})


def image(*changes: tuple[str, str]) -> list[Stage]:
    return read_stages(DOCKERFILE, dict(changes))


def test_every_stage_begins_with_an_earlier_one_or_with_one_python(stages: list[Stage]) -> None:
    known: set[str] = set()
    bases = set()
    for stage in stages:
        if stage.base not in known:
            bases.add(stage.base)
        known.add(stage.name)
    (base,) = bases
    version = re.fullmatch(r"python:(3\.\d+)-slim-bookworm", base)
    assert version
    assert SpecifierSet(PROJECT["requires-python"]).contains(version[1])


def test_the_steps_of_a_variant_are_found() -> None:
    names = [stage.name for stage in needed(image())]
    assert names == ["wheel", "environment", "environment-cpu", "installed", ""]
    assert "environment-cuda" in [stage.name for stage in needed(image(("VARIANT", "cuda")))]


def copied(stages: list[Stage]) -> list[str]:
    """What is copied out of the repository."""
    steps = [step.words for stage in stages for step in stage.steps if step.keyword == "COPY"]
    return [one for words in steps if "--from" not in words for one in shlex.split(words)[:-1]]


def test_what_is_copied_is_there_and_is_sent_to_the_builder(stages: list[Stage]) -> None:
    ignored = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    sent = [line[1:] for line in ignored if line.startswith("!")]
    assert "*" in ignored
    assert set(copied(stages)) == set(sent)
    for name in sent:
        assert (ROOT / name).exists()
        assert not [line for line in ignored if fnmatch(name, line) and line != "*"]


def test_what_is_copied_is_enough_for_the_whole_wheel(tmp_path: Path) -> None:
    builder = Builder(tmp_path / "image", ROOT)
    (wheel,) = [stage for stage in image() if stage.name == "wheel"]
    builder.root.mkdir(parents=True)
    builder.working = "/src"
    builder.inside("").mkdir()
    for step in wheel.steps:
        if step.keyword == "COPY":
            builder.copy(shlex.split(step.words))
    built = build_wheel(builder.inside(""), tmp_path / "there")
    assert names_in(built) == names_in(build_wheel(ROOT, tmp_path / "here"))


def test_what_is_installed_is_pinned_and_offered(stages: list[Stage]) -> None:
    pinned = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert len([line for line in pinned if line.startswith("torch==")]) == 1
    runs = [step.words for stage in stages for step in stage.steps if step.keyword == "RUN"]
    installs = [words for words in runs if re.search(r"\bpip install\b", words)]
    assert installs
    for words in installs:
        assert "-c constraints.txt" in words or "--no-deps" in words
    extras = [
        step.words.removeprefix("EXTRAS=").split(",")
        for stage in needed(stages)
        for step in stage.steps
        if step.words.startswith("EXTRAS=")
    ]
    assert len(extras) == 1
    assert "serve" in extras[0]
    assert set(extras[0]) <= {*PROJECT["optional-dependencies"]} - {"dev"}


def test_it_does_not_run_as_root_and_writes_in_one_place(stages: list[Stage]) -> None:
    last = stages[-1]
    user = last.last("USER").words
    assert any("useradd --system --uid 10001 --user-group" in step.words for step in last.steps)
    assert user == "qvtime"
    assert [step.keyword for step in last.steps if step.keyword in ("USER", "RUN")][-1] == "USER"
    home = last.last("VOLUME").words
    assert f"HOME={home}" in last.last("ENV").words
    for one in shlex.split(last.last("CMD").words.replace(",", " ")):
        assert not one.startswith("/") or one.startswith(home) or one == "/videos"


def test_its_command_is_one_that_qvtime_understands(stages: list[Stage]) -> None:
    last = stages[-1]
    assert last.last("ENTRYPOINT").words_of_list() == ["qvtime"]
    name, *arguments = last.last("CMD").words_of_list()
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    asked = command.make_context(name, arguments).params
    assert (asked["host"], asked["port"]) == ("0.0.0.0", int(last.last("EXPOSE").words))


def test_its_health_is_that_of_the_server(folder: Folder, stages: list[Stage]) -> None:
    words = stages[-1].last("HEALTHCHECK").words
    check = json.loads(words[words.index("CMD") + 3 :])
    with serving(folder.site(access=access_for("0.0.0.0", [], TOKEN))) as running:
        moved = [word.replace("8080", str(running.port)) for word in check]
        assert moved != check
        healthy = subprocess.run([sys.executable, *moved[1:]], check=False, timeout=20)
    assert healthy.returncode == 0
    gone = subprocess.run(
        [sys.executable, *moved[1:]], check=False, timeout=20, stderr=subprocess.DEVNULL
    )
    assert gone.returncode != 0

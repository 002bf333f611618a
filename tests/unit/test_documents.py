"""What the documents say is so: links, commands, versions, pins."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from qvtime import __version__
from qvtime.cli.main import run

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")],
    key=lambda page: page.as_posix(),
)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
COMMAND = re.compile(r"^(?:\$ |    )?(qvtime (?:ask|locate) .*--model demo.*)$", re.MULTILINE)

every_page = pytest.mark.parametrize(
    "page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES]
)


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), target


@pytest.mark.timeout(300)  # a page of commands on a busy machine
@every_page
def test_commands_run(
    page: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Those on the demo model and nothing else: pipes and other models are not ours to run."""
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    monkeypatch.chdir(tmp_path)
    for command in COMMAND.findall(page.read_text("utf-8")):
        words = shlex.split(command.split(" | ")[0], comments=True)
        if ">" in words or "-" in words:
            continue
        assert run(words[1:]) == 0, f"{command}\n{capsys.readouterr().err}"


def test_the_readme_has_commands() -> None:
    assert COMMAND.search((ROOT / "README.md").read_text("utf-8"))


def test_the_newest_changes_are_of_this_version() -> None:
    heading = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert heading
    assert heading[1] in (__version__, "Unreleased")


def test_every_dependency_is_pinned_to_a_version_that_is_allowed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = (ROOT / "constraints.txt").read_text("utf-8").split()
    pins = {}
    for line in lines:
        name, exact, version = line.partition("==")
        assert exact, f"{line} is not exact"
        assert "+" not in version, f"{line} is of one machine"
        pins[canonicalize_name(name)] = version
    assert lines == sorted(lines, key=str.lower)
    extras = project["optional-dependencies"]
    for one in [*project["dependencies"], *extras["serve"], *extras["dev"]]:
        requirement = Requirement(one)
        if requirement.name == "qvtime":  # an extra of its own, which is checked as well
            continue
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), one


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text

"""A Dockerfile as steps, and those steps run where there is no Docker.

Each stage is built in a folder of its own that stands for "/". Every stage is at the same place
while it is built, so that the scripts of a virtual environment, which name their interpreter by its
whole path, work in the stage that they are copied to.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

SYSTEM = ("apt-get", "useradd")
"""Steps that need a system of their own: left out where the folder is bare."""

_ABSOLUTE = re.compile(r"(?<![\w.])(/(?:opt|src|usr|var|videos)\b)")


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction: `RUN`, and all that follows it, as one line."""

    keyword: str
    words: str

    def words_of_list(self) -> list[str]:
        """The words of the JSON form: CMD ["a", "b"]."""
        words = json.loads(self.words)
        assert isinstance(words, list)
        return [str(word) for word in words]


@dataclass(frozen=True, slots=True)
class Stage:
    """From FROM to FROM. base: an image's name, or an earlier stage's."""

    base: str
    name: str
    steps: tuple[Step, ...]

    def last(self, keyword: str) -> Step:
        """The instruction that holds, of several."""
        return [step for step in self.steps if step.keyword == keyword][-1]


def read_stages(text: str, arguments: Mapping[str, str]) -> list[Stage]:
    """The stages of a Dockerfile, with these build arguments in the place of its defaults."""
    known: dict[str, str] = {}
    stages: list[tuple[str, str, list[Step]]] = []
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        keyword, _, words = line.strip().partition(" ")
        if keyword == "ARG":
            name, _, default = words.partition("=")
            known[name] = arguments.get(name, default)
            words = f"{name}={known[name]}"
        if keyword == "FROM":
            base, *named = re.sub(r"\$\{(\w+)\}", lambda one: known[one[1]], words).split()
            stages.append((base, named[1] if named else "", []))
        elif keyword and stages:
            stages[-1][2].append(Step(keyword, words.strip()))
    return [Stage(base, name, tuple(steps)) for base, name, steps in stages]


def needed(stages: list[Stage]) -> list[Stage]:
    """The stages that the last one is built from, in order, and itself."""
    wanted = {stages[-1].name}
    for stage in reversed(stages):
        if stage.name in wanted:
            copied = re.findall(r"--from=(\S+)", " ".join(step.words for step in stage.steps))
            wanted |= {stage.base, *copied}
    return [stage for stage in stages if stage.name in wanted]


@dataclass
class Builder:
    """Builds stages below `folder` from the files of `context`.

    system: a folder with Debian in it (debootstrap), in which every step is run, as root, through
    chroot. Without one, the base is an empty folder with a new virtual environment as its Python.
    """

    folder: Path
    context: Path
    system: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    working: str = "/"

    @property
    def root(self) -> Path:
        """What is "/" to the stage at work, and to the last one in the end."""
        return self.folder / "root"

    def build(self, stages: list[Stage]) -> None:
        """Run all steps of the last stage and of what it needs. Raises CalledProcessError."""
        left: dict[str, tuple[dict[str, str], str]] = {}
        for stage in needed(stages):
            environment, self.working = left.get(stage.base, ({}, "/"))
            self.environment = dict(environment)
            self._begin(stage)
            for step in stage.steps:
                self._take(step)
            left[stage.name] = self.environment, self.working
            if stage.name:
                self.root.rename(self.folder / "stages" / stage.name)

    def _begin(self, stage: Stage) -> None:
        """The base of a stage, at its place. What is in two stages is there once (hard links)."""
        (self.folder / "stages").mkdir(parents=True, exist_ok=True)
        earlier = self.folder / "stages" / stage.base
        if earlier.is_dir():
            subprocess.run(["cp", "-al", str(earlier), str(self.root)], check=True)
            return
        if self.system is None:
            self.root.mkdir()
        else:
            subprocess.run(["cp", "-a", str(self.system), str(self.root)], check=True)
        subprocess.run(self.command("python3 -m venv /usr/local"), check=True)

    def _take(self, step: Step) -> None:
        if step.keyword in ("ARG", "ENV"):
            self.environment |= dict(one.split("=", 1) for one in shlex.split(step.words))
        elif step.keyword == "WORKDIR":
            self.working = step.words
            self.inside(step.words).mkdir(parents=True, exist_ok=True)
        elif step.keyword == "COPY":
            self.copy(shlex.split(step.words))
        elif step.keyword == "RUN" and (self.system or not step.words.startswith(SYSTEM)):
            subprocess.run(self.command(step.words), env=self.variables(), check=True)

    def copy(self, words: list[str]) -> None:
        """COPY: a folder's content goes into the folder that is named, files go into it."""
        source = self.context
        if words[0].startswith("--from="):
            source = self.folder / "stages" / words.pop(0).removeprefix("--from=")
        *files, into = words
        target = self.inside(into)
        for file in files:
            found = source / file.lstrip("/") if file.startswith("/") else source / file
            if found.is_dir():
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(found, target, symlinks=True, dirs_exist_ok=True, ignore=ignore)
            else:
                shutil.copy2(found, target)

    def inside(self, path: str) -> Path:
        """Where a path of the image is on this machine."""
        return self.root / str(PurePosixPath(self.working, path)).lstrip("/")

    def command(self, words: str, user: str = "root") -> list[str]:
        """A shell's words as they are run in the stage; `user` is one of a whole system."""
        if self.system is None:
            there = shlex.quote(str(self.inside("")))
            return ["/bin/sh", "-c", f"cd {there} && {self.moved(words)}"]
        inner = f"cd {self.working} && {words}"
        # torch and the decoder read /proc. It is mounted for this command alone.
        mounted = 'mount -t proc proc "$1/proc" && exec chroot --userspec "$2" "$1" /bin/sh -c "$3"'
        alone = ["unshare", "--mount", "--propagation", "private"]
        return [*alone, "/bin/sh", "-c", mounted, "sh", str(self.root), user, inner]

    def variables(self) -> dict[str, str]:
        """The stage's environment; of ours only how this machine reaches a package registry."""
        ours = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        path = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        given = {"HOME": "/usr/local", "PATH": path, **self.environment}
        given["PATH"] = given["PATH"].replace("$PATH", path)
        if self.system is None:
            given = {name: self.moved(value) for name, value in given.items()}
            given["PATH"] += ":/usr/bin:/bin"
        return {**ours, **given}

    def moved(self, words: str) -> str:
        """Paths of the image as they are on this machine."""
        if self.system is not None:
            return words
        return _ABSOLUTE.sub(lambda one: f"{self.root}{one[1]}", words)

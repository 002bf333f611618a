"""Plants bugs in the kernels, one at a time, and sees that the tests find each of them.

    python tests/kernels/mutants.py [WORD ...]      only the mutants whose name has one of the words

A bug that the tests do not see is tried once more under the address and undefined-behaviour
sanitizers, which must find nothing in the kernels as they are. Exits with 1 when a bug survives.
"""
# ruff: noqa: T201 (a script prints)

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from qvtime.ops.source import kernels_folder  # noqa: E402 (needs the path)
from tests.kernels.host import COMPILER, SANITIZED, build  # noqa: E402

TESTS = {
    "mrope_table": "test_mrope_table.py",
    "qk_norm_rope": "test_qk_norm_rope.py",
    "vision_positions": "test_vision.py",
    "vision_rope": "test_vision.py",
    "position_ids": "test_position_ids.py",
    "patches": "test_patches.py",
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One bug: what it is, whose tests must find it, where it is planted, and in place of what."""

    name: str
    kernel: str
    file: str
    old: str
    new: str


def read_mutants() -> list[Mutant]:
    """Those of mutants.txt, one a line."""
    lines = (Path(__file__).parent / "mutants.txt").read_text("utf-8").splitlines()
    rows = (map(str.strip, f"{line} ".split(" | ")) for line in lines if not line.startswith("#"))
    return [Mutant(*row) for row in rows]


def library(folder: Path, mutant: Mutant | None, options: tuple[str, ...] = SANITIZED) -> Path:
    """The kernels with this bug, as a library; under the sanitizers unless `options` differ."""
    for path in kernels_folder().iterdir():
        if path.suffix in (".cu", ".cuh"):
            text = path.read_text("utf-8")
            if mutant and path.name == mutant.file:
                if text.count(mutant.old) != 1:
                    raise SystemExit(f'"{mutant.name}" is not in {path.name} exactly once')
                text = text.replace(mutant.old, mutant.new)
            (folder / path.name).write_text(text, "utf-8")
    return build(folder, (*options, "-Wno-error"), folder)


def passes(built: Path, kernel: str, *files: str) -> bool:
    """Whether tests of a kernel pass with this library; a process of their own may crash."""
    import pytest

    child = os.fork()
    if not child:
        os.environ["KERNELS_LIBRARY"] = str(built)
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        here = Path(__file__).parent
        chosen = ["-k", f"{kernel} or {TESTS[kernel].removesuffix('.py')}"]
        options = ["-x", "-q", "-p", "no:cacheprovider", "--timeout", "600"]
        options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # transformers is here
        os._exit(pytest.main([*options, *chosen, *(str(here / file) for file in files)]))
    return os.waitpid(child, 0)[1] == 0


def survives(mutant: Mutant, room: Path) -> bool:
    """Whether neither the tests nor the sanitizers see this bug."""
    files = "test_entries.py", TESTS[mutant.kernel]
    return all(
        passes(library(room, mutant, options), mutant.kernel, *files) for options in ((), SANITIZED)
    )


def main() -> int:
    if not COMPILER:
        raise SystemExit("there is no C++ compiler (g++ or clang++)")
    found = subprocess.run(
        [COMPILER, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    )
    if "libasan" not in os.environ.get("LD_PRELOAD", ""):  # the sanitizer must come before torch
        os.environ["LD_PRELOAD"] = found.stdout.strip()
        os.environ["ASAN_OPTIONS"] = "detect_leaks=0"
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        os.execv(sys.executable, [sys.executable, *sys.argv])
    import transformers.models.qwen3_vl.modeling_qwen3_vl  # noqa: F401 (once, not in every child)

    wanted = [
        m for m in read_mutants() if not sys.argv[1:] or any(w in m.name for w in sys.argv[1:])
    ]
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        sound = library(room, None)
        for kernel in sorted({mutant.kernel for mutant in wanted}):
            if not passes(sound, kernel, "test_entries.py"):
                raise SystemExit(f"the tests of {kernel} fail without any bug planted")
        print("no bug planted: the tests pass, and the sanitizers find nothing", flush=True)
        for mutant in wanted:
            survived = survives(mutant, room)
            survivors += survived
            verdict = "SURVIVED" if survived else "found"
            print(f"{verdict:9}{mutant.kernel:17}{mutant.name}", flush=True)
    print(f"{len(wanted) - survivors} of {len(wanted)} planted bugs found")
    return int(survivors > 0)


if __name__ == "__main__":
    raise SystemExit(main())

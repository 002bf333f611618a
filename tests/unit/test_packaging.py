"""The wheel and the sdist hold what they should, and the wheel works away from the repository."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]
INSIDE = {
    "qvtime/__main__.py",
    "qvtime/cli/main.py",
    "qvtime/data/demo/config.json",
    "qvtime/data/demo/model.safetensors",
    "qvtime/data/demo/tokenizer.json",
    "qvtime/kernels/README.md",
    "qvtime/serve/openapi.json",
    "qvtime/serve/page/index.html",
    "qvtime/serve/page/main.js",
    "qvtime/serve/page/style.css",
}


def build_wheel(root: Path, folder: Path) -> Path:
    (built,) = WheelBuilder(str(root)).build(directory=str(folder), versions=["standard"])
    return Path(built)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = names_in(wheel)
    assert names >= INSIDE
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"qvtime"}
    assert "qvtime/kernels/__init__.py" not in names
    assert not [name for name in names if name.endswith("teaching-heads.safetensors")]
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "qvtime").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == sources
    assert wheel.stat().st_size < 45 << 20


def test_the_sdist_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    (built,) = SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with tarfile.open(built) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (root,) = (tmp_path / "unpacked").iterdir()
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert {"Makefile", "constraints.txt", "CHANGELOG.md", "LICENSE", "samples/rally.mp4"} <= files
    assert not {name.partition("/")[0] for name in files} & {".venv", "scratch", "dist"}
    assert names_in(build_wheel(root, tmp_path / "again")) == names_in(wheel)


def test_the_wheel_works_in_any_folder(wheel: Path, tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    elsewhere.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(home)
    script = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import qvtime.cli.main as cli;"
        "sys.stderr.write(cli.__file__ + '\\n'); cli.main()"
    )
    video = str(ROOT / "samples" / "short.mp4")
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            script,
            str(home),
            "ask",
            video,
            "what happens at 0:02",
            "--model",
            "demo",
            "-q",
        ],
        capture_output=True,
        text=True,
        cwd=elsewhere,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"},
        timeout=50,
        check=False,
    )
    assert done.stderr == f"{home}/qvtime/cli/main.py\n"
    assert done.returncode == 0
    assert "<time>00:00:02.0</time>" in done.stdout
    assert list(elsewhere.iterdir()) == []

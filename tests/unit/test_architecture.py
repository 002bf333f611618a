"""The rules of docs/architecture.md, read from the source: who imports whom, how long files are."""

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "qvtime"
LONGEST_FILE_LINES = 300

BASE = {"closing", "errors", "settings"}
WORDS = {path.stem for path in PACKAGE.glob("*.py")} - BASE - {"__init__", "__main__"}
ROOMS = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
KNOWN = BASE | WORDS

MAY_IMPORT = {
    **dict.fromkeys(BASE, BASE),
    **dict.fromkeys(WORDS, KNOWN),
    "ops": KNOWN,
    "model": KNOWN | {"ops"},
    "video": KNOWN,
    "store": KNOWN,
    "formats": KNOWN,
    "drawing": KNOWN,
    # Clips are asked about exactly as at inference: the same prompt, the same pixels.
    "training": KNOWN | {"model", "store"},
    # People's own labelled videos; it gets pictures handed in, and never opens a video.
    "tuning": KNOWN | {"model", "store", "training"},
    "tasks": KNOWN | {"video", "model", "store", "formats", "drawing", "tuning", "evaluation"},
    "serve": KNOWN | {"tasks", "formats", "store"},
    "cli": KNOWN | {"tasks", "formats", "drawing", "store", "serve"},
    # Measures files (for `qvtime eval`), and the finished program from outside, on made clips.
    "evaluation": KNOWN | {"cli", "training"},
    "__main__": {"cli"},
    "__init__": set(),
}

HOMES = {
    "accelerate": {"tuning"},
    "anyio": {"serve"},
    "av": {"video", "training"},
    "PIL": {"cli", "model"},
    "cv2": {"video", "drawing", "training"},
    "cupy": {"ops"},
    "httpx2": {"model"},
    "huggingface_hub": {"model"},
    "peft": {"tuning"},
    "ray": {"tasks"},
    "rich": {"cli"},
    "safetensors": {"store", "training", "tuning"},
    "sqlite3": {"store"},
    "starlette": {"serve"},
    "tokenizers": {"training"},
    "torch": {"model", "ops", "training", "tuning"},
    "transformers": {"model", "training"},
    "typer": {"cli"},
    "uvicorn": {"serve"},
}

FILES = sorted(PACKAGE.rglob("*.py"))
every_file = pytest.mark.parametrize(
    "path", FILES, ids=[str(path.relative_to(PACKAGE)) for path in FILES]
)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def imports(path: Path) -> Iterator[tuple[str, ...]]:
    """Every imported name, in pieces; `from qvtime import errors` is (qvtime, errors)."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            module = tuple((node.module or "").split("."))
            named = ((*module, alias.name) for alias in node.names)
            yield from named if module == ("qvtime",) else (module,)


@every_file
def test_imports_point_one_way(path: Path) -> None:
    room = room_of(path)
    for name in imports(path):
        if name[0] == "qvtime" and len(name) > 1 and name[1] != "__version__":
            assert name[1] == room or name[1] in MAY_IMPORT[room], f"{room} imports {name}"


@every_file
def test_heavy_packages_stay_in_their_rooms(path: Path) -> None:
    for name in imports(path):
        if name[0] in HOMES:
            assert room_of(path) in HOMES[name[0]], f"{name[0]} outside {HOMES[name[0]]}"


@every_file
def test_files_are_short(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= LONGEST_FILE_LINES, f"{lines} lines"


@every_file
def test_nothing_prints(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"line {node.lineno}"


def test_no_module_needs_itself() -> None:
    modules = {
        ".".join(("qvtime", *path.relative_to(PACKAGE).with_suffix("").parts)): path
        for path in FILES
        if path.name != "__init__.py"
    }
    needs = {
        module: {".".join(name) for name in imports(path)} & modules.keys()
        for module, path in modules.items()
    }
    graphlib.TopologicalSorter(needs).prepare()  # CycleError names the circle


def test_every_room_has_its_rule() -> None:
    assert MAY_IMPORT.keys() >= ROOMS
    assert {"qvtime/cli/main.py", "qvtime/model/engine.py", "qvtime/tasks/ask.py"} <= {
        f"qvtime/{path.relative_to(PACKAGE)}" for path in FILES
    }

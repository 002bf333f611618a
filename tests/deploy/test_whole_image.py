"""The image's steps are run, and what comes of them is asked: `make deploy-check`.

In a bare folder, which shows that the Python side is whole. DEPLOY_ROOTFS names a folder with
Debian in it, which shows the rest: its packages, its user, and that no library is missing.

    debootstrap --variant=minbase --include=python3-venv,ca-certificates bookworm rootfs

DEPLOY_TORCH_INDEX takes the place of the index that torch is fetched from.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import yaml

from tests.deploy.steps import Builder, Stage, read_stages

pytestmark = [
    pytest.mark.deploy,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        "QVTIME_REQUIRE_DEPLOY" not in os.environ, reason="takes minutes: make deploy-check"
    ),
]

ROOT = Path(__file__).parents[2]
TOKEN = "0123456789abcdef"
ONE_THREAD = {"OMP_NUM_THREADS": "1"}  # the model is small, the machine busy
STAGES = read_stages(
    (ROOT / "deploy" / "Dockerfile").read_text("utf-8"),
    {"TORCH_INDEX": index} if (index := os.environ.get("DEPLOY_TORCH_INDEX")) else {},
)
LAST: Stage = STAGES[-1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """What the CPU image is: built once, over a folder with one video."""
    rootfs = os.environ.get("DEPLOY_ROOTFS") or None
    builder = Builder(
        tmp_path_factory.mktemp("image"), ROOT, None if rootfs is None else Path(rootfs)
    )
    builder.build(STAGES)
    shutil.copy(ROOT / "samples" / "short.mp4", builder.inside("/videos"))
    builder.inside("/var/lib/qvtime").mkdir(parents=True, exist_ok=True)
    return builder


def run(builder: Builder, words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Words of a shell in the image, as its user."""
    return subprocess.run(
        builder.command(words, LAST.last("USER").words),
        env={**builder.variables(), **variables, **ONE_THREAD},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_environment_is_whole_and_without_cuda(built: Builder) -> None:
    checked = run(built, "python -m pip check")
    assert checked.returncode == 0, checked.stdout
    listed = run(built, "python -m pip list --format json")
    names = {one["name"].lower() for one in json.loads(listed.stdout)}
    assert {"qvtime", "torch", "starlette", "uvicorn"} <= names
    assert not [name for name in names if name.startswith(("nvidia", "triton", "cupy", "cuda"))]
    assert not names & {"pytest", "mypy", "playwright", "hatchling"}


def test_it_does_not_listen_without_a_token(built: Builder) -> None:
    refused = run(built, command_of("serve"), QVTIME_MODEL="demo")
    assert refused.returncode == 2
    assert "--token" in refused.stderr


def command_of(service: str) -> str:
    """What a service of the compose file runs: its own command, or the image's."""
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))["services"]
    words = services[service].get("command") or LAST.last("CMD").words_of_list()
    return " ".join([*LAST.last("ENTRYPOINT").words_of_list(), *words])


@contextmanager
def serving(builder: Builder) -> Iterator[str]:
    """The image's own command, on a free port; its address."""
    with subprocess.Popen(
        builder.command(f"exec {command_of('serve')} --port 0", LAST.last("USER").words),
        env={**builder.variables(), "QVTIME_MODEL": "demo", "QVTIME_TOKEN": TOKEN, **ONE_THREAD},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip().replace("0.0.0.0", "127.0.0.1")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) in (143, -signal.SIGTERM)
        finally:
            process.kill()


def ask(address: str, fields: dict[str, str] | None = None, token: str = TOKEN) -> list[str]:
    """The lines of an answer."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if fields is None else json.dumps(fields).encode()
    with urlopen(Request(address, data, headers), timeout=120) as answer:
        return [line.decode() for line in answer]


def test_it_indexes_then_shows_and_answers(built: Builder) -> None:
    indexed = run(built, command_of("index"), QVTIME_MODEL="demo")
    assert (indexed.returncode, indexed.stdout) == (0, ""), indexed.stderr
    assert built.inside("/var/lib/qvtime/index/index.db").is_file()
    assert [path.name for path in built.inside("/videos").iterdir()] == ["short.mp4"]
    with serving(built) as address:
        words = LAST.last("HEALTHCHECK").words
        check = json.loads(words[words.index("CMD") + 3 :])
        port = address.rstrip("/").rpartition(":")[2]
        program = check[2].replace("8080", port)
        assert run(built, f'{check[0]} {check[1]} "{program}"').returncode == 0
        with pytest.raises(HTTPError, match="401"):
            ask(f"{address}api/videos", token="another token")
        (line,) = ask(f"{address}api/videos")
        (video,) = json.loads(line)["videos"]
        assert (video["name"], video["status"]) == ("short.mp4", "indexed")
        lines = ask(f"{address}api/videos/{video['id']}/ask", {"question": "what happens at 0:02"})
        report = json.loads(lines[-1])
        assert report["type"] == "report"
        assert "00:00:02.0" in report["report"]["answer"]

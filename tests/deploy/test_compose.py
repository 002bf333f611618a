"""The compose files: what they bind, what they forbid, and what they ask the user for."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from qvtime.cli.main import app
from qvtime.settings import DEFAULT_MODEL
from tests.deploy.steps import read_stages

DEPLOY = Path(__file__).parents[2] / "deploy"
TEXT = (DEPLOY / "compose.yaml").read_text("utf-8")
FILE: dict[str, Any] = yaml.safe_load(TEXT)
CUDA: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.cuda.yaml").read_text("utf-8"))
LAST = read_stages((DEPLOY / "Dockerfile").read_text("utf-8"), {})[-1]

every_service = pytest.mark.parametrize("service", FILE["services"].values(), ids=FILE["services"])


@every_service
def test_a_service_may_do_nothing_but_read_videos_and_write_its_state(
    service: dict[str, Any],
) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    videos, state = service["volumes"]
    assert (videos["target"], videos["read_only"]) == ("/videos", True)
    assert state == {"type": "volume", "source": "state", "target": LAST.last("VOLUME").words}
    assert "state" in FILE["volumes"]
    assert "user" not in service  # the image's own
    assert not service.get("privileged")


@every_service
def test_a_service_is_built_from_the_dockerfile(service: dict[str, Any]) -> None:
    context = (DEPLOY / service["build"]["context"]).resolve()
    assert (context / service["build"]["dockerfile"]).samefile(DEPLOY / "Dockerfile")


def test_the_page_is_for_this_machine_unless_said_otherwise_and_wants_a_token() -> None:
    serve = FILE["services"]["serve"]
    assert serve["ports"] == ["${QVTIME_ADDRESS:-127.0.0.1}:8080:8080"]
    assert serve["environment"]["QVTIME_TOKEN"].startswith("${QVTIME_TOKEN:?")
    assert "QVTIME_TOKEN" not in FILE["services"]["index"]["environment"]


def test_indexing_keeps_what_the_page_reads() -> None:
    name, *arguments = FILE["services"]["index"]["command"]
    index = get_command(app).commands[name]  # type: ignore[attr-defined]
    kept = index.make_context(name, [*arguments]).params
    name, *arguments = LAST.last("CMD").words_of_list()
    serve = get_command(app).commands[name]  # type: ignore[attr-defined]
    served = serve.make_context(name, [*arguments]).params
    for one in ("paths", "index_folder", "features"):
        assert kept[one] == served[one]


def test_all_that_is_asked_for_is_in_the_example() -> None:
    example = (DEPLOY / "example.env").read_text("utf-8")
    lines = [line for line in example.splitlines() if line and not line.startswith("#")]
    given = dict(line.split("=", 1) for line in lines)
    asked = re.findall(r"\$\{(\w+)(:[?-])", TEXT)
    assert {name for name, _ in asked} == set(given)
    for name, kind in asked:
        assert (given[name] == "") == (kind == ":?" or name == "QVTIME_ALLOW_HOST")
    assert given["QVTIME_MODEL"] == DEFAULT_MODEL
    assert f"${{QVTIME_MODEL:-{DEFAULT_MODEL}}}" in TEXT


def test_the_gpu_file_changes_every_service_and_only_what_a_gpu_needs() -> None:
    assert set(CUDA["services"]) == set(FILE["services"])
    for service in CUDA["services"].values():
        assert set(service) == {"image", "build", "deploy"}
        (device,) = service["deploy"]["resources"]["reservations"]["devices"]
        assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
        stage = f"environment-{service['build']['args']['VARIANT']}"
        assert f"AS {stage}\n" in (DEPLOY / "Dockerfile").read_text("utf-8")

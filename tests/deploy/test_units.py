"""The systemd units: they parse, run what qvtime understands, and are shut in."""

import re
import shlex
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from typer.main import get_command

from qvtime.cli.main import app

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
SERVICES = sorted(FOLDER.glob("*.service"))
OWN = {"ExecStart", "Environment", "EnvironmentFile", "LoadCredential", "Restart", "RestartSec"}
OWN |= {"Type", "SuccessExitStatus"}

each_service = pytest.mark.parametrize("unit", SERVICES, ids=[unit.name for unit in SERVICES])


def settings_of(unit: Path) -> dict[str, list[str]]:
    """The settings of all sections, in the order of the file."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in unit.read_text("utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            name, equals, value = line.partition("=")
            assert equals, line
            found[name].append(value)
    return found


def parameters_of(unit: Path) -> dict[str, object]:
    """What qvtime makes of a unit's command."""
    (line,) = settings_of(unit)["ExecStart"]
    program, name, *arguments = shlex.split(line)
    assert program == "/opt/qvtime/bin/qvtime"
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    parameters: dict[str, object] = command.make_context(name, arguments).params
    return parameters


@each_service
def test_a_unit_runs_what_qvtime_understands(unit: Path) -> None:
    asked = parameters_of(unit)
    assert asked["paths"] == ["${QVTIME_VIDEOS}"]
    assert settings_of(unit)["Environment"] == ["QVTIME_VIDEOS=/srv/videos HOME=%S/qvtime"]
    for one in ("index_folder", "features"):
        assert str(asked[one]).startswith("%S/qvtime/")


def test_the_units_share_their_index_their_user_and_their_bounds() -> None:
    first, second = map(parameters_of, SERVICES)
    assert {one: first[one] for one in ("index_folder", "features")} == {
        one: second[one] for one in ("index_folder", "features")
    }
    bounds = [
        {name: value for name, value in settings_of(unit).items() if name not in OWN}
        for unit in SERVICES
    ]
    for one in bounds:
        for name in ("Description", "After", "WantedBy"):
            one.pop(name, None)
    assert bounds[0] == bounds[1]


@each_service
def test_a_unit_is_shut_in(unit: Path) -> None:
    given = settings_of(unit)
    assert given["User"] == ["qvtime"]
    for name, value in {
        "CapabilityBoundingSet": "",
        "NoNewPrivileges": "yes",
        "PrivateTmp": "yes",
        "ProtectHome": "yes",
        "ProtectSystem": "strict",
        "SystemCallFilter": "@system-service",
    }.items():
        assert given[name] == [value]


def test_the_token_is_a_credential_and_not_in_the_environment() -> None:
    unit = FOLDER / "qvtime.service"
    assert settings_of(unit)["LoadCredential"] == ["token:/etc/qvtime/token"]
    assert parameters_of(unit)["token_file"] == "%d/token"
    assert "TOKEN" not in unit.read_text("utf-8")


def test_the_timer_is_of_the_index() -> None:
    (timer,) = FOLDER.glob("*.timer")
    assert timer.with_suffix(".service") in SERVICES
    assert re.fullmatch(r"\*-\*-\* \d\d:\d\d", settings_of(timer)["OnCalendar"][0])


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")
def test_systemd_has_no_doubts(tmp_path: Path) -> None:
    """The program is not installed here: the units are looked at with another in its place."""
    for unit in FOLDER.iterdir():
        words = unit.read_text("utf-8").replace("/opt/qvtime/bin/qvtime", "/bin/true")
        (tmp_path / unit.name).write_text(words, "utf-8")
    units = [str(path) for path in tmp_path.iterdir()]
    verified = subprocess.run(
        ["systemd-analyze", "verify", *units],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    assert (verified.returncode, verified.stderr) == (0, "")

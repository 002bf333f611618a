"""What is said about a model when it is opened."""

from types import SimpleNamespace
from typing import Any

import pytest

from qvtime.cli.opening import open_model
from qvtime.cli.settings import Reading, Running, read_settings
from qvtime.errors import UsageError
from qvtime.model.engine import kernel_note
from qvtime.ops.kernels import Kernels
from qvtime.settings import KERNEL_MODES, Settings
from qvtime.tasks import looking


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stands for an engine; what runs in it is set by the test."""
    engine = SimpleNamespace(note=None)
    monkeypatch.setattr(looking, "open_engine", lambda settings: engine)
    return engine


def test_nothing_is_said_when_nothing_is_missing(
    opened: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    engine: Any = open_model(Settings(), quiet=False)
    assert engine is opened
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("quiet", [False, True])
def test_a_gpu_without_its_kernels_is_said_once(
    quiet: bool, opened: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded: Any = SimpleNamespace(kernels=Kernels("reference", note="CuPy is away"))
    opened.note = kernel_note(loaded)
    open_model(Settings(), quiet)
    said = capsys.readouterr().err
    assert said.count("the CUDA kernels are not used: CuPy is away") == (not quiet)


def test_the_modes_of_kernels() -> None:
    for mode in KERNEL_MODES:
        settings = read_settings("demo", Reading(), Running(kernels=mode))
        assert settings.kernels == mode
    with pytest.raises(UsageError, match="--kernels cannot be triton") as raised:
        read_settings("demo", Reading(), Running(kernels="triton"))
    assert raised.value.hint == "use auto, cuda, reference, check"

"""The kernels on this machine's processor."""

import os
from pathlib import Path

import pytest
import torch

from qvtime.ops.kernels import Kernels
from tests.kernels.host import COMPILER, HostLauncher, build

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All kernels as functions of the processor."""
    if COMPILER is None:
        pytest.skip("there is no C++ compiler (g++ or clang++) to compile the kernels with")
    if ready := os.environ.get("KERNELS_LIBRARY"):  # of mutants.py: with a planted bug
        return Path(ready)
    return build(tmp_path_factory.mktemp("kernels"))


@pytest.fixture
def launcher(library: Path) -> HostLauncher:
    return HostLauncher(library)


@pytest.fixture
def on_host(launcher: HostLauncher) -> Kernels:
    """Kernels alone, as `--kernels cuda` runs them."""
    return Kernels("cuda", launcher)


@pytest.fixture
def checked(launcher: HostLauncher) -> Kernels:
    """Kernels beside their references, as `--kernels check` runs them."""
    return Kernels("check", launcher)

"""Every entry point of every kernel, against its reference."""

import re

import pytest

from qvtime.ops.kernels import Kernels
from qvtime.ops.source import KERNELS, kernel_source, kernels_folder
from tests.kernels.cases import run_case
from tests.kernels.host import ENTRIES, HostLauncher
from tests.kernels.mutants import Mutant, read_mutants


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("tokens", [1, 7, 67])
def test_it_equals_its_reference(
    entry: str, tokens: int, checked: Kernels, launcher: HostLauncher
) -> None:
    run_case(entry, checked, "cpu", tokens)
    assert set(launcher.launched) == {entry}


@pytest.mark.parametrize("entry", ENTRIES)
def test_no_tokens_launch_nothing(entry: str, checked: Kernels, launcher: HostLauncher) -> None:
    run_case(entry, checked, "cpu", 0)
    assert launcher.launched == []


def test_every_kernel_is_known() -> None:
    assert {path.stem for path in kernels_folder().glob("*.cu")} == set(KERNELS)
    assert not (kernels_folder() / "__init__.py").exists()


@pytest.mark.parametrize("kernel", KERNELS)
def test_its_text_stands_alone(kernel: str) -> None:
    text = kernel_source(kernel)
    assert "#include" not in text
    assert ("struct qv_row" in text) == (kernel != "position_ids")  # our header is in it
    assert not re.search(r"__(sin|cos|sincos|exp)f\(", text)  # fast and, far from 0, wrong


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_readme_has_it(kernel: str) -> None:
    readme = (kernels_folder() / "README.md").read_text("utf-8")
    assert f"## {kernel}.cu" in readme


@pytest.mark.parametrize("mutant", read_mutants(), ids=lambda mutant: mutant.name)
def test_a_planted_bug_still_has_its_place(mutant: Mutant) -> None:
    """`make mutants` plants each of them; here only that the kernels did not move away."""
    text = (kernels_folder() / mutant.file).read_text("utf-8")
    assert text.count(mutant.old) == 1
    assert mutant.kernel in KERNELS

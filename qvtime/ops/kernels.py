"""Which implementation runs: CUDA kernels, their torch references, or both against each other."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from qvtime.errors import ModelError
from qvtime.ops.cuda import CudaLauncher, why_no_cuda
from qvtime.ops.launch import Launch, Launcher
from qvtime.settings import KernelMode


@dataclass(frozen=True, slots=True)
class Kernels:
    """An implementation of all operations.

    name: "cuda", "reference" or "check"; launcher: what runs kernels, None for references alone;
    note: why `auto` did not take CUDA on a CUDA device, None otherwise.
    """

    name: Literal["cuda", "reference", "check"]
    launcher: Launcher | None = None
    note: str | None = None

    @property
    def described(self) -> str:
        """The name, and the note if there is one."""
        return self.name if self.note is None else f"{self.name} ({self.note})"

    def launch(
        self,
        launches: Iterable[Launch],
        outs: Sequence[torch.Tensor],
        reference: Callable[[], Sequence[torch.Tensor]],
    ) -> None:
        """Run `launches`, which write to `outs`; `reference` gives what must then be there.

        Raises ModelError when both ran and differ by more than rounding, ValueError for what has
        no launcher.
        """
        if self.launcher is None:
            raise ValueError("there is nothing that could launch a kernel")
        # An operation in place has its input where the output goes: the reference comes first.
        expected = reference() if self.name == "check" else ()
        entry = ""
        for launch in launches:
            self.launcher(launch)
            entry = launch.entry
        if self.name == "check":
            for out, value in zip(outs, expected, strict=True):
                _compare(entry, out, value)


REFERENCE = Kernels("reference")


def choose_kernels(mode: KernelMode, device: str, unsupported: str | None = None) -> Kernels:
    """The kernels for a model on `device`; `unsupported`: why the model cannot have CUDA's.

    `auto` takes CUDA where it can. Raises ModelError for a forced choice that cannot be met.
    """
    if mode == "reference":
        return REFERENCE
    on_cuda = torch.device(device).type == "cuda"
    if mode == "auto" and not on_cuda:
        return REFERENCE
    why_not = unsupported if on_cuda else f"the model runs on {device}"
    why_not = why_not or why_no_cuda()
    if why_not is None:
        return Kernels("check" if mode == "check" else "cuda", CudaLauncher())
    if mode == "auto":
        return Kernels("reference", note=why_not)
    raise ModelError(
        f"The CUDA kernels cannot be used: {why_not}.",
        "Leave --kernels away, or use `--kernels reference`.",
    )


def rounding_bound(reference: torch.Tensor) -> torch.Tensor:
    """By how much another f32 computation of the same may differ, for every element.

    One rounding to the dtype may fall on either side (its epsilon, or the smallest subnormal),
    and the f32 sums before it may differ by a few f32 roundings of the largest term.
    """
    if not reference.is_floating_point() or not reference.numel():
        return torch.zeros_like(reference)
    kind, wide = torch.finfo(reference.dtype), reference.float().abs()
    subnormal = kind.tiny * kind.eps
    return kind.eps * wide + 16 * torch.finfo(torch.float32).eps * wide.max() + subnormal


def _compare(entry: str, ours: torch.Tensor, reference: torch.Tensor) -> None:
    """ModelError when the two differ by more than rounding, or only one of them is finite."""
    difference = (ours.float() - reference.float()).abs()
    off = difference > rounding_bound(reference)
    off |= ours.isfinite() != reference.isfinite()
    if off.any():
        raise ModelError(
            f"The kernel {entry} gives something else than its reference: {int(off.sum())} of "
            f"{off.numel()} numbers differ, by up to {float(difference.nan_to_num().max()):.3g}.",
            "Use `--kernels reference`, and report this with the name of the GPU.",
        )

"""One process, or several that teach one model together: `accelerate launch -m qvtime train …`.

Each takes its share of a step's visits; gradients are averaged, so all stay equal.
"""

import os
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from qvtime.errors import UsageError


class Processes:
    """The processes of a run, as this one knows them. The one of rank 0 keeps what is kept, and
    talks."""

    def __init__(self) -> None:
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self._state: Any = None
        if self.size > 1:
            try:
                from accelerate import PartialState
            except ImportError as error:
                raise UsageError(
                    "several processes need accelerate, which is not installed",
                    "pip install 'qvtime[train]'",
                ) from error
            self._state = PartialState(cpu=not torch.cuda.is_available())

    @property
    def rank(self) -> int:
        return int(self._state.process_index) if self._state is not None else 0

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def device(self, wanted: str) -> str:
        """The device of this process: each its own GPU, where there are several."""
        if self._state is None or wanted != "auto":
            return wanted
        return str(self._state.device)

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """The mean over all processes."""
        if self._state is None:
            return values
        from accelerate.utils import reduce

        averaged: torch.Tensor = reduce(values, "mean")
        return averaged

    def mean_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Average the gradients of all processes, in place; one that has none counts as zero."""
        if self._state is None:
            return
        for one in parameters:
            gradient = torch.zeros_like(one) if one.grad is None else one.grad
            one.grad = self.mean(gradient)

    def wait(self) -> None:
        """Until all are here."""
        if self._state is not None:
            self._state.wait_for_everyone()

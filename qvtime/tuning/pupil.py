"""The model that is taught: which of its numbers learn, and how it answers in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from qvtime.model.engine import Engine
from qvtime.model.hub import find_model
from qvtime.model.kernels import install_kernels, remove_kernels
from qvtime.model.vision import speed_up_vision
from qvtime.model.weights import LoadedModel, load_model
from qvtime.tuning.adapters import add_adapters
from qvtime.tuning.alignment import open_recorder
from qvtime.tuning.recipe import Recipe

ATTENTION = "sdpa"


def load_pupil(name_or_folder: str, device: str, recipe: Recipe) -> "Pupil":
    """The model of that name, ready to learn. Raises as load_model does, and UsageError."""
    found = find_model(name_or_folder)
    full = recipe.method == "full"
    loaded = load_model(
        name_or_folder,
        device,
        torch.float32 if full else None,
        kernels="reference",
        to_learn=True,
    )
    config = found.checkpoint.config
    stored = config.get("dtype", config.get("torch_dtype"))
    dtype = getattr(torch, stored, None) if isinstance(stored, str) else None
    return Pupil(loaded, recipe, dtype if isinstance(dtype, torch.dtype) else loaded.dtype)


class Pupil:
    """A loaded model made ready to learn, in place.

    model: transformers' own; named: its parameters that learn, by name; adapted: peft's wrapping
    of it, where adapters learn; stored_dtype: that of the files it came from; recorder: what hears
    where it looks, for the alignment loss.
    """

    def __init__(self, loaded: LoadedModel, recipe: Recipe, stored_dtype: torch.dtype) -> None:
        self._loaded, self._recipe, self.stored_dtype = loaded, recipe, stored_dtype
        self.model: Any = loaded.model
        remove_kernels(self.model)  # transformers' own forward passes have gradients
        speed_up_vision(self.model)
        self.learns_to_see = recipe.vision_rate > 0
        self.adapted: Any = None
        if recipe.method == "lora":
            self.adapted = add_adapters(self.model, recipe)
        else:
            self.model.requires_grad_(True)
            self.model.model.visual.requires_grad_(self.learns_to_see)
        if recipe.checkpointing:
            _compute_twice(self.model)
        self.recorder = open_recorder(self.model, recipe)
        self.align_weight = recipe.align_weight
        self.model.train()
        self.named: dict[str, nn.Parameter] = {
            name: one for name, one in self.model.named_parameters() if one.requires_grad
        }
        for one in self.named.values():  # steps too small for half precision would be lost
            one.data = one.data.float()

    @property
    def loaded(self) -> LoadedModel:
        return self._loaded

    def groups(self) -> list[dict[str, Any]]:
        """What learns, for an optimizer: the vision tower and the rest, each with its rate."""
        tower = [one for name, one in self.named.items() if ".visual." in name]
        rest = [one for name, one in self.named.items() if ".visual." not in name]
        rate = self._recipe.rate
        groups = [{"params": rest, "lr": rate, "height": rate}]
        if tower:
            height = rate * self._recipe.vision_rate
            groups.append({"params": tower, "lr": height, "height": height})
        return groups

    def state(self) -> dict[str, torch.Tensor]:
        """What was learned, by name; copies, on the CPU."""
        return {name: one.detach().cpu().clone() for name, one in self.named.items()}

    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Take what was learned. KeyError and RuntimeError when it is another model's."""
        with torch.no_grad():
            for name, one in self.named.items():
                one.copy_(state[name])

    @contextmanager
    def answering(self) -> Iterator[Engine]:
        """The model as `qvtime ask` runs it, for as long as the block lasts."""
        config = self.model.model.language_model.config
        attention = config._attn_implementation
        config._attn_implementation = ATTENTION
        self.model.eval()
        install_kernels(self.model, self._loaded.kernels)
        try:
            with Engine(self._loaded) as engine:
                yield engine
        finally:
            remove_kernels(self.model)
            config._attn_implementation = attention
            self.model.train()


def _compute_twice(model: Any) -> None:
    """Keep no activations of the blocks for the way back: compute them again there."""
    # transformers 5.2x renamed it.
    enable = getattr(model, "activation_checkpointing_enable", None)
    (enable or model.gradient_checkpointing_enable)({"use_reentrant": False})

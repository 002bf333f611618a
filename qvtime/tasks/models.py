"""The checkpoints to choose from, what each needs, and which are on this machine."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from qvtime.errors import ModelError, UsageError
from qvtime.model.catalogue import KNOWN_MODELS, KnownModel, Published, known_model
from qvtime.model.fit import Wishes, fit_context, patch_tokens
from qvtime.model.habits import habits_of
from qvtime.settings import DEMO_MODEL

SCHEMA = "qvtime-models/1"

Here = Literal["yes", "part", "no", "damaged"]


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A checkpoint and what it needs.

    memory_bytes: an estimate for weights in bfloat16 and the longest window that it reads where
    memory is not short, of `window_tokens`; here: whether it is on this machine, "part" when a
    download was broken off.
    """

    name: str
    parameters: int
    weight_bytes: int
    memory_bytes: int
    window_tokens: int
    kv_bytes_per_token: int
    context_tokens: int
    published: tuple[Published, ...]
    here: Here


def list_models() -> list[ListedModel]:
    """Every known checkpoint, Qwen's own by size first. No network is asked."""
    return [_listed(model) for model in KNOWN_MODELS]


def _listed(model: KnownModel) -> ListedModel:
    shape, habits = model.shape, habits_of(model.config, model.name)
    patches, pixels = fit_context(model.name, habits, shape.context_tokens, Wishes())
    window_tokens = patches * patch_tokens(pixels)
    return ListedModel(
        name=model.name,
        parameters=shape.parameters,
        weight_bytes=shape.weight_bytes(),
        memory_bytes=shape.weight_bytes() + shape.window_bytes(window_tokens),
        window_tokens=window_tokens,
        kv_bytes_per_token=shape.kv_bytes_per_token(),
        context_tokens=shape.context_tokens,
        published=model.published,
        here=_here(model.name),
    )


def _here(name: str) -> Here:
    from qvtime.model.hub import find_copy, is_begun

    try:
        if find_copy(name) is not None:
            return "yes"
    except ModelError:
        return "damaged"
    return "part" if is_begun(name) else "no"


def full_name(name: str) -> str:
    """The name on the hub of a model to be fetched. UsageError for what is no name of one."""
    known = known_model(name)
    if known is not None:
        return known.name
    if name == DEMO_MODEL:
        raise UsageError("the demo model is part of qvtime: there is nothing to fetch")
    if "/" not in name:
        raise UsageError(
            f'there is no known model "{name}"', "`qvtime models` lists them; or give owner/name"
        )
    return name


def get_model(name: str, quiet: bool = False) -> tuple[str, bool]:
    """The folder of a model, and whether it had to be fetched. Raises ModelError, UsageError.

    Progress is drawn on a terminal, unless `quiet`.
    """
    from qvtime.model.hub import fetch_model, find_copy

    full = full_name(name)
    found = find_copy(full)
    if found is not None:
        return str(found.checkpoint.folder), False
    return str(fetch_model(full, quiet).checkpoint.folder), True


def as_text(models: Sequence[ListedModel]) -> str:
    """A table, and what its columns mean."""
    head = ("model", "size", "memory", "KV/token", "grounding", "here")
    rows = [head, *(_row(model) for model in models)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines += [
        "",
        "memory: bfloat16 weights and as much video as it reads best at once, an estimate.",
        "grounding: published mean IoU in percent, not measured here; sources: --format json,"
        " docs/accuracy.md.",
    ]
    return "".join(f"{line}\n" for line in lines)


def _row(model: ListedModel) -> tuple[str, ...]:
    first = model.published[0] if model.published else None
    return (
        model.name,
        f"{model.parameters / 1e9:.1f}B",
        f"{model.memory_bytes / 1e9:.0f} GB",
        f"{model.kv_bytes_per_token // 1024} KiB",
        "-" if first is None else f"{first.miou:.1f} {first.benchmark}",
        model.here,
    )


def as_json(models: Sequence[ListedModel]) -> str:
    """The same as one object, with every published figure and its source."""
    listed = [
        {
            "name": model.name,
            "parameters": model.parameters,
            "weight_bytes": model.weight_bytes,
            "memory_bytes": model.memory_bytes,
            "window_tokens": model.window_tokens,
            "kv_bytes_per_token": model.kv_bytes_per_token,
            "context_tokens": model.context_tokens,
            "published": [
                {"benchmark": one.benchmark, "miou_percent": one.miou, "source": one.source}
                for one in model.published
            ],
            "here": model.here,
        }
        for model in models
    ]
    document = {"schema": SCHEMA, "models": listed}
    return json.dumps(document, indent=2) + "\n"

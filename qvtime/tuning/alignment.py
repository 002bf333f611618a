"""Where the answers of a lesson should look: the temporal alignment loss on one's own footage.

A token that leads to a time looks at the patch of that time; the last token of a question at the
patches that its answer is about; over the heads and layers of the recipe.
"""

from dataclasses import dataclass
from typing import Any

import torch

from qvtime.errors import UsageError
from qvtime.training.alignment import AttentionRecorder, alignment_loss
from qvtime.tuning.lessons import Lesson
from qvtime.tuning.recipe import Recipe


@dataclass(frozen=True, slots=True)
class LessonLooks:
    """qvtime.training.alignment.Looks of one lesson of P patches and S tokens, on one device.

    owners: int64 [1, S], the patch whose pictures a token holds, or -1; rows, places: int64 [N];
    targets: float32 [N, P]; weights: float32 [N]; at_ends, saying: bool [N], ends: bool [1, S],
    none of them true.
    """

    owners: torch.Tensor
    ends: torch.Tensor
    rows: torch.Tensor
    places: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    at_ends: torch.Tensor
    saying: torch.Tensor


def looks_of(lesson: Lesson, video_pad: int, device: torch.device) -> LessonLooks:
    """What should attend where in this lesson, as qvtime.tuning.losses packs it."""
    pads = torch.tensor(lesson.prefix) == video_pad
    owners = torch.full((lesson.tokens,), -1)
    patches = len(lesson.times_ms)
    each = lesson.rows * lesson.columns
    owners[: len(lesson.prefix)][pads] = torch.arange(patches).repeat_interleave(each)
    places: list[int] = []
    wanted: list[tuple[int, ...]] = []
    start = len(lesson.prefix)
    for tail in lesson.tails:
        places += [start + one.place for one in tail.aligned]
        wanted += [one.patches for one in tail.aligned]
        start += len(tail.ids)
    targets = torch.zeros((len(places), patches))
    for row, chosen in enumerate(wanted):
        targets[row, list(chosen)] = 1 / len(chosen)
    nowhere = torch.zeros(len(places), dtype=torch.bool)
    return LessonLooks(
        owners=owners[None].to(device),
        ends=torch.zeros((1, lesson.tokens), dtype=torch.bool, device=device),
        rows=torch.zeros(len(places), dtype=torch.int64, device=device),
        places=torch.tensor(places, dtype=torch.int64, device=device),
        targets=targets.to(device),
        weights=torch.ones(len(places), device=device),
        at_ends=nowhere.to(device),
        saying=nowhere.to(device),
    )


def open_recorder(model: Any, recipe: Recipe) -> AttentionRecorder | None:
    """What hears the model's attention, installed; None where the recipe has no such loss.

    Without layers in the recipe the two in the upper middle are heard. UsageError for layers and
    heads that the model does not have.
    """
    if recipe.align_weight <= 0:
        return None
    config = model.config.get_text_config()
    count, heads = config.num_hidden_layers, config.num_attention_heads
    middle = count * 3 // 5
    layers = recipe.align_layers or tuple(sorted({middle, min(middle + 1, count - 1)}))
    missing = [layer for layer in layers if not 0 <= layer < count]
    if missing:
        raise UsageError(f"--align-layers: there is no layer {missing[0]}", f"use 0 to {count - 1}")
    if recipe.align_heads > heads:
        raise UsageError(
            f"--align-heads cannot be {recipe.align_heads}", f"the model has {heads} heads a layer"
        )
    recorder = AttentionRecorder(layers, recipe.align_heads)
    recorder.install(model)
    return recorder


def lesson_alignment(
    recorder: AttentionRecorder, lesson: Lesson, video_pad: int, device: torch.device
) -> torch.Tensor:
    """The alignment loss of the lesson that the model has just read, a float32 scalar."""
    loss, _ = alignment_loss(recorder, looks_of(lesson, video_pad, device))
    return loss

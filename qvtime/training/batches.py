"""Lessons side by side as tensors: every question sees the video and itself, as at inference."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from qvtime.model.pixels import patches_of
from qvtime.model.positions import prefix_positions, tail_positions
from qvtime.training.glimpses import CELL_LABELS, CELLS, Glimpse
from qvtime.training.lessons import Lesson
from qvtime.training.scene import MARKS
from qvtime.training.tails import Alignment, Meaning, Moment

IGNORED = -100


@dataclass(frozen=True, slots=True)
class Batch:
    """B lessons of P patches, S tokens at most.

    The prompt and its answers:
    patches: float32 [B * P * 36, 1536], as the tower takes them; grid: int64 [B, 3];
    ids: int64 [B, S]; labels: int64 [B, S], IGNORED where nothing is to be said;
    kinds: int64 [B, S], which of KINDS_OF_QUESTION a token belongs to; owners: int64 [B, S], the
    patch that a token belongs to, or -1; ends: bool [B, S], the last token of every patch;
    positions: int64 [3, B, S]; hidden: float32 [B, 1, S, S], what is added to attention's scores,
    0 or -inf.

    What should attend where, N times (tails.Alignment):
    rows, places: int64 [N], the token; targets: float32 [N, P]; weights: float32 [N];
    at_ends, saying: bool [N].

    What is true of patches, and what tokens stand for:
    marks: float32 [B * P, MARKS]; clock: int64 [B * P, 3], the digits of their times;
    meant_rows, meant_places: int64 [M], the token; found: bool [M]; meant: float32 [M, MARKS]
    (tails.Meaning); said_rows, said_places: int64 [K], the token; said_found: bool [K];
    said: int64 [K, 3], the digits of a time in a question or answer (tails.Moment);
    links: int64 [L, 3], row, token, and the token that it should attend to (Tail.source).
    """

    patches: torch.Tensor
    grid: torch.Tensor
    ids: torch.Tensor
    labels: torch.Tensor
    owners: torch.Tensor
    kinds: torch.Tensor
    positions: torch.Tensor
    hidden: torch.Tensor
    ends: torch.Tensor
    rows: torch.Tensor
    places: torch.Tensor
    weights: torch.Tensor
    at_ends: torch.Tensor
    saying: torch.Tensor
    targets: torch.Tensor
    marks: torch.Tensor
    meant_rows: torch.Tensor
    meant_places: torch.Tensor
    found: torch.Tensor
    meant: torch.Tensor
    clock: torch.Tensor
    said_rows: torch.Tensor
    said_places: torch.Tensor
    said_found: torch.Tensor
    said: torch.Tensor
    links: torch.Tensor


KINDS_OF_QUESTION = ("at", "when", "never", "list", "says")


@dataclass(frozen=True, slots=True)
class Glimpses:
    """Patches without words: patches and grid as in Batch.

    cells: int64 [patches * 9, 6], CELL_LABELS in every merged vision token.
    """

    patches: torch.Tensor
    grid: torch.Tensor
    cells: torch.Tensor


def collate_glimpses(glimpses: Sequence[Glimpse]) -> Glimpses:
    """All patches of some glimpses as one video for the vision tower."""
    cells = torch.from_numpy(np.concatenate([one.cells for one in glimpses]))
    return Glimpses(
        patches=patches_of(np.concatenate([one.pixels for one in glimpses])),
        grid=torch.tensor([[len(cells), 2 * CELLS, 2 * CELLS]]),
        cells=cells.view(-1, len(CELL_LABELS)),
    )


def collate(lessons: Sequence[Lesson], pad: int, video_pad: int, vision_end: int) -> Batch:
    """One batch of lessons with equally many patches."""
    patches = len(lessons[0].times_ms)
    lengths = [len(one.prefix) + sum(len(t.ids) for t in one.tails) for one in lessons]
    size, longest = len(lessons), max(lengths)
    ids = torch.full((size, longest), pad)
    labels = torch.full((size, longest), IGNORED)
    owners = torch.full((size, longest), -1)
    kinds = torch.full((size, longest), -1)
    segments = torch.full((size, longest), -1)
    positions = torch.zeros((3, size, longest), dtype=torch.int64)
    meanings: list[tuple[int, int, Meaning]] = []
    moments: list[tuple[int, int, Moment]] = []
    links: list[tuple[int, int, int]] = []
    aligned: list[tuple[int, int, Alignment]] = []
    for row, lesson in enumerate(lessons):
        prefix = len(lesson.prefix)
        ids[row, :prefix] = torch.tensor(lesson.prefix)
        owners[row, :prefix] = torch.tensor(lesson.owners)
        segments[row, :prefix] = 0
        where, after = prefix_positions(lesson.prefix, video_pad, CELLS, CELLS)
        positions[:, row, :prefix] = where
        start = prefix
        for number, tail in enumerate(lesson.tails):
            end = start + len(tail.ids)
            ids[row, start:end] = torch.tensor(tail.ids)
            labels[row, start + tail.answer_start : end] = torch.tensor(
                tail.ids[tail.answer_start :]
            )
            kinds[row, start:end] = KINDS_OF_QUESTION.index(tail.kind)
            segments[row, start:end] = number + 1
            positions[:, row, start:end] = tail_positions(after, len(tail.ids))
            aligned += [(row, start + one.place, one) for one in tail.alignments]
            meanings += [(row, start + one.place, one) for one in tail.meanings]
            moments += [(row, start + one.place, one) for one in tail.moments]
            if tail.source is not None:
                saying = range(start + tail.answer_start - 1, end - 1)
                links += [(row, place, start + tail.source) for place in saying]
            start = end
    meant = torch.zeros((len(meanings), MARKS))
    for place, (_, _, one) in enumerate(meanings):
        meant[place, list(one.marks)] = 1
    targets = torch.zeros((len(aligned), patches))
    for place, (_, _, wanted) in enumerate(aligned):
        targets[place, list(wanted.patches)] = 1 / len(wanted.patches)
    causal = torch.ones((longest, longest), dtype=torch.bool).tril()
    same = segments[:, :, None] == segments[:, None, :]
    visible = causal & (same | (segments[:, None, :] == 0))
    return Batch(
        patches=patches_of(np.concatenate([one.pixels for one in lessons])),
        grid=torch.tensor([[patches, 2 * CELLS, 2 * CELLS]] * size),
        ids=ids,
        labels=labels,
        owners=owners,
        kinds=kinds,
        positions=positions,
        hidden=torch.zeros(visible.shape).masked_fill_(~visible, float("-inf"))[:, None],
        ends=ids == vision_end,
        rows=torch.tensor([a[0] for a in aligned]),
        places=torch.tensor([a[1] for a in aligned]),
        weights=torch.tensor([a[2].weight for a in aligned]),
        at_ends=torch.tensor([a[2].at_end for a in aligned]),
        saying=torch.tensor([a[2].saying for a in aligned]),
        targets=targets,
        marks=torch.from_numpy(np.concatenate([one.marks for one in lessons])).float(),
        meant_rows=torch.tensor([m[0] for m in meanings]),
        meant_places=torch.tensor([m[1] for m in meanings]),
        found=torch.tensor([m[2].found for m in meanings]),
        meant=meant,
        clock=_digits([t for one in lessons for t in one.times_ms]),
        said_rows=torch.tensor([m[0] for m in moments]),
        said_places=torch.tensor([m[1] for m in moments]),
        said_found=torch.tensor([m[2].found for m in moments]),
        links=torch.tensor(links).view(-1, 3),
        said=_digits([m[2].time_ms for m in moments]),
    )


def _digits(times_ms: Sequence[int]) -> torch.Tensor:
    """Tens of seconds, seconds and tenths: int64 [times, 3]."""
    return torch.tensor([[t // 10_000 % 10, t // 1000 % 10, t // 100 % 10] for t in times_ms])

"""Three-dimensional positions of a prompt's tokens (Interleaved MRoPE), computed explicitly.

The rule is Qwen3-VL's `get_rope_index`: words advance time, height and width together; a
temporal patch of h x w merged tokens stays at one time `p`, with rows from `p` and columns from
`p`, and the next word follows at `p + max(h, w)`. No real time enters: times are in the words.
Explicit positions are always passed to the model, since its own `rope_deltas` is one mutable
attribute that any other prompt overwrites.
"""

from collections.abc import Sequence

import torch

from qvtime.ops.kernels import REFERENCE, Kernels
from qvtime.ops.position_ids import position_ids


def prefix_positions(
    ids: Sequence[int],
    video_pad: int,
    merged_height: int,
    merged_width: int,
    device: torch.device | str = "cpu",
    kernels: Kernels = REFERENCE,
) -> tuple[torch.Tensor, int]:
    """Positions of a prefix, int64 [3, tokens] (time, height, width), and the next free one.

    Raises ValueError when the pads do not come in whole patches of height x width.
    """
    stretches, following = _stretches(ids, video_pad, merged_height, merged_width)
    table = torch.tensor(stretches, dtype=torch.int32).view(-1, 4).to(device)
    return position_ids(kernels, table, len(ids)), following


def _stretches(
    ids: Sequence[int], video_pad: int, rows: int, columns: int
) -> tuple[list[tuple[int, int, int, int]], int]:
    """Runs of words and patches, as ops.position_ids takes them, and the next free position."""
    stretches = []
    place, position = 0, 0
    while place < len(ids):
        if ids[place] == video_pad:
            end = place + rows * columns
            if list(ids[place:end]) != [video_pad] * (rows * columns):
                raise ValueError(f"the patch at token {place} is not {rows} x {columns} pads")
            stretches.append((place, position, rows, columns))
            position += max(rows, columns)
        else:
            end = place + 1
            while end < len(ids) and ids[end] != video_pad:
                end += 1
            stretches.append((place, position, 0, 0))
            position += end - place
        place = end
    return stretches, position


def tail_positions(first: int, count: int) -> torch.Tensor:
    """Positions of words that follow a prefix, int64 [3, count]."""
    return torch.arange(first, first + count).expand(3, -1)

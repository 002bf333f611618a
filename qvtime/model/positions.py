"""Three-dimensional positions of a prompt's tokens (Interleaved MRoPE), computed explicitly.

The rule is Qwen3-VL's `get_rope_index`: words advance time, height and width together; a
temporal patch of h x w merged tokens stays at one time `p`, with rows from `p` and columns from
`p`, and the next word follows at `p + max(h, w)`. No real time enters: times are in the words.
Explicit positions are always passed to the model, since its own `rope_deltas` is one mutable
attribute that any other prompt overwrites.
"""

from collections.abc import Sequence

import torch


def prefix_positions(
    ids: Sequence[int], video_pad: int, merged_height: int, merged_width: int
) -> tuple[torch.Tensor, int]:
    """Positions of a prefix, int64 [3, tokens] (time, height, width), and the next free one."""
    positions = torch.empty((3, len(ids)), dtype=torch.int64)
    rows = torch.arange(merged_height).repeat_interleave(merged_width)
    columns = torch.arange(merged_width).repeat(merged_height)
    block = torch.stack((torch.zeros_like(rows), rows, columns))  # [3, h * w]
    place, position = 0, 0
    while place < len(ids):
        if ids[place] == video_pad:
            end = place + block.shape[1]
            positions[:, place:end] = block + position
            position += max(merged_height, merged_width)
            place = end
        else:
            positions[:, place] = position
            position += 1
            place += 1
    return positions, position


def tail_positions(first: int, count: int) -> torch.Tensor:
    """Positions of words that follow a prefix, int64 [3, count]."""
    return torch.arange(first, first + count).expand(3, -1)

"""The order of patches in a picture: blocks that are merged into one token, row by row."""

import torch

MERGE = 2
"""Patches along each side of a block."""


def block_order(
    rows: int, columns: int, device: torch.device | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Row and column of every patch of a picture of rows x columns patches, int64 [patches]."""
    row = torch.arange(rows, device=device)[:, None].expand(rows, columns)
    column = torch.arange(columns, device=device).expand(rows, columns)
    blocks = (rows // MERGE, MERGE, columns // MERGE, MERGE)
    return (
        row.reshape(blocks).transpose(1, 2).flatten(),
        column.reshape(blocks).transpose(1, 2).flatten(),
    )

"""What the vision tower is taught of the cells of single patches."""

import numpy as np
import pytest
import torch

from qvtime.training.batches import Glimpses
from qvtime.training.glimpses import (
    CELL_LABELS,
    label_cells,
    make_glimpse,
)
from qvtime.training.losses import cell_loss
from qvtime.training.miniature import (
    TeachingHeads,
)
from qvtime.training.scene import Happening, Rest, Scene, Thing, ThingState

torch.set_num_threads(1)


def test_cells_name_what_is_drawn_there() -> None:
    generator = np.random.default_rng(2)
    for _ in range(20):
        glimpse = make_glimpse(generator, 500)
        pictures = glimpse.pixels.reshape(-1, 2, 96, 96, 3).astype(int)
        for patch, cells in zip(pictures, glimpse.cells, strict=True):
            for cell, (colour, shape, verb, turned, edge, word) in enumerate(cells):
                assert (colour == 6) == (shape == 5)
                assert (turned == 6) == (verb != 8)
                if colour == 6:
                    assert verb == 11
                    assert edge == 8
                if edge in (0, 1, 6, 7):  # began after the centre, or was over before it
                    assert verb == 11
                if edge in (2, 3, 4, 5):
                    assert verb != 11
                row, column = divmod(cell, 3)
                if word != 50:  # on its dark band, light letters
                    assert row == 0
                    band = patch[:, :15, column * 32 : column * 32 + 32]
                    assert band.max() > 140
                    assert np.median(band) < 110
                piece = patch[:, row * 32 : row * 32 + 32, column * 32 : column * 32 + 32]
                if colour == 5:  # white: the brightest there is
                    assert piece.min(axis=-1).max() > 90 or verb in (0, 1, 7)


@pytest.mark.parametrize(
    ("centre_ms", "edge"),
    [(1880, 0), (1950, 1), (2000, 2), (2120, 3), (2126, 8), (3380, 4), (3490, 5), (3600, 7)],
)
def test_cells_say_how_far_from_its_edge_an_event_is(centre_ms: int, edge: int) -> None:
    look = ThingState("red", "circle", 0.5, 0.5, 0.2)
    one = Happening(2000, 3500, 0, "red", "circle", "spins")
    thing = Thing((Rest(0, look), Rest(3500, look)), (one,), (0.2, 0.2, 0.0, 0.0))
    scene = Scene(9000, (thing,), (one,), ((0, 0, 0), (9, 9, 9), 0.0), 0.0, 0.0)
    cells = label_cells(scene, np.array([centre_ms]), 500)
    assert cells[0, 4, CELL_LABELS.index("edge")] == edge


def test_the_colour_that_something_turns_counts_only_where_something_turns() -> None:
    heads = TeachingHeads()
    features = torch.randn(2, 256, generator=torch.Generator().manual_seed(1))
    levels = [features] * 4
    still = Glimpses(
        torch.empty(0), torch.empty(0), torch.tensor([[0, 1, 2, 6, 8, 50], [1, 1, 11, 6, 8, 50]])
    )
    turning = Glimpses(
        torch.empty(0), torch.empty(0), torch.tensor([[0, 1, 8, 3, 8, 50], [1, 1, 11, 6, 8, 50]])
    )
    before = [cell_loss(heads, levels, batch).loss.item() for batch in (still, turning)]
    with torch.no_grad():
        for level in range(4):
            for parameter in heads.of_cells("turned", level).parameters():
                parameter.zero_()
    after = [cell_loss(heads, levels, batch).loss.item() for batch in (still, turning)]
    assert after[0] == before[0]
    assert after[1] != before[1]

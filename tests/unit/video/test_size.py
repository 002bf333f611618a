"""Sizes: whole patches, in budget, the picture's own shape."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.video.size import fit_size

sides = st.integers(1, 8192)


def test_planted_sizes() -> None:
    assert fit_size(1280, 720, 448 * 256) == (448, 256)
    assert fit_size(640, 640, 10**9) == (640, 640)
    assert fit_size(96, 96, 10**9) == (96, 96)
    assert fit_size(1, 1, 10**9) == (32, 32)
    assert fit_size(1000, 10, 4096) == (128, 32)
    assert fit_size(10, 1000, 4096) == (32, 128)
    assert fit_size(50, 50, 10**9, minimum=100) == (128, 128)


@given(sides, sides, st.integers(32 * 32, 10_000_000))
def test_whole_patches_in_budget(width_px: int, height_px: int, budget: int) -> None:
    width, height = fit_size(width_px, height_px, budget)
    assert width % 32 == height % 32 == 0
    assert min(width, height) >= 32
    assert width * height <= budget
    assert width < width_px + 32
    assert height < height_px + 32


@given(st.integers(64, 8192), st.integers(64, 8192), st.integers(200_000, 10_000_000))
def test_the_shape_is_kept(width_px: int, height_px: int, budget: int) -> None:
    if not 1 / 4 <= width_px / height_px <= 4:
        return
    width, height = fit_size(width_px, height_px, budget)
    # Each side is at most one multiple from the ideal one.
    least = min(width, height)
    stretched = (width / height) / (width_px / height_px)
    assert abs(stretched - 1) <= 2 * 32 / least


@given(sides, sides)
def test_a_wider_picture_is_not_taller(width_px: int, height_px: int) -> None:
    width, height = fit_size(width_px, height_px, 200_000)
    turned = fit_size(height_px, width_px, 200_000)
    assert sorted((width, height)) == sorted(turned)


def test_no_size_for_nothing() -> None:
    with pytest.raises(ValueError, match="no size"):
        fit_size(0, 10, 1000)

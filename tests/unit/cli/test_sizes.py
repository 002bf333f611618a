"""Sizes in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.cli.sizes import parse_size
from qvtime.errors import UsageError


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("0", 0),
        ("123", 123),
        ("123B", 123),
        ("2GB", 2_000_000_000),
        ("2 gb", 2_000_000_000),
        ("2g", 2_000_000_000),
        ("1.5MB", 1_500_000),
        ("1KiB", 1024),
        ("3 GiB", 3 << 30),
        ("1TB", 10**12),
    ],
)
def test_sizes_as_people_write_them(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "GB", "-1", "1e9", "2iB", "2GBs", "1,5GB", "nan", "2 2", "٣"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no size"):
        parse_size(text)


@given(st.integers(0, 10**12), st.sampled_from(("", "B", "kB", "MB", "KiB", "GiB")))
def test_a_size_is_its_number_of_units(number: int, unit: str) -> None:
    assert parse_size(f"{number}{unit}") == number * parse_size(f"1{unit}")

"""A `with` block closes what it holds, whatever happens in it."""

import pytest

from qvtime.closing import Closing


class Held(Closing):
    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


def test_the_block_closes_it_once() -> None:
    held = Held()
    with held as inside:
        assert inside is held
        assert held.closed == 0
    assert held.closed == 1


def test_an_error_goes_through_and_it_is_closed() -> None:
    held = Held()
    with pytest.raises(ValueError, match="in the block"), held:
        raise ValueError("in the block")
    assert held.closed == 1


def test_what_does_not_close_cannot_be_held() -> None:
    class Open(Closing):
        pass

    with pytest.raises(TypeError, match="close"):
        Open()  # type: ignore[abstract]

"""How long the rest takes, guessed from how long the parts took so far."""

import pytest

from qvtime.cli.progress import Pace, words_for_left


class Clock:
    """Says what it is told."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_the_rest_takes_as_long_as_the_parts_before_it() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.left_s("a.mp4", 0, 10) is None
    clock.now_s += 30
    assert pace.left_s("a.mp4", 1, 10) == pytest.approx(9 * 30)
    clock.now_s += 10
    assert pace.left_s("a.mp4", 2, 10) == pytest.approx(8 * 20)
    clock.now_s += 160
    assert pace.left_s("a.mp4", 10, 10) == 0


def test_nothing_is_guessed_from_too_little() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.left_s("a.mp4", 0, 10)
    clock.now_s += 1
    assert pace.left_s("a.mp4", 1, 10) is None
    clock.now_s += 1
    assert pace.left_s("a.mp4", 1, 10) == pytest.approx(18)


def test_other_work_begins_anew() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.left_s("a.mp4", 0, 10)
    clock.now_s += 50
    assert pace.left_s("b.mp4", 0, 10) is None
    clock.now_s += 5
    assert pace.left_s("b.mp4", 1, 10) == pytest.approx(45)
    # What was kept costs nothing: a run that goes on at the fifth part does not count four of them.
    assert pace.left_s("c.mp4", 5, 10) is None
    clock.now_s += 4
    assert pace.left_s("c.mp4", 6, 10) == pytest.approx(16)
    assert pace.left_s("c.mp4", 0, 10) is None, "a second pass"
    assert pace.left_s("c.mp4", 0, 4) is None, "a pass of other parts"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "5 s"),
        (12, "10 s"),
        (54, "55 s"),
        (56, "1 min"),
        (150, "2 min"),
        (3570, "1 h"),
        (4800, "1 h 20 min"),
        (7300, "2 h"),
        (100_000, "27 h 45 min"),
    ],
)
def test_a_guess_in_words(seconds: float, words: str) -> None:
    assert words_for_left(seconds) == words

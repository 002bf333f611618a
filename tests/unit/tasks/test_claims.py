"""What an answer claims, piece by piece."""

import pytest

from qvtime.tasks.claims import claims


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("The dog runs and the cat sleeps.", ["The dog runs", "the cat sleeps"]),
        ("The dog runs. It barks!", ["The dog runs", "It barks"]),
        ("狗在跑，猫在睡。", ["狗在跑", "猫在睡"]),
        ("The dog runs and the dog runs.", ["The dog runs"]),
        ("The dog and cat run", ["The dog and cat run"]),
        (" .", []),
    ],
)
def test_claims(text: str, pieces: list[str]) -> None:
    assert claims(text) == pieces

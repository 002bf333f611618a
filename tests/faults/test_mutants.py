"""Thousands of broken copies of small sound files: each is read, or refused by an error of ours."""

import random
from collections import Counter
from pathlib import Path

import pytest

from qvtime.errors import VideoError
from qvtime.settings import Limits
from qvtime.video.file import check_file
from qvtime.video.pyav import PyavSource
from qvtime.video.screen import LocalReader
from tests.videos import Clip, make

SEED = 20261122
MUTANTS = {"a.mp4": 1500, "b.mkv": 1000, "c.ts": 500}
TIMES = tuple(range(0, 400, 40))
BASES = (
    Clip("a.mp4", TIMES, width=32, height=32, options=(("g", "5"), ("bf", "2"))),
    Clip("b.mkv", TIMES, width=32, height=32),
    Clip("c.ts", TIMES, width=32, height=32),
)
LIMITS = Limits(frame_pixels=1 << 20, frames=1000)


def mutate(data: bytes, dice: random.Random) -> bytes:
    """A copy with a few bytes changed, a stretch zeroed, doubled or lost, or its end cut off."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 2, 4, 16))):
        changed[dice.randrange(len(changed))] = dice.choice(
            (0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256))
        )
    start = dice.randrange(len(changed))
    stretch = slice(start, start + dice.randrange(1, 64))
    kind = dice.randrange(8)
    if kind == 0:
        changed[stretch] = bytes(len(changed[stretch]))
    elif kind == 1:
        changed[stretch] = changed[stretch] * 2
    elif kind == 2:
        del changed[stretch]
    elif kind == 3:
        del changed[max(1, start) :]
    return bytes(changed)


@pytest.mark.parametrize("base", BASES, ids=lambda base: base.name)
def test_every_mutant_is_read_or_refused(base: Clip, tmp_path: Path) -> None:
    sound = make(base, tmp_path).read_bytes()
    dice = random.Random(f"{SEED} {base.name}")
    path = tmp_path / f"mutant-{base.name}"
    outcomes: Counter[str] = Counter()
    for _ in range(MUTANTS[base.name]):
        path.write_bytes(mutate(sound, dice))
        try:
            with LocalReader(PyavSource(check_file(path), LIMITS), seek_ahead_ms=100) as reader:
                batch = reader.frames_at([0, 120, 380, 5000], (16, 16))
                reader.frames_at([40], (16, 16))
            assert len(batch) == 4
            outcomes["damaged" if batch.damage else "read"] += 1
        except VideoError as error:
            outcomes[type(error).__name__ if str(path) in error.message else "nameless"] += 1
    # All of these happen, or the mutants are not what they should be.
    assert min(outcomes["read"], outcomes["damaged"], outcomes["NotAVideo"]) > 0, outcomes
    assert outcomes["nameless"] == 0
    assert sum(outcomes.values()) == MUTANTS[base.name]

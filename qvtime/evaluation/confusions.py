"""What the demo model takes for what: `python -m qvtime.evaluation.confusions FILE...`.

FILEs are what `python -m qvtime.evaluation.demo --out FILE` keeps. Prints, as Markdown, how many
moments were right by how far they lie from an edge of an event, and for what events do, their
shapes and their colours, how often each was said for each. Moments in Chinese count too.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qvtime.training.scene import COLOURS, SHAPES, VERBS
from qvtime.training.wording import CHINESE_COLOURS, CHINESE_SHAPES, CHINESE_VERBS

EDGES_MS = (0, 125, 250, 500)
"""Beginnings of the distances from an edge that are counted together."""
NOT_SAID, NOT_TRUE = "not said", "not there"
PARTS = {
    "verb": (VERBS, CHINESE_VERBS),
    "shape": (SHAPES, CHINESE_SHAPES),
    "colour": (tuple(COLOURS), CHINESE_COLOURS),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """A question about a moment: what is true and what was said, as captions without a full stop
    in small letters; edge_ms: how far it is from the nearest edge of an event."""

    true: tuple[str, ...]
    said: tuple[str, ...]
    edge_ms: int | None

    @property
    def is_right(self) -> bool:
        return sorted(self.true) == sorted(self.said)


def main() -> None:
    """Read what was kept, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="+")
    moments = [one for path in parser.parse_args().file for one in read_moments(path)]
    sys.stdout.write(by_edge(moments))
    pairs = [pair for one in moments for pair in pair_captions(one.true, one.said)]
    for part in PARTS:
        sys.stdout.write(f"\n{by_part(pairs, part)}")


def read_moments(path: Path) -> Iterator[Moment]:
    """The questions about moments of one file."""
    for line in path.read_text("utf-8").splitlines():
        kept = json.loads(line)
        if kept["kind"] in ("at", "nothing"):
            said = tuple(event["caption"] for event in kept["events"])
            yield Moment(_plain(kept["captions"]), _plain(said), kept["edge_ms"])


def _plain(captions: Sequence[str]) -> tuple[str, ...]:
    return tuple(caption.removesuffix(".").removesuffix("。").lower() for caption in captions)


def pair_captions(true: Sequence[str], said: Sequence[str]) -> list[tuple[str | None, str | None]]:
    """Each true caption with what was said of it, None where nothing was, or nothing was true.

    What is the same goes together, then what is most alike.
    """
    left, right = list(true), list(said)
    pairs: list[tuple[str | None, str | None]] = []
    while left and right:
        one, other = max(((a, b) for a in left for b in right), key=lambda pair: _likeness(*pair))
        pairs.append((one, other))
        left.remove(one)
        right.remove(other)
    return [*pairs, *((one, None) for one in left), *((None, other) for other in right)]


def _likeness(one: str, other: str) -> int:
    return 10 * (one == other) + sum(_word(one, part) == _word(other, part) for part in PARTS)


def _word(caption: str, part: str) -> str | None:
    """Which colour, shape or verb a caption says, in English; None where it says none."""
    words, chinese = PARTS[part]
    if part == "colour":  # a turn says two: the first is the object's
        found = [(caption.find(form), word) for word in words for form in (word, chinese[word])]
        return min(((place, word) for place, word in found if place >= 0), default=(0, None))[1]
    return next((word for word in words if word in caption or chinese[word] in caption), None)


def by_edge(moments: Sequence[Moment]) -> str:
    """How many moments were right, by how far from an edge they are."""
    lines = [
        '| the nearest beginning or end is | "at T" right | "nothing" right |',
        "|---|---|---|",
    ]
    for low_ms, high_ms in zip(EDGES_MS, (*EDGES_MS[1:], None), strict=True):
        near = [
            one
            for one in moments
            if (one.edge_ms is None and high_ms is None)
            or (one.edge_ms is not None and low_ms <= one.edge_ms < (high_ms or one.edge_ms + 1))
        ]
        cells = []
        for there in (True, False):
            right = [one.is_right for one in near if bool(one.true) == there]
            cells.append(f"{sum(right)} of {len(right)}")
        far = f"{low_ms / 1000:g} s or more off"
        label = far if high_ms is None else f"{low_ms / 1000:g} to {high_ms / 1000:g} s off"
        lines.append(f"| {label} | {cells[0]} | {cells[1]} |")
    return "".join(f"{line}\n" for line in lines)


def by_part(pairs: Iterable[tuple[str | None, str | None]], part: str) -> str:
    """How often each word was said (columns) where each is true (rows)."""
    words = PARTS[part][0]
    counts = Counter(
        (
            NOT_TRUE if true is None else _word(true, part),
            NOT_SAID if said is None else _word(said, part),
        )
        for true, said in pairs
    )
    columns, rows = (*words, NOT_SAID), (*words, NOT_TRUE)
    lines = [f"| {part} | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for row in rows:
        cells = [str(counts[row, column] or "") for column in columns]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    main()

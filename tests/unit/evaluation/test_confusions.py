"""The tables of confusions count every moment once, in the row of what is true."""

import json
from pathlib import Path

from qvtime.evaluation.confusions import Moment, by_edge, by_part, pair_captions, read_moments


def test_captions_are_paired_by_what_they_share() -> None:
    true = ("the red circle jumps", "the blue star turns white")
    said = ("the blue star turns green", "the red circle jumps")
    assert sorted(pair_captions(true, said)) == sorted(zip(true, reversed(said), strict=True))
    assert pair_captions(true[:1], ()) == [(true[0], None)]
    assert pair_captions((), said[:1]) == [(None, said[0])]


def test_a_word_said_for_another_is_counted_in_its_row() -> None:
    pairs = [
        ("the red circle jumps", "the red circle spins"),
        ("红色圆形跳跃", "红色圆形跳跃"),
        ("the blue star turns red", None),
        (None, "the white cross moves to the left"),
    ]
    verbs = by_part(pairs, "verb").splitlines()
    head = [cell.strip() for cell in verbs[0].split("|")[2:-1]]
    rows = {
        line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]]
        for line in verbs[2:]
    }
    assert {head[k]: cell for k, cell in enumerate(rows["jumps"]) if cell} == {
        "jumps": "1",
        "spins": "1",
    }
    assert rows["turns"][head.index("not said")] == "1"
    assert rows["not there"][head.index("moves to the left")] == "1"
    colours = by_part(pairs, "colour").splitlines()
    (blue,) = (line for line in colours if line.startswith("| blue"))
    assert blue.count("1") == 1  # the blue star's new colour is not its own


def test_moments_are_counted_by_how_near_an_edge_they_are() -> None:
    jump = ("the red circle jumps",)
    moments = [
        Moment(jump, jump, 100),
        Moment(jump, (), 124),
        Moment((), (), 125),
        Moment((), jump, 499),
        Moment(jump, jump, 500),
        Moment((), (), None),
    ]
    assert [line.split("|")[2:4] for line in by_edge(moments).splitlines()[2:]] == [
        [" 1 of 2 ", " 0 of 0 "],
        [" 0 of 0 ", " 1 of 1 "],
        [" 0 of 0 ", " 0 of 1 "],
        [" 1 of 1 ", " 1 of 1 "],
    ]


def test_what_the_examination_keeps_is_read(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    event = {"caption": "The red circle jumps."}
    lines = [
        {"kind": "at", "captions": ["the red circle jumps"], "edge_ms": 40, "events": [event]},
        {"kind": "when", "captions": [], "edge_ms": None, "events": []},
    ]
    kept.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    (moment,) = read_moments(kept)
    assert moment.is_right
    assert moment.edge_ms == 40

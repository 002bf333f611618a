"""Files: every format, what is wrong in them, and what answers what."""

import json
import time
from pathlib import Path

import pytest

from qvtime.errors import UsageError
from qvtime.evaluation import mistakes as kinds
from qvtime.evaluation import source
from qvtime.evaluation.entries import Interval, query_name
from qvtime.evaluation.mistakes import Kind
from qvtime.evaluation.pairs import by_queries, pair_up
from qvtime.evaluation.presets import PRESETS, Rules, rules_of
from qvtime.evaluation.readers import Reading, read_file

QID = {"qid": 1, "query": "a dog", "vid": "v_0.0_9.0", "duration": 9, "relevant_windows": [[1, 5]]}
REPORT = {
    "schema": "qvtime/1",
    "video": {"path": "clips/v1.mp4", "duration_ms": 9000},
    "question": "A dog runs",
    "events": [{"start_ms": 1500, "end_ms": 5000, "caption": "", "score": 0.5}],
}
ACTIVITYNET = {"v1": {"duration": 9, "timestamps": [[1, 5]], "sentences": [" A dog runs."]}}

FORMATS = {
    "qvtime": REPORT,
    "segments": {
        "video_id": "v1",
        "segments": [{"start_time": "00:00:01.500", "end_time": 5, "caption": "A dog runs"}],
    },
    "qvhighlights": QID,
    "vue-tr": [{"query_id": 7, "gt": [[1, 5]]}],
    "timelens-bench": {"v1": {"duration": 9, "spans": [[1, 5]], "queries": ["A dog runs."]}},
    "timelens-100k": {
        "video_path": "a/v1.mp4",
        "duration": 9,
        "events": [{"query": "A dog runs", "span": [[1, 5]]}],
    },
    "timelens results": {"v1.mp4>>>A dog runs>>>[1, 5]": {"timestamps": [[1, 5]]}},
    "activitynet": ACTIVITYNET,
}


def read(folder: Path, content: object, is_truth: bool = True, name: str = "file") -> Reading:
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content, "utf-8")
    else:
        path.write_text(json.dumps(content), "utf-8")
    return read_file(str(path), is_truth)


def lines(*values: object) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def counts(reading: Reading) -> dict[Kind, int]:
    return reading.mistakes.counts


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_known_by_its_records(name: str, tmp_path: Path) -> None:
    reading = read(tmp_path, FORMATS[name])
    assert reading.format.name == name
    (entry,) = reading.entries
    (one,) = entry.intervals
    assert (one.start_s, one.end_s) in {(1, 5), (1.5, 5)}
    assert not counts(reading)


def test_charades_and_a_submission(tmp_path: Path) -> None:
    reading = read(tmp_path, "3MSZA 24.3 30.4##person turn a light on.\n\n")
    assert reading.format.name == "charades-sta"
    (entry,) = reading.entries
    assert (entry.video, entry.intervals) == ("3MSZA", (Interval(24.3, 30.4),))
    submission = {"results": {"v1": [{"sentence": "A dog runs", "timestamp": [1, 5]}]}}
    reading = read(tmp_path, submission, is_truth=False)
    assert reading.format.name == "activitynet"
    assert reading.entries[0].intervals == (Interval(1, 5, caption="A dog runs"),)


WRONG_TRUTHS = [
    (kinds.NOT_JSON, lines(QID) + "{broken\n", 1),
    (kinds.NO_NAME, lines(QID, QID | {"qid": None}), 1),
    (kinds.NOT_TWO_TIMES, lines(QID | {"relevant_windows": [[1, 5], [1], "x", [True, 2]]}), 3),
    (kinds.NOT_FINITE, lines(QID | {"relevant_windows": [[1, 5], [float("nan"), 9]]}), 1),
    (kinds.NOT_FINITE, '{"qid": 1, "relevant_windows": [[1, 5], [0, 1e999]]}', 1),
    (kinds.NOT_FINITE, f'{{"qid": 1, "relevant_windows": [[1, 5], [0, 1{"0" * 400}]]}}', 1),
    (kinds.NOT_FINITE, lines(QID | {"relevant_windows": [[1, 5], [-1e308, 1e308]]}), 1),
    (kinds.REVERSED_TRUTH, lines(QID | {"relevant_windows": [[1, 5], [5, 1]]}), 1),
    (kinds.EMPTY_TRUTH, lines(QID | {"relevant_windows": [[5, 5]]}), 1),
    (kinds.NEGATIVE, lines(QID | {"relevant_windows": [[-1, 5]]}), 1),
    (kinds.PAST_END, lines(QID | {"relevant_windows": [[1, 10]]}), 1),
    (kinds.LOST_QUERY, lines(QID, QID | {"qid": 2, "relevant_windows": [[5, 1]]}), 1),
    (kinds.OTHER_RECORD, lines(QID, REPORT, [1]), 2),
    (kinds.REPEATED_KEY, '{"qid": 1, "qid": 2, "relevant_windows": [[1, 5]]}', 1),
    (kinds.NOT_UTF8, lines(QID).encode() + b'{"qid": 2, "query": "caf\xe9"}\n', 1),
    (
        kinds.BAD_CLIPS,
        lines(QID | {"relevant_clip_ids": [99], "saliency_scores": [[1, 1, 1]]}),
        1,
    ),
    (
        kinds.BAD_CLIPS,
        lines(QID | {"relevant_clip_ids": [0], "saliency_scores": [[1, float("nan"), 1]]}),
        1,
    ),
    (
        kinds.BAD_CLIPS,
        lines(QID | {"duration": 1e7, "relevant_clip_ids": [0], "saliency_scores": [[1, 1, 1]]}),
        1,
    ),
]


@pytest.mark.parametrize(
    ("kind", "content", "count"), WRONG_TRUTHS, ids=[one[0].says[:30] for one in WRONG_TRUTHS]
)
def test_mistakes_are_counted_and_named(
    kind: Kind, content: str | bytes, count: int, tmp_path: Path
) -> None:
    reading = read(tmp_path, content)
    assert counts(reading)[kind] == count
    assert len(reading.entries) >= 1, "the rest is read"
    assert any(kind.says in sentence for sentence in reading.mistakes.sentences())


def test_segments_of_others_are_read(tmp_path: Path) -> None:
    others = {"start_time": "00:03:15", "end_time": "3m18s", "caption": "c", "verb": "jumps"}
    wrong = [
        {"start_time": "2:75", "end_time": 3, "caption": ""},
        {"start_time": 5, "caption": "no end"},
    ]
    record = {"video_id": "v1", "split": "train", "segments": [others, *wrong]}
    reading = read(tmp_path, lines(record, record | {"segments": [[1, 2]]}))
    assert reading.entries[0].intervals == (Interval(195, 198, caption="c"),)
    assert counts(reading) == {kinds.NOT_TWO_TIMES: 2, kinds.OTHER_RECORD: 1}


def test_a_prediction_that_runs_backwards_is_kept_as_a_wrong_one(tmp_path: Path) -> None:
    content = {"qid": 1, "pred_relevant_windows": [[5, 1, 0.9], [0, 1, None]]}
    reading = read(tmp_path, content, is_truth=False)
    assert counts(reading) == {kinds.REVERSED: 1, kinds.SOME_SCORES: 1}
    assert len(reading.entries[0].intervals) == 2
    assert not reading.mistakes.lost


GIVEN = {"qid": 1, "pred_relevant_windows": [[0, 1, 0.9]]}
SIDES = {
    "qvhighlights": (QID, GIVEN),
    "vue-tr": ({"query_id": 7, "gt": [[1, 5]]}, {"query_id": 7, "answer": [[0, 1]]}),
}


@pytest.mark.parametrize("name", SIDES)
def test_files_that_are_swapped(name: str, tmp_path: Path) -> None:
    truth, given = SIDES[name]
    for content, is_truth, says in (
        (truth, False, "holds truth, no predictions"),
        (given, True, "holds predictions, no truth"),
    ):
        with pytest.raises(UsageError, match=says) as raised:
            read(tmp_path, lines(content, content), is_truth)
        assert raised.value.hint is not None
        assert "swap the two files" in raised.value.hint


@pytest.mark.parametrize("name", SIDES)
def test_a_record_without_spans_does_not_say_that_nothing_happens(
    name: str, tmp_path: Path
) -> None:
    truth, given = SIDES[name]
    neither = {key: value for key, value in truth.items() if key in ("qid", "query_id")}
    for content, other, is_truth in ((truth, given, True), (given, truth, False)):
        reading = read(tmp_path, lines(content, other, neither), is_truth)
        assert counts(reading) == {kinds.OTHER_SIDE: 1, kinds.OTHER_RECORD: 1}
        assert len(reading.entries) == 1


def test_a_submission_for_highlights_alone(tmp_path: Path) -> None:
    reading = read(tmp_path, {"qid": 1, "pred_saliency_scores": [0.5]}, is_truth=False)
    assert reading.entries[0].clip_scores == (0.5,)
    assert not counts(reading)


def test_a_key_twice_among_very_many_is_found_at_once(tmp_path: Path) -> None:
    keys = [f"v{number}" for number in range(60_000)]
    one = '{"timestamps": [], "sentences": []}'
    document = "{" + ", ".join(f'"{key}": {one}' for key in [*keys, keys[-1]]) + "}"
    began_s = time.process_time()
    reading = read(tmp_path, document)
    assert time.process_time() - began_s < 10, "comparing each with each takes half a minute"
    assert counts(reading) == {kinds.REPEATED_KEY: 1}
    (place,) = reading.mistakes.places[kinds.REPEATED_KEY]
    assert place.endswith('"v59999"')


def test_a_huge_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "LONGEST_LINE", 300)
    reading = read(tmp_path, lines(QID, QID | {"qid": 2, "query": "x" * 400}))
    assert counts(reading) == {kinds.LONG_LINE: 1}
    monkeypatch.setattr(source, "LARGEST_BYTES", 50)
    with pytest.raises(UsageError, match="larger than"):
        read(tmp_path, lines(QID))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_files_that_say_how_they_are_encoded(encoding: str, tmp_path: Path) -> None:
    content = json.dumps(QID | {"query": "红色的圆"}, ensure_ascii=False).encode(encoding)
    reading = read(tmp_path, content)
    assert reading.entries[0].query == "红色的圆"
    assert not counts(reading)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("{", "neither JSON nor JSON lines"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": 1}', "no format"),
        ("words\n", "no format"),
        (b"\x00\xff" * 9, "no format"),
    ],
)
def test_files_that_cannot_be_read(content: str | bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=says):
        read(tmp_path, content)


def test_no_such_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_file(str(tmp_path / "none"), True)
    with pytest.raises(UsageError, match="is a directory"):
        read_file(str(tmp_path), True)
    with pytest.raises(UsageError, match="null byte"):
        read_file("a\0b", True)


def test_queries_that_differ_in_writing_are_one() -> None:
    assert query_name("  A dog\n runs. ") == "a dog runs"
    assert query_name("half \ud800") == query_name("half ?")


RULES = Rules()


def test_a_report_answers_a_caption_of_the_truth(tmp_path: Path) -> None:
    truth = read(tmp_path, ACTIVITYNET)
    given = read(tmp_path, REPORT, is_truth=False, name="given")
    (pair,) = pair_up(given, truth, "queries", RULES)
    assert pair.truth.query == "A dog runs."
    assert pair.intervals == (Interval(1.5, 5, 0.5),)


def test_equal_captions_are_one_query_but_rows_are_several(tmp_path: Path) -> None:
    segments = [
        {"start_time": at, "end_time": at + 1, "caption": text}
        for at, text in enumerate(["x", "y", "X."])
    ]
    reading = read(tmp_path, {"video_id": "v", "segments": segments})
    assert [len(one.intervals) for one in by_queries(reading)] == [2, 1]
    rows = {"v": {"timestamps": [[0, 1], [2, 3]], "sentences": ["x", "x"]}}
    assert [len(one.intervals) for one in by_queries(read(tmp_path, rows))] == [1, 1]


def test_rows_answer_in_order_and_one_answers_all(tmp_path: Path) -> None:
    truth = read(tmp_path, "v 0 1##x\nv 5 6##x\n")
    same = read(tmp_path, "v 0 1##x\nv 5 6##x\n", is_truth=False, name="given")
    assert [one.intervals[0].start_s for one in pair_up(same, truth, "queries", RULES)] == [0, 5]
    one = read(tmp_path, "v 0 1##x\n", is_truth=False, name="given")
    assert [one.intervals[0].start_s for one in pair_up(one, truth, "queries", RULES)] == [0, 0]
    three = read(tmp_path, "v 0 1##x\n" * 3, is_truth=False, name="given")
    assert [len(one.intervals) for one in pair_up(three, truth, "queries", RULES)] == [3, 3]


def test_what_has_no_counterpart_is_named(tmp_path: Path) -> None:
    truth = read(tmp_path, lines(QID, QID | {"qid": 2}, QID | {"qid": 3}, QID | {"qid": 3}))
    windows = {"pred_relevant_windows": [[0, 1]]}
    given = read(
        tmp_path,
        lines(*({"qid": qid} | windows for qid in ("1", 1.0, 9))),
        is_truth=False,
        name="given",
    )
    pairs = pair_up(given, truth, "queries", RULES)
    assert [pair.given is None for pair in pairs] == [False, True, True]
    assert counts(given) == {kinds.REPEATED: 1, kinds.UNASKED: 1}
    assert counts(truth) == {kinds.REPEATED: 1, kinds.MISSING: 2}
    skipped = pair_up(given, truth, "queries", rules_of(None, missing="skip"))
    assert len(skipped) == 1


def test_nothing_answers_anything(tmp_path: Path) -> None:
    truth = read(tmp_path, "v 0 1##x\n")
    given = read(tmp_path, "w 0 1##x\n", is_truth=False, name="given")
    with pytest.raises(UsageError, match="answers anything") as raised:
        pair_up(given, truth, "queries", RULES)
    assert raised.value.hint is not None
    assert '"w" "x"' in raised.value.hint


@pytest.mark.parametrize(
    ("rules", "want"),
    [
        (RULES, (1.5, 9.4)),
        (PRESETS["timelens"], (2, 9)),  # halves go to the even one
        (PRESETS["vue-tr"], (1, 10)),
        (rules_of(None, past_end="clip"), (1.5, 9)),
        (rules_of(None, unit_s=0.5), (1.5, 9.5)),
        (rules_of("vue-tr", unit_s=2.0), (0, 10)),
    ],
)
def test_times_as_the_rules_have_them(
    rules: Rules, want: tuple[float, float], tmp_path: Path
) -> None:
    truth = read(tmp_path, lines(QID))
    content = {"qid": 1, "pred_relevant_windows": [[1.5, 9.4]]}
    given = read(tmp_path, content, is_truth=False, name="given")
    (pair,) = pair_up(given, truth, "queries", rules)
    assert (pair.intervals[0].start_s, pair.intervals[0].end_s) == want
    assert counts(given) == {kinds.PAST_END: 1}


def test_a_span_past_the_end_is_counted_once_where_predictions_say_how_long_too(
    tmp_path: Path,
) -> None:
    truth = read(tmp_path, lines(QID))
    content = {"qid": 1, "duration": 9, "pred_relevant_windows": [[1, 12]]}
    given = read(tmp_path, content, is_truth=False, name="given")
    pair_up(given, truth, "queries", RULES)
    assert counts(given) == {kinds.PAST_END: 1}


@pytest.mark.parametrize(
    ("given_s", "unit_s", "want_s"),
    [
        ((0.3, 0.7), 0.1, (0.3, 0.7)),
        ((0.31, 0.69), 0.1, (0.3, 0.7)),
        ((167.1, 168.3), 0.1, (167.1, 168.3)),
        ((0.29, 0.57), 0.01, (0.29, 0.57)),
        ((1.0001, 1.9999), 1.0, (1, 2)),
        ((-0.3, 0.3), 0.1, (-0.3, 0.3)),
    ],
)
def test_a_time_on_the_unit_is_not_rounded_away_from_it(
    given_s: tuple[float, float], unit_s: float, want_s: tuple[float, float], tmp_path: Path
) -> None:
    truth = read(tmp_path, lines(QID))
    content = {"qid": 1, "pred_relevant_windows": [given_s]}
    given = read(tmp_path, content, is_truth=False, name="given")
    (pair,) = pair_up(given, truth, "queries", rules_of("vue-tr", unit_s=unit_s))
    (one,) = pair.intervals
    assert (one.start_s, one.end_s) == pytest.approx(want_s, abs=1e-9)


def test_rules_that_make_no_sense() -> None:
    for unit_s in (0.0, -1.0, float("nan"), float("inf"), 1e-320, 1.7e308):
        with pytest.raises(UsageError, match="no unit"):
            rules_of(None, unit_s=unit_s)
    with pytest.raises(UsageError, match="no preset"):
        rules_of("imagenet")

"""Which format a file is in, and everything that it says.

The format is seen from the records, not from the file's name: QVHighlights (submission and
truth), Charades-STA, ActivityNet Captions (truth and submission), TimeLens (bench, training and
results), VUE-TR, segments, and qvtime's own JSON.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from qvtime.errors import UsageError
from qvtime.evaluation import captioned, records
from qvtime.evaluation import mistakes as kinds
from qvtime.evaluation.entries import Entry
from qvtime.evaluation.intervals import Checker
from qvtime.evaluation.mistakes import Mistakes
from qvtime.evaluation.source import Line, read_lines

By = Literal["queries", "videos"]


@dataclass(frozen=True, slots=True)
class Format:
    """How to know a format's records and to read them.

    by: what a record is about. rows: each span is a query of its own, even where another has the
    same words. knows: takes a record and its key in the document.
    """

    name: str
    by: By
    rows: bool
    knows: Callable[[Any, str], bool]
    read: Callable[[Any, str, str, Checker], Iterator[Entry]]


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that was read: its entries in order, and what was wrong with it."""

    path: str
    format: Format
    entries: tuple[Entry, ...]
    mistakes: Mistakes


def _has(*names: str) -> Callable[[Any, str], bool]:
    return lambda record, _: isinstance(record, dict) and all(name in record for name in names)


def _is_vue_tr(record: Any, _: str) -> bool:
    return isinstance(record, dict) and ("query_id" in record or {"id", "answer"} <= record.keys())


def _is_report(record: Any, _: str) -> bool:
    return isinstance(record, dict) and record.get("schema") == "qvtime/1"


def _is_activitynet(record: Any, key: str) -> bool:
    return bool(key) and isinstance(record, dict) and {"timestamps", "sentences"} <= record.keys()


FORMATS = (
    Format("qvtime", "queries", False, _is_report, records.read_report),
    Format("segments", "videos", False, _has("video_id", "segments"), captioned.read_segments),
    Format("qvhighlights", "queries", False, _has("qid"), records.read_qvhighlights),
    Format("vue-tr", "queries", False, _is_vue_tr, records.read_vue_tr),
    Format(
        "timelens results",
        "queries",
        True,
        lambda record, key: isinstance(record, dict) and ">>>" in key,
        records.read_timelens_answer,
    ),
    Format(
        "timelens-bench", "queries", True, _has("spans", "queries"), records.read_timelens_truth
    ),
    Format(
        "timelens-100k", "queries", True, _has("video_path", "events"), records.read_timelens_events
    ),
    Format("activitynet", "videos", True, _is_activitynet, captioned.read_activitynet),
    Format(
        "charades-sta",
        "queries",
        True,
        lambda line, _: captioned.is_charades(line),
        captioned.read_charades,
    ),
)

_KNOWN = "qvtime JSON, segments, QVHighlights, Charades-STA, ActivityNet, TimeLens or VUE-TR"


def read_file(path: str, is_truth: bool) -> Reading:
    """Everything a file says; its first record decides the format, others are mistakes.

    UsageError when the file cannot be read, none of its records is in a known format, or it holds
    predictions where truth is wanted, or truth where predictions are.
    """
    found = Mistakes(path)
    checker = Checker(found, is_truth)
    parts = [part for line in read_lines(path, found) for part in _records(line)]
    known = (each for value, _, key in parts for each in FORMATS if each.knows(value, key))
    first = next(known, None)
    if first is None:
        raise UsageError(f"{path} is in no format that qvtime eval reads", f"it reads {_KNOWN}")
    entries: list[Entry] = []
    for value, where, key in parts:
        if first.knows(value, key):
            entries += first.read(value, where, key, checker)
        else:
            found.add(kinds.OTHER_RECORD, where)
    if not entries and kinds.OTHER_SIDE in found.counts:
        holds = "predictions, no truth" if is_truth else "truth, no predictions"
        raise UsageError(
            f"{path} holds {holds}",
            "swap the two files: qvtime eval takes PREDICTIONS, then TRUTH",
        )
    for entry in entries:
        _check_scores(entry, found)
    return Reading(path, first, tuple(entries), found)


def _records(line: Line) -> Iterator[tuple[Any, str, str]]:
    """A document's records: value, place, and key where a document has them by name."""
    value, where = line.value, line.where
    if isinstance(value, list):
        for place, one in enumerate(value, 1):
            yield one, f"record {place}", ""
    elif not isinstance(value, dict) or any(each.knows(value, "") for each in FORMATS):
        yield value, where or "the document", ""
    elif isinstance(value.get("results"), dict):  # ActivityNet's submissions
        for key, one in value["results"].items():
            yield _submitted(one), f'"{key}"', key
    else:
        for key, one in value.items():
            yield one, f'{where} "{key}"'.lstrip(), key


def _submitted(events: Any) -> Any:
    """A list of `sentence, timestamp` in the form of ActivityNet's truth."""
    if not isinstance(events, list):
        return events
    each = [one if isinstance(one, dict) else {} for one in events]
    return {
        "timestamps": [one.get("timestamp") for one in each],
        "sentences": [one.get("sentence", "") for one in each],
    }


def _check_scores(entry: Entry, found: Mistakes) -> None:
    with_score = [one.score is not None for one in entry.intervals]
    if any(with_score) and not all(with_score):
        found.add(kinds.SOME_SCORES, entry.where)

"""Compare predictions with the truth, by the rules of a benchmark."""

from collections.abc import Sequence
from typing import Literal

from qvtime.errors import UsageError
from qvtime.evaluation.curves import curves_of
from qvtime.evaluation.dense import measure_dense
from qvtime.evaluation.entries import Pair
from qvtime.evaluation.highlights import measure_highlights
from qvtime.evaluation.measure import Group
from qvtime.evaluation.moments import measure_moments
from qvtime.evaluation.pairs import pair_up
from qvtime.evaluation.presets import Rules, rules_of
from qvtime.evaluation.readers import By, Reading, read_file
from qvtime.evaluation.reliability import measure_reliability
from qvtime.evaluation.spans import measure_spans
from qvtime.evaluation.table import Outcome, as_json, as_text

__all__ = ["Outcome", "Rules", "as_json", "as_text", "evaluate", "rules_of"]

Task = Literal["auto", "moments", "dense"]


def evaluate(predictions_path: str, truth_path: str, rules: Rules, task: Task = "auto") -> Outcome:
    """Every measure that the two files have the numbers for.

    task: "moments" measures queries, "dense" videos with captions; "auto" is dense where both
    files list captions by video. UsageError when a file cannot be read, its format is not known,
    nothing in one answers anything in the other, or they have no numbers of one kind.
    """
    if predictions_path == truth_path == "-":
        raise UsageError("predictions and truth cannot both come from stdin")
    truth = read_file(truth_path, is_truth=True)
    predictions = read_file(predictions_path, is_truth=False)
    by = _subject(predictions, truth, task)
    pairs = pair_up(predictions, truth, by, rules)
    groups = [measure_dense(pairs, rules)] if by == "videos" else _of_queries(pairs, rules)
    formats = (predictions.format.name, truth.format.name)
    mistakes = tuple(one.mistakes for one in (predictions, truth) if one.mistakes.counts)
    curves = None if by == "videos" else curves_of(pairs, rules)
    return Outcome(tuple(groups), rules, formats, mistakes, curves)


def _subject(predictions: Reading, truth: Reading, task: Task) -> By:
    if task == "auto":
        both = predictions.format.by == truth.format.by == "videos"
        return "videos" if both else "queries"
    return "videos" if task == "dense" else "queries"


def _of_queries(pairs: Sequence[Pair], rules: Rules) -> list[Group]:
    rated = any(pair.given and pair.given.clip_scores for pair in pairs)
    groups: list[Group] = []
    if any(pair.intervals for pair in pairs) or not rated:
        groups += [measure_moments(pairs, rules), measure_spans(pairs, rules)]
    if rated and any(pair.truth.clip_ratings for pair in pairs):
        groups.append(measure_highlights(pairs, rules))
    if not groups:
        raise UsageError(
            "the predictions have clip scores and no spans, the truth spans and no rated clips",
            "compare them with a truth that has saliency_scores",
        )
    reliability = measure_reliability(pairs, rules)
    return groups if reliability is None else [*groups, reliability]

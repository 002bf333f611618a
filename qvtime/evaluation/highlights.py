"""Highlight detection: which of a video's clips the query's highlights are.

jayleicn/moment_detr standalone_eval: a clip counts from a rating of 2 (Fair), 3 (Good) or
4 (Very Good), for each of the raters.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from qvtime.evaluation.entries import Pair
from qvtime.evaluation.measure import Group, Measure, percent
from qvtime.evaluation.presets import Rules

LEAST_RATINGS = (("Fair", 2), ("Good", 3), ("VeryGood", 4))
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def measure_highlights(pairs: Sequence[Pair], rules: Rules) -> Group:
    """mAP and HIT@1 at each least rating, over queries whose truth has rated clips."""
    pairs = [pair for pair in pairs if pair.truth.clip_ratings]
    measures: list[Measure] = []
    for name, least in LEAST_RATINGS:
        precisions, hits = [], []
        for pair in pairs:
            rated = np.array(pair.truth.clip_ratings) >= least  # [clips, raters]
            scores = np.array(pair.given.clip_scores if pair.given else ())
            precisions.append([clip_precision(rater, scores) for rater in rated.T])
            hits.append(is_hit(rated, scores))
        if pairs:
            average = percent(float(np.mean(np.concatenate(precisions))), rules.decimals)
            hit = percent(float(np.mean(hits)), rules.decimals)
            measures += [Measure(f"mAP {name}", average), Measure(f"HIT@1 {name}", hit)]
    return Group("highlights", len(pairs), "queries", tuple(measures))


def is_hit(rated: Bools, scores: Floats) -> bool:
    """Whether the clip with the highest score (the first of equal ones) is one for any rater.

    rated: bool [clips, raters]. `compute_hl_hit1`; no score is no hit.
    """
    best = int(np.argmax(scores)) if len(scores) else len(rated)
    return best < len(rated) and bool(rated[best].any())


def clip_precision(true: Bools, scores: Floats) -> float:
    """Average precision of clips by score for one rater, 0 to 1.

    true: bool [clips]. Scores beyond the last clip are left out, absent ones are 0. The mean, over
    the recalls that a threshold on the score can reach, of the best precision at that recall or a
    higher one: `get_ap` (after gyglim/video2gif_dataset) on scikit-learn's
    `precision_recall_curve`. 0 when no clip is true, 1 when all are.
    """
    if not true.any() or true.all():
        return float(true.any())
    padded = np.zeros(len(true))
    padded[: len(scores)] = scores[: len(true)]
    order = np.argsort(-padded, kind="stable")
    right = np.cumsum(true[order])
    # A threshold takes all clips of one score, so it stands only where the score changes.
    last = np.append(np.flatnonzero(np.diff(padded[order])), len(order) - 1)
    right, precision = right[last], right[last] / (last + 1)
    reached = np.maximum.accumulate(precision[::-1])[::-1]
    rises = np.diff(right, prepend=0) > 0
    return float(np.mean(reached[rises]))

"""The rules by which benchmarks count, and the benchmarks' own choices of them.

Where evaluators differ is small and decides digits: whether an IoU of exactly 0.5 passes 0.5,
which of several predictions is the first, and what happens to times before they are compared.
"""

from dataclasses import dataclass, replace
from typing import Literal

from qvtime.errors import UsageError

Pass = Literal["at-least", "above"]
Rank = Literal["score", "listed"]
True_ = Literal["best", "first"]
Rounding = Literal["none", "nearest", "outward"]
PastEnd = Literal["keep", "clip"]
Missing = Literal["zero", "skip"]
Lengths = tuple[tuple[str, float, float], ...]

LEAST_UNIT_S, LARGEST_UNIT_S = 1e-6, 1e6
"""What times may be rounded to: with others the numbers overflow."""

LENGTHS: Lengths = (
    ("short", 0.0, 10.0),
    ("middle", 10.0, 30.0),
    ("long", 30.0, float("inf")),
)


@dataclass(frozen=True, slots=True)
class Rules:
    """How predictions are compared with the truth.

    passes: an IoU passes a threshold when it is at least that much, or above it. rank: which
    prediction is the first, the one with the highest score (where every one has a score; equal
    scores stay in the order of the file) or the one that is listed first. truth: a query with
    several true spans is measured against the one that fits best, or the first. rounding, unit_s:
    predicted times go to the nearest multiple of the unit (halves to the even one), or start down
    and end up. past_end: predicted spans stay as they are, or are clipped to the video where the
    truth says how long it is. missing: a query without a prediction counts 0, or not at all.
    most_for_map: so many listed predictions count for mAP. lengths_s: classes (name, low, high] of
    a true span's length. merges: whether overlapping spans of one answer are joined before their
    precision and recall. decimals: percentages are rounded to so many, or not (None).
    """

    name: str = "none"
    passes: Pass = "at-least"
    rank: Rank = "score"
    truth: True_ = "best"
    rounding: Rounding = "none"
    unit_s: float = 1.0
    past_end: PastEnd = "keep"
    missing: Missing = "zero"
    most_for_map: int = 10
    lengths_s: Lengths = LENGTHS
    merges: bool = True
    decimals: int | None = None

    def passed(self, iou: float, threshold: float) -> bool:
        """Whether an IoU passes a threshold."""
        return iou >= threshold if self.passes == "at-least" else iou > threshold


PRESETS: dict[str, Rules] = {
    # jayleicn/moment_detr standalone_eval/eval.py: compute_mr_r1 takes the first listed window and
    # the true one with the highest IoU, and >=; compute_mr_ap the first ten listed, by score;
    # length classes (0, 10], (10, 30], (30, 150]; every percentage with two decimals.
    "qvhighlights": Rules(
        name="qvhighlights",
        rank="listed",
        lengths_s=(*LENGTHS[:2], ("long", 30.0, 150.0)),
        decimals=2,
    ),
    # jiyanggao/TALL main.py (the set's authors) and RenShuhuai-Andy/TimeChat
    # metrics/tvg/eval_tvg.py: >=, one true span a query.
    "charades-sta": Rules(name="charades-sta", truth="first"),
    # microsoft/2D-TAN lib/core/eval.py and those who copy it: the IoU is above the threshold.
    "activitynet": Rules(name="activitynet", passes="above", truth="first"),
    # TencentARC/TimeLens evaluation/: predictions rounded to the set's unit of 1 s when they are
    # written (eval_dataloader.py), then the first pair counts, with >= (compute_metrics.py).
    "timelens": Rules(name="timelens", rank="listed", truth="first", rounding="nearest"),
    # bytedance/vidi VUE_TR_V2/qa_eval.py: starts rounded down and ends up to whole seconds; IoU of
    # unions above the threshold; answers are not joined before precision and recall.
    "vue-tr": Rules(name="vue-tr", passes="above", rank="listed", rounding="outward", merges=False),
}


def rules_of(preset: str | None, **choices: str | float | None) -> Rules:
    """The preset's rules with some of them chosen otherwise; None leaves a choice to the preset.

    UsageError when there is no such preset, or the unit is no length of time.
    """
    if preset is not None and preset not in PRESETS:
        raise UsageError(f'there is no preset "{preset}"', f"use one of {', '.join(PRESETS)}")
    rules = PRESETS[preset] if preset else Rules()
    unit_s = choices.get("unit_s")
    if unit_s is not None:
        if not isinstance(unit_s, float) or not LEAST_UNIT_S <= unit_s <= LARGEST_UNIT_S:
            raise UsageError(f"{unit_s} is no unit to round to", "give seconds: 1, 0.5, 0.1")
        if rules.rounding == "none":
            rules = replace(rules, rounding="nearest")
    chosen = {name: value for name, value in choices.items() if value is not None}
    return replace(rules, **chosen)  # type: ignore[arg-type]  # the command line checked the words

"""From a distribution over spans to occurrences: its peaks, each with the mass around it.

Spans are pairs of patches (first, last), both included. A model that is sure of an occurrence
spreads its belief over neighbouring edges; spans that share at least half of their union mean the
same occurrence, so their probabilities add up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

SAME_IOU = 0.5
"""Spans that overlap by this much mean the same occurrence."""
FEWEST = 0.005
"""Peaks with less probability than this are none."""
MOST_CANDIDATES = 400
"""How many spans are weighed against each other: the likeliest."""

Patches: TypeAlias = "tuple[int, int]"
"""The first and the last patch of a span."""


@dataclass(frozen=True, slots=True)
class Peak:
    """An occurrence: its patches, and the probability of all spans that mean it, 0 to 1."""

    span: Patches
    mass: float


def find_peaks(mass: Mapping[Patches, float]) -> list[Peak]:
    """The occurrences in a distribution over spans, the likeliest first, none overlapping another.

    An occurrence's span is the one whose expected overlap (IoU) with the others of its peak is
    greatest. What overlaps it by less than `SAME_IOU` is a poor reading of the same pictures and
    counts for nothing.
    """
    likeliest = sorted(mass, key=lambda span: (-mass[span], span))[:MOST_CANDIDATES]
    spans = np.array(likeliest, dtype=np.int64).reshape(-1, 2)
    left = np.array([mass[span] for span in likeliest], dtype=np.float64)
    shared = _iou(spans)
    peaks: list[Peak] = []
    while left.size and left.max() > 0:
        around = shared[int(left.argmax())] >= SAME_IOU
        gain = np.where(around & (left > 0), shared @ np.where(around, left, 0.0), -1.0)
        best = int(gain.argmax())
        total = float(left[shared[best] >= SAME_IOU].sum())
        if total >= FEWEST:
            first, last = spans[best].tolist()
            peaks.append(Peak((first, last), min(1.0, total)))
        left[shared[best] > 0] = 0.0
    return sorted(peaks, key=lambda peak: (-peak.mass, peak.span))


def meet(one: Patches, other: Patches) -> bool:
    """Whether two spans share a patch."""
    return one[0] <= other[1] and other[0] <= one[1]


def _iou(spans: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Intersection over union of every pair, float64 [N, N]."""
    first, last = spans[:, 0], spans[:, 1]
    lengths = last - first + 1
    shared = np.minimum(last[:, None], last) - np.maximum(first[:, None], first) + 1
    shared = np.maximum(shared, 0)
    union = lengths[:, None] + lengths - shared
    return np.asarray(shared / union, dtype=np.float64)

"""The size at which a model looks at a picture: its own shape, whole patches, within a budget."""

from math import log, sqrt

SMALLEST_SIDE_PX = 64
"""Of a picture that a model is shown: two of its tokens."""


def shown_size(width_px: int, height_px: int, pixel_budget: int) -> tuple[int, int]:
    """The (width, height) in which a model is shown a video's pictures (`fit_size`)."""
    return fit_size(width_px, height_px, pixel_budget, minimum=SMALLEST_SIDE_PX)


def fit_size(
    width_px: int,
    height_px: int,
    pixel_budget: int,
    multiple: int = 32,
    minimum: int | None = None,
) -> tuple[int, int]:
    """The (width, height) nearest to a picture's own, as multiples, with width x height in budget.

    `multiple` is the vision tower's patch x merge (32 px for Qwen3-VL). Sides are at least
    `minimum` (default: `multiple`), rounded up to a multiple. A picture is never enlarged beyond
    that rounding. Of the sizes next to the ideal one the nearest is taken, by the sum of squared
    log ratios of the sides, which weighs a wrong shape and a wrong area alike. Very long pictures
    give up their shape before the budget; only a budget under minimum x minimum is exceeded.
    """
    if min(width_px, height_px, pixel_budget, multiple) <= 0:
        raise ValueError(f"no size for {width_px}x{height_px} px in {pixel_budget} px")
    least = -(-(minimum or multiple) // multiple) * multiple
    scale = min(1.0, sqrt(pixel_budget / (width_px * height_px)))
    ideal = (width_px * scale, height_px * scale)
    candidates = [
        (width, height)
        for width in _neighbours(ideal[0], multiple, least)
        for height in _neighbours(ideal[1], multiple, least)
    ]
    fitting = [size for size in candidates if size[0] * size[1] <= pixel_budget]
    if fitting:
        return min(
            fitting,
            key=lambda size: log(size[0] / ideal[0]) ** 2 + log(size[1] / ideal[1]) ** 2,
        )
    # The short side was raised to the least, so the long side alone can pay for it.
    width, height = min(candidates)
    longest = max(least, pixel_budget // least // multiple * multiple)
    return (min(width, longest), height) if width > height else (width, min(height, longest))


def _neighbours(side_px: float, multiple: int, least: int) -> tuple[int, int]:
    below = int(side_px // multiple) * multiple
    return max(least, below), max(least, below + multiple)

"""How much of a video a model reads at once: what it was taught, what is asked for, what fits.

Windows are what gives way. Shorter ones see every moment at the same size and the same granularity,
only with less around it; pictures get smaller where not even a few patches fit.
"""

from dataclasses import dataclass, replace

from qvtime.errors import OutOfMemory, UsageError
from qvtime.model.habits import Habits
from qvtime.model.shape import PIXELS_A_TOKEN, ModelShape
from qvtime.settings import Settings

LABEL_TOKENS = 12
"""Around the pictures of a patch: `<3600.0 seconds>`, a token a digit, and where vision begins."""
TALK_TOKENS = 4096
"""Of the context, kept for subtitles, the question, a thought and the answer; an eighth at most."""
FEW_PATCHES = 8
"""Shorter windows than this are not made while pictures can be smaller instead."""
LEAST_PIXELS = 128 * 128
USED_SHARE = 0.9
"""Of the free memory; the rest is for what the estimate does not know, and for other programs."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user wants read at once: video tokens, pixels of a picture, temporal patches."""

    tokens: int | None = None
    frame_pixels: int | None = None
    patches: int | None = None


def wishes_of(settings: Settings) -> Wishes:
    """What of a video is to be read at once by these settings."""
    patches = None
    if settings.window_ms is not None:
        patches = -(-settings.window_ms // settings.granularity_ms)
    return Wishes(settings.window_tokens, settings.frame_pixels, patches)


@dataclass(frozen=True, slots=True)
class Room:
    """What there is: bytes of memory beside the weights, and where; None when nobody knows.

    width: bytes of a number, as the model runs.
    """

    free_bytes: int | None
    place: str
    width: int = 2


def patch_tokens(frame_pixels: int) -> int:
    """How many tokens one temporal patch takes at most, with its time."""
    return max(1, frame_pixels // PIXELS_A_TOKEN) + LABEL_TOKENS


def fit(
    name: str, habits: Habits, shape: ModelShape, wishes: Wishes, room: Room
) -> tuple[Habits, str | None]:
    """The habits with what is read at once as wished, taught and possible; what fell short of that.

    UsageError for wishes that the model cannot meet, OutOfMemory when nothing fits.
    """
    patches, pixels = fit_context(name, habits, shape.context_tokens, wishes)
    fitted = _fit_memory(patches, pixels, wishes, shape, room)
    if fitted is None:
        free = (room.free_bytes or 0) / 1e9
        raise OutOfMemory(
            f"Not even a short window fits into the memory of {room.place} with {name}:"
            f" {free:.1f} GB are free.",
            "Use a smaller model, --quantize int4, or fewer --max-pixels.",
        )
    said = None
    if fitted != (patches, pixels):
        smaller = f" of {fitted[1]} px each" if fitted[1] != pixels else ""
        said = (
            f"memory on {room.place} is short: reading {fitted[0]} temporal patches{smaller} at"
            f" once, not {patches}"
        )
    return replace(habits, window_patches=fitted[0], frame_pixels=fitted[1]), said


def fit_context(name: str, habits: Habits, context_tokens: int, wishes: Wishes) -> tuple[int, int]:
    """How many patches of how many pixels are read at once, as wished, taught and possible.

    UsageError for wishes that the model cannot meet.
    """
    pixels = wishes.frame_pixels or habits.frame_pixels
    talk = min(TALK_TOKENS, context_tokens // 8)
    most = (context_tokens - talk) // patch_tokens(pixels)
    if habits.taught_patches is not None:
        most = min(most, habits.taught_patches)
    if wishes.tokens is not None:
        wanted = wishes.tokens // patch_tokens(pixels)
        if wishes.tokens > context_tokens:
            raise UsageError(
                f"--tokens is {wishes.tokens}; {name} reads {context_tokens} at once",
                "use fewer, or --yarn where the model has 262144",
            )
        if wanted < 1:
            raise UsageError(
                f"--tokens is {wishes.tokens}; one temporal patch takes {patch_tokens(pixels)}",
                "use more tokens, or fewer --max-pixels",
            )
    else:
        wanted = max(habits.window_patches, wishes.patches or 0)
    return max(1, min(wanted, most)), pixels


def _fit_memory(
    patches: int, pixels: int, wishes: Wishes, shape: ModelShape, room: Room
) -> tuple[int, int] | None:
    """The most patches and pixels that fit; None when nothing does."""
    if room.free_bytes is None:
        return patches, pixels
    usable = USED_SHARE * room.free_bytes
    least = 1 if wishes.frame_pixels is not None else min(FEW_PATCHES, patches)
    while True:
        per_token = shape.kv_bytes_per_token(room.width) + shape.work_bytes(1, room.width)
        left = usable - shape.window_bytes(0, room.width)
        fitting = int(left // (per_token * patch_tokens(pixels)))
        if fitting >= least:
            return min(patches, fitting), pixels
        if wishes.frame_pixels is not None or pixels // 2 < LEAST_PIXELS:
            return (fitting, pixels) if fitting >= 1 else None
        pixels //= 2

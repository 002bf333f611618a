"""Pictures of a scene: the only place where the made world gets its pixels."""

import math
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from qvtime.training.scene import COLOURS, NOVEL_COLOURS, Scene, Sign, ThingState

PAINTS = COLOURS | NOVEL_COLOURS
SUBPIXEL_BITS = 4
DOT_COLOUR = (25, 25, 25)
"""The dark dot on every object, above its middle: a turned circle differs from a still one."""

SIGN_HEIGHT, SIGN_BAND = 0.1, 0.16
"""Height of the letters of a sign, and of the dark band behind them, in widths of the picture."""
SIGN_FONT = cv2.FONT_HERSHEY_DUPLEX
SIGN_FONT_PX = 22
"""Height of a capital of this font at scale 1."""
BAND_COLOUR, BAND_OPACITY, LETTER_COLOUR = (12, 12, 12), 0.75, (250, 250, 250)

SHAKEN_OPACITY = 0.6
"""Opacity of each of the two pictures of a shaking object."""


def _regular(count: int, radius: float, first: float = -math.pi / 2) -> list[tuple[float, float]]:
    angles = [first + 2 * math.pi * k / count for k in range(count)]
    return [(radius * math.cos(a), radius * math.sin(a)) for a in angles]


def _star() -> list[tuple[float, float]]:
    points = _regular(10, 1.15)
    return [(x * s, y * s) for (x, y), s in zip(points, [1.0, 0.45] * 5, strict=True)]


_ARM = 0.36
OUTLINES: dict[str, npt.NDArray[np.float64]] = {
    "circle": np.array(_regular(28, 0.98)),
    "square": np.array([(-0.86, -0.86), (0.86, -0.86), (0.86, 0.86), (-0.86, 0.86)]),
    "triangle": np.array(_regular(3, 1.2)),
    "star": np.array(_star()),
    "cross": np.array(
        [
            *((-_ARM, -1), (_ARM, -1), (_ARM, -_ARM), (1, -_ARM), (1, _ARM), (_ARM, _ARM)),
            *((_ARM, 1), (-_ARM, 1), (-_ARM, _ARM), (-1, _ARM), (-1, -_ARM), (-_ARM, -_ARM)),
        ]
    ),
}


def backdrop(scene: Scene, size_px: int) -> npt.NDArray[np.float32]:
    """The picture without objects and noise, float32 RGB [size, size, 3]."""
    low, high, direction = scene.backdrop
    ramp = np.linspace(0, 1, size_px, dtype=np.float32)
    along = ramp[None, :] * math.cos(direction) + ramp[:, None] * math.sin(direction)
    share = np.clip(along, 0, 1)[:, :, None]
    picture = np.asarray(low, np.float32) * (1 - share) + np.asarray(high, np.float32) * share
    if scene.stripes:
        wave = np.sin((ramp[None, :] + ramp[:, None]) * scene.stripes * math.pi)
        picture = picture + 9.0 * wave[:, :, None]
    shaded: npt.NDArray[np.float32] = picture.astype(np.float32)
    return shaded


def draw(picture: npt.NDArray[np.float32], state: ThingState) -> None:
    """Draw one object into float32 RGB [size, size, 3], in place, with soft edges."""
    if state.shaken:
        for way in (-1, 1):
            x, opacity = state.x + way * state.shaken, SHAKEN_OPACITY * state.opacity
            draw(picture, replace(state, x=x, opacity=opacity, shaken=0.0))
        return
    size_px = picture.shape[0]
    reach = 1.35 * state.radius
    left, top = (max(0, int((c - reach) * size_px)) for c in (state.x, state.y))
    right, bottom = (min(size_px, int((c + reach) * size_px) + 2) for c in (state.x, state.y))
    if left >= right or top >= bottom:
        return
    cosine, sine = math.cos(state.radians), math.sin(state.radians)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    middle = np.array([state.x * size_px - left - 0.5, state.y * size_px - top - 0.5])
    over = np.array([1.0, state.tallness])
    outline = OUTLINES[state.shape] * over @ turn * (state.radius * size_px) + middle
    mask = np.zeros((bottom - top, right - left), np.uint8)
    scale = 1 << SUBPIXEL_BITS
    cv2.fillPoly(
        mask, [np.round(outline * scale).astype(np.int32)], 255, cv2.LINE_AA, SUBPIXEL_BITS
    )
    dot = np.array([0.0, -0.5]) * over @ turn * (state.radius * size_px) + middle
    dotted = np.zeros_like(mask)
    cv2.circle(
        dotted,
        [int(v) for v in np.round(dot * scale)],
        max(1, int(0.24 * state.radius * size_px * scale)),
        255,
        -1,
        cv2.LINE_AA,
        SUBPIXEL_BITS,
    )
    paint = np.empty((*mask.shape, 3), np.float32)
    paint[:] = PAINTS[state.colour]
    if state.turned:  # the new colour comes in from the left
        edge = (state.x - 1.05 * state.radius + 2.1 * state.radius * state.turned_share) * size_px
        paint[:, : max(0, int(edge - left))] = PAINTS[state.turned]
    shade = dotted[:, :, None].astype(np.float32) / 255
    paint = paint * (1 - shade) + np.asarray(DOT_COLOUR, np.float32) * shade
    cover = mask[:, :, None].astype(np.float32) * (state.opacity / 255)
    region = picture[top:bottom, left:right]
    region += (paint - region) * cover


def sign_edges(sign: Sign, size_px: int) -> tuple[int, int]:
    """Where a word begins and ends from the left, in pixels of a picture so large."""
    scale = SIGN_HEIGHT * size_px / SIGN_FONT_PX
    (width_px, _), _ = cv2.getTextSize(sign.word, SIGN_FONT, scale, 1)
    left_px = round(sign.middle * size_px - width_px / 2)
    return left_px, left_px + width_px


def draw_sign(picture: npt.NDArray[np.float32], sign: Sign) -> None:
    """Write a word across the top of float32 RGB [size, size, 3], in place."""
    size_px = picture.shape[0]
    band_px, height_px = round(SIGN_BAND * size_px), round(SIGN_HEIGHT * size_px)
    region = picture[:band_px]
    region += (np.asarray(BAND_COLOUR, np.float32) - region) * BAND_OPACITY
    mask = np.zeros(region.shape[:2], np.uint8)
    corner = (sign_edges(sign, size_px)[0], (band_px + height_px) // 2)
    scale = SIGN_HEIGHT * size_px / SIGN_FONT_PX
    cv2.putText(mask, sign.word, corner, SIGN_FONT, scale, 255, 1, cv2.LINE_AA)
    cover = mask[:, :, None].astype(np.float32) / 255
    region += (np.asarray(LETTER_COLOUR, np.float32) - region) * cover


def render(
    scene: Scene,
    times_ms: npt.ArrayLike,
    size_px: int,
    noise: np.random.Generator | None = None,
) -> npt.NDArray[np.uint8]:
    """The scene at these moments: uint8 RGB [N, size, size, 3]; with grain if given a source."""
    base = backdrop(scene, size_px)
    times = np.asarray(times_ms)
    pictures = np.empty((len(times), size_px, size_px, 3), np.uint8)
    for place, time_ms in enumerate(times):
        picture = base.copy()
        for state in scene.states(float(time_ms)):
            draw(picture, state)
        if (sign := scene.sign(float(time_ms))) is not None:
            draw_sign(picture, sign)
        if noise is not None and scene.noise > 0.5:
            grain = noise.standard_normal((size_px, size_px, 1), np.float32)
            picture += grain * scene.noise
        pictures[place] = np.clip(picture, 0, 255)
    return pictures

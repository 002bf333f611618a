"""Pictures at another size."""

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from qvtime.frames import Pixels

cv2.setNumThreads(1)  # the decoder has the cores; OpenCV's pool costs more than it saves here


def resize(pixels: npt.NDArray[np.uint8], width_px: int, height_px: int) -> Pixels:
    """uint8 [H, W, 3] at the given size: area averages when shrinking, bicubic when growing.

    A picture that shrinks along one side and grows along the other is averaged first, so that no
    line of it is skipped.
    """
    height, width = pixels.shape[:2]
    if (width, height) == (width_px, height_px):
        return np.ascontiguousarray(pixels)
    least = min(width, width_px), min(height, height_px)
    try:
        if least != (width, height):
            pixels = cast(Pixels, cv2.resize(pixels, least, interpolation=cv2.INTER_AREA))
        if least != (width_px, height_px):
            grown = cv2.resize(pixels, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
            pixels = cast(Pixels, grown)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from error
        raise
    return pixels

"""A decoded picture as a file that browsers show."""

import cv2
import numpy as np
import numpy.typing as npt

QUALITY = 82


def encode_jpeg(pixels: npt.NDArray[np.uint8]) -> bytes:
    """The JPEG of a picture, uint8 RGB [H, W, 3]."""
    drawn, jpeg = cv2.imencode(
        ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, QUALITY)
    )
    if not drawn:
        raise ValueError(f"no JPEG of {pixels.shape[1]}x{pixels.shape[0]} px")
    return jpeg.tobytes()

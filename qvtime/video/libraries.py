"""Which libraries decode."""

import av
import cv2


def library_versions() -> dict[str, str]:
    """The FFmpeg that PyAV was built with, part by part, and OpenCV."""
    parts = {
        name: ".".join(map(str, numbers)) for name, numbers in sorted(av.library_versions.items())
    }
    ffmpeg = str(getattr(av, "ffmpeg_version_info", "unknown"))
    return {"ffmpeg": ffmpeg, **parts, "opencv": cv2.__version__}

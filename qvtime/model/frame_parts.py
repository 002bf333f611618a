"""Pictures with their times, as parts of a message to a model server."""

import base64
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from qvtime.frames import FRAMES_PER_PATCH, FrameBatch
from qvtime.model.prompt import label_ms, subtitle_label, time_label
from qvtime.settings import FramesAs

JPEG_QUALITY = 95
TICKS_A_SECOND = 1000
USUAL_VIDEO_PIXELS = 25_165_824
"""What the processor of the released checkpoints shrinks a video to, pictures times pixels."""


@dataclass(frozen=True, slots=True)
class FrameParts:
    """content: the parts, in order; named: the same with what was sent before only named, None
    where it has no name; extra: what the request has to say about them."""

    content: tuple[dict[str, Any], ...]
    named: tuple[dict[str, Any], ...] | None
    extra: dict[str, Any]


def frame_parts(
    frames: FrameBatch, centres_ms: Sequence[int], subtitles: Sequence[str], frames_as: FramesAs
) -> FrameParts:
    """Two pictures for every patch, each patch at its centre.

    As a video both go to the server, and words that are said come after it; as images one picture
    stands for each patch, the later one, since an image is a patch of its own to Qwen3-VL.
    """
    if len(frames) != FRAMES_PER_PATCH * len(centres_ms):
        raise ValueError(f"{len(frames)} pictures for {len(centres_ms)} patches")
    if frames_as == "images":
        content = tuple(_interleaved(frames, centres_ms, subtitles or [""] * len(centres_ms)))
        return FrameParts(content, None, {})
    pictures = [_jpeg(picture) for picture in frames.pixels]
    indices = [label_ms(centre_ms) for centre_ms in centres_ms for _ in range(FRAMES_PER_PATCH)]
    name = hashlib.sha256("".join((*pictures, str(indices))).encode()).hexdigest()[:32]
    url = {"url": f"data:video/jpeg;base64,{','.join(pictures)}"}
    words = tuple(
        {"type": "text", "text": f"{time_label(centre_ms)}{subtitle_label(said)}\n"}
        for centre_ms, said in zip(centres_ms, subtitles, strict=bool(subtitles))
        if said
    )
    part = {"type": "video_url", "uuid": name}
    return FrameParts(
        content=({**part, "video_url": url}, *words),
        named=({**part, "video_url": None}, *words),
        extra=_video_extra(frames, indices),
    )


def _video_extra(frames: FrameBatch, indices: Sequence[int]) -> dict[str, Any]:
    """The times of pictures, in milliseconds, and that none is to be left out or made smaller.

    vLLM labels a patch with the mean of its two times (vllm, qwen3_vl.py), so both are the centre.
    """
    last = max(indices[-1] + 1, len(indices))
    extra: dict[str, Any] = {
        "media_io_kwargs": {
            "video": {
                "num_frames": -1,
                "fps": TICKS_A_SECOND,
                "frames_indices": list(indices),
                "total_num_frames": last,
                "duration": last / TICKS_A_SECOND,
                "do_sample_frames": False,
            }
        }
    }
    pixels = frames.pixels[..., 0].size
    if pixels > USUAL_VIDEO_PIXELS:
        extra["mm_processor_kwargs"] = {"size": {"shortest_edge": 4096, "longest_edge": pixels}}
    return extra


def _interleaved(
    frames: FrameBatch, centres_ms: Sequence[int], subtitles: Sequence[str]
) -> Iterator[dict[str, Any]]:
    for patch, (centre_ms, said) in enumerate(zip(centres_ms, subtitles, strict=True)):
        yield {"type": "text", "text": time_label(centre_ms)}
        url = f"data:image/jpeg;base64,{_jpeg(frames.pixels[2 * patch + 1])}"
        yield {"type": "image_url", "image_url": {"url": url}}
        if said:
            yield {"type": "text", "text": subtitle_label(said)}


def _jpeg(picture: npt.NDArray[np.uint8]) -> str:
    held = io.BytesIO()
    Image.fromarray(picture).save(held, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return base64.b64encode(held.getvalue()).decode()

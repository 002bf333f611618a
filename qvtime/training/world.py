"""Made clips with known truth.

    python -m qvtime.training.world --seed S --count N --seconds T --out DIR

Writes NAME.mp4 and NAME.truth.json for every clip. The truth has the segments format, with the
subject and the verb of every event added; times have milliseconds. `--novel` makes clips with a
colour and an event that the demo model was never taught (docs/training.md); `--chinese` writes
the captions in Chinese; `--signs` writes words across the top, whose truth is added as `signs`.
"""

import argparse
import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from qvtime.store.files import write_atomically
from qvtime.timestamps import format_time
from qvtime.training.render import render
from qvtime.training.scene import Scene, Sign
from qvtime.training.script import make_scene
from qvtime.training.wording import say

TIME_BASE = Fraction(1, 1000)
FRAME_RATES = (12, 15, 24, 25, 30)
SIZES_PX = (128, 160, 192, 240)
COMPRESSIONS = (20, 33)
CHUNK_FRAMES = 64


def film(
    scene: Scene,
    times_ms: Sequence[int],
    path: Path,
    size_px: int,
    compression: int,
    noise: np.random.Generator,
) -> None:
    """Write the scene as MP4 (H.264, `compression` is its constant rate factor).

    One picture for every moment of `times_ms`, on screen until the next one; the last one for as
    long as the one before it. The first moment must be 0.
    """
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=round(1000 / max(1, times_ms[1])))
        stream.width = stream.height = size_px
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = TIME_BASE
        stream.options = {"crf": str(compression), "preset": "veryfast", "threads": "1"}
        for start in range(0, len(times_ms), CHUNK_FRAMES):
            moments = times_ms[start : start + CHUNK_FRAMES]
            for time_ms, pixels in zip(
                moments, render(scene, moments, size_px, noise), strict=True
            ):
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                frame.pts, frame.time_base = int(time_ms), TIME_BASE
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def truth_of(scene: Scene, name: str, chinese: bool = False) -> dict[str, Any]:
    """The scene's events in the segments format, with subject and verb (in English), and signs."""
    return {
        "video_id": name,
        "segments": [
            {
                "start_time": format_time(one.start_ms, 3),
                "end_time": format_time(one.end_ms, 3),
                "caption": say(one, chinese),
                "subject": one.subject,
                "verb": one.phrase,
            }
            for one in scene.happenings
        ],
        **({"signs": [_sign(one) for one in scene.signs]} if scene.signs else {}),
    }


def _sign(one: Sign) -> dict[str, str]:
    start, end = (format_time(time_ms, 3) for time_ms in (one.start_ms, one.end_ms))
    return {"start_time": start, "end_time": end, "word": one.word}


def write_clip(
    scene: Scene,
    times_ms: Sequence[int],
    folder: Path,
    name: str,
    size_px: int,
    compression: int,
    noise: np.random.Generator,
    chinese: bool = False,
) -> None:
    """Write NAME.mp4 and NAME.truth.json into the folder."""
    film(scene, times_ms, folder / f"{name}.mp4", size_px, compression, noise)
    truth = json.dumps(truth_of(scene, name, chinese), indent=1, ensure_ascii=False) + "\n"
    write_atomically(folder / f"{name}.truth.json", truth)


def even_times(duration_ms: int, frame_rate: int) -> list[int]:
    """The moments of a constant frame rate, in whole milliseconds."""
    return [round(1000 * k / frame_rate) for k in range(duration_ms * frame_rate // 1000)]


def main() -> None:
    """Write the clips that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same clips")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--novel", action="store_true", help="with orange things, and flips")
    parser.add_argument("--chinese", action="store_true", help="captions in Chinese")
    parser.add_argument("--signs", action="store_true", help="with words across the top")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    duration_ms = round(1000 * options.seconds)
    for number in range(options.count):
        generator = np.random.default_rng([options.seed, number])
        scene = make_scene(generator, duration_ms, options.novel, options.signs)
        times_ms = even_times(duration_ms, int(generator.choice(FRAME_RATES)))
        size_px = int(generator.choice(SIZES_PX))
        compression = int(generator.integers(*COMPRESSIONS))
        name = f"clip-{options.seed}-{number:04}"
        write_clip(
            scene, times_ms, options.out, name, size_px, compression, generator, options.chinese
        )


if __name__ == "__main__":
    main()

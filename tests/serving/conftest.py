"""A server with the demo model, and pictures of a sample with their times."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qvtime.frames import FrameBatch
from qvtime.model.frame_parts import JPEG_QUALITY
from qvtime.video.sampling import frame_times
from qvtime.video.worker import open_video
from tests.serving.demo_server import DemoServer, Pixels, serving

SAMPLES = Path(__file__).parents[2] / "samples"
SHORT, VFR = str(SAMPLES / "short.mp4"), str(SAMPLES / "vfr.mp4")
CENTRES_MS = (1000, 1500, 2000, 2500, 3000, 3500)
SIZE_PX = (96, 96)


@pytest.fixture(scope="session")
def shared_server() -> Iterator[DemoServer]:
    with serving(DemoServer()) as server:
        yield server


@pytest.fixture
def server(shared_server: DemoServer) -> Iterator[DemoServer]:
    """One that has heard nothing yet and is as good as new."""
    shared = shared_server
    plain = {"owner", "heeds_times", "heeds_patterns", "keeps_media"}
    kept = {name: getattr(shared, name) for name in plain}
    shared.requests.clear()
    shared.headers.clear()
    yield shared
    for name, value in kept.items():
        setattr(shared, name, value)
    shared.before = lambda _: None
    shared.after = lambda answer: answer


@pytest.fixture(scope="session")
def frames() -> FrameBatch:
    """Two pictures for each of `CENTRES_MS`."""
    with open_video(SHORT) as reader:
        times_ms = frame_times(CENTRES_MS, 500, reader.info.duration_ms)
        return reader.frames_at(times_ms, SIZE_PX)


@pytest.fixture(scope="session")
def arrived(frames: FrameBatch) -> FrameBatch:
    """The same pictures after their way as JPEGs."""
    pixels = np.stack([_sent(picture) for picture in frames.pixels])
    return FrameBatch(pixels, frames.times_ms, frames.presented_ms)


def _sent(picture: Pixels) -> Pixels:
    held = io.BytesIO()
    Image.fromarray(picture).save(held, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return np.asarray(Image.open(held))

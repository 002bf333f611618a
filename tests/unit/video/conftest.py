"""Clips are made once a session."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.videos import STEADY, Clip, make


@pytest.fixture(scope="session")
def clip_path(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Clip], Path]:
    """Where a clip lies; it is made when it is first asked for."""
    folder = tmp_path_factory.mktemp("clips")
    made: dict[str, Path] = {}

    def path_of(clip: Clip) -> Path:
        if clip.name not in made:
            made[clip.name] = make(clip, folder)
        return made[clip.name]

    return path_of


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return make(Clip("clip.mp4", STEADY[:10]), tmp_path)

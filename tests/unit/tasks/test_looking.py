"""The pictures of the next window are decoded while the model reads this one, and only once."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch

from qvtime.frames import FrameBatch
from qvtime.model.engine import Engine
from qvtime.model.habits import Habits
from qvtime.settings import Settings
from qvtime.tasks.describe import describe_video
from qvtime.tasks.looking import Clock, Session, look_at, open_engine
from qvtime.tasks.plan import Window
from qvtime.tasks.subtitled import open_subtitled
from qvtime.timeline import Span
from qvtime.video.child import Child
from qvtime.video.worker import WorkerReader, open_video

torch.set_num_threads(1)

SHORT = str(Path(__file__).parents[3] / "samples" / "short.mp4")
DEMO = Settings(model="demo", device="cpu", features="none")


def test_every_window_but_the_first_is_decoded_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[str, tuple[int, ...]]] = []
    ask, frames_at = Child.ask, WorkerReader.frames_at

    def asked(self: Child, times_ms: list[int], width: int, height: int) -> int:
        said.append(("decode", tuple(times_ms)))
        return ask(self, times_ms, width, height)

    def wanted(self: WorkerReader, times_ms: list[int], *size: tuple[int, int]) -> object:
        said.append(("use", tuple(times_ms)))
        return frames_at(self, times_ms, *size)

    with open_engine(DEMO) as engine, open_video(SHORT) as reader:
        monkeypatch.setattr(Child, "ask", asked)
        monkeypatch.setattr(WorkerReader, "frames_at", wanted)
        report = describe_video(SHORT, Session(reader, engine), DEMO)
    windows = [times_ms for what, times_ms in said if what == "use"]
    assert len(windows) == report.settings["windows"]
    assert len(windows) > 2
    assert len(set(windows)) == len(windows)
    expected = [("use", windows[0]), ("decode", windows[0])]
    for window in windows[1:]:
        expected += [("decode", window), ("use", window)]
    assert said == expected


def test_a_moment_is_shown_a_second_time_in_closer_pictures() -> None:
    shown: list[tuple[list[int], tuple[int, ...], int]] = []

    def look(frames: FrameBatch, centres_ms: tuple[int, ...], said: tuple[str, ...]) -> object:
        shown.append((frames.times_ms.tolist(), centres_ms, len(said)))
        # Pictures are those of their own times, though these are not in order.
        assert (frames.presented_ms <= frames.times_ms).all()
        assert (frames.times_ms - frames.presented_ms < 50).all()
        return SimpleNamespace(vision_ms=0, prefill_ms=0)

    for closer in (False, True):
        habits = Habits(frame_pixels=64 * 64, closer_moments=closer)
        engine = cast(Engine, SimpleNamespace(habits=habits, look=look))
        window = Window(Span(3000, 5000), (3500, 4000, 4500), 4000)
        with open_subtitled(SHORT, DEMO) as reader:
            look_at(Session(reader, engine), window, 500, Clock())
    beside = [3375, 3625], [4375, 4625]
    assert shown == [
        ([*beside[0], 3875, 4125, *beside[1]], (3500, 4000, 4500), 0),
        ([*beside[0], 3875, 4125, 3938, 4062, *beside[1]], (3500, 4000, 4000, 4500), 0),
    ]


def test_only_pictures_that_are_there_can_be_chosen() -> None:
    times = np.array([0, 10, 20])
    pixels = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    frames = FrameBatch(pixels, times, times - 1, ("torn",))
    some = frames.at([20, 0, 0])
    assert (some.pixels[:, 0, 0, 0].tolist(), some.damage) == ([2, 0, 0], ("torn",))
    assert some.presented_ms.tolist() == [19, -1, -1]
    for wrong in ([5], [30]):
        with pytest.raises(ValueError, match="no picture"):
            frames.at(wrong)

"""The pictures of the next window are decoded while the model reads this one, and only once."""

from pathlib import Path

import pytest
import torch

from qvtime.settings import Settings
from qvtime.tasks.describe import describe_video
from qvtime.tasks.looking import open_engine
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
        report = describe_video(SHORT, reader, engine, DEMO)
    windows = [times_ms for what, times_ms in said if what == "use"]
    assert len(windows) == report.settings["windows"]
    assert len(windows) > 2
    assert len(set(windows)) == len(windows)
    expected = [("use", windows[0]), ("decode", windows[0])]
    for window in windows[1:]:
        expected += [("decode", window), ("use", window)]
    assert said == expected

"""Folders of planted videos, and which of them were opened."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from qvtime.model.engine import Engine
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.tasks import ask as asking
from qvtime.tasks import crew
from qvtime.tasks.locate import Wanted, locate_video
from qvtime.tasks.looking import open_engine
from qvtime.timeline import Span
from tests.unit.tasks.eyes import DEMO, PLANTED, RALLY, Eyes, Locate
from tests.unit.tasks.painted import Ask, PaintedReader
from tests.unit.tasks.planted import Opened, put


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    opened = Opened()
    monkeypatch.setattr(crew, "open_video", opened)
    return opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "videos"
    (made / "sub").mkdir(parents=True)
    for name in ("a.mp4", "b.mp4", "sub/c.mkv"):
        put(made / name, name)
    return made


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """`ask(duration_ms, planted, questions, engine, settings)`."""

    def asked(
        duration_ms: int,
        planted: Sequence[Span],
        questions: Sequence[str],
        engine: Any,
        settings: Settings | None = None,
    ) -> list[Report]:
        reader = PaintedReader(duration_ms, planted)
        monkeypatch.setattr(asking, "open_subtitled", lambda *_: reader)
        chosen = settings or Settings()
        return list(asking.ask_video("film.mp4", questions, chosen, lambda: engine))

    return asked


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with open_engine(DEMO) as engine:
        yield engine


@pytest.fixture
def eyes(monkeypatch: pytest.MonkeyPatch) -> Eyes:
    eyes = Eyes(dict(PLANTED))
    monkeypatch.setattr("qvtime.tasks.reading.look_at", eyes.look_at)
    return eyes


@pytest.fixture
def locate(engine: Engine, eyes: Eyes) -> Locate:
    def call(path: str = RALLY, settings: Settings = DEMO, **wanted: Any) -> Report:
        return locate_video(path, "the ball bounces", settings, lambda: engine, Wanted(**wanted))

    return call

"""Eyes that see exactly what was planted in a real file, in place of decoding and seeing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qvtime.model.reply import Occurrences, ScoredSpan
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.tasks.looking import Session
from qvtime.tasks.plan import Window
from qvtime.timeline import Span

SAMPLES = Path(__file__).parents[3] / "samples"
RALLY, SHORT = str(SAMPLES / "rally.mp4"), str(SAMPLES / "short.mp4")
DEMO = Settings(model="demo", device="cpu")
PLANTED = {Span(12_300, 14_100): 0.7, Span(100_040, 111_930): 0.9, Span(200_000, 200_800): 0.55}
"""When the event happens in the rally, and how sure the model is."""


@dataclass
class Eyes:
    """Stands in for decoding and seeing: says what was planted, and remembers what it looked at."""

    planted: dict[Span, float]
    looks: list[tuple[Window, int]] = field(default_factory=list)
    open: int = 0

    @contextmanager
    def look_at(
        self, session: Session, window: Window, granularity_ms: int, *more: Any
    ) -> Iterator["Eyes"]:
        assert self.open == 0, "one window is held at a time"
        self.open += 1
        self.looks.append((window, granularity_ms))
        yield self
        self.open -= 1

    def spans(self, event: str) -> Occurrences:
        assert event == "the ball bounces"
        centres = self.looks[-1][0].centres_ms
        found = []
        for span, score in self.planted.items():
            inside = [centre for centre in centres if span.start_ms <= centre < span.end_ms]
            if inside:
                found.append(ScoredSpan(inside[0], inside[-1], score))
        return Occurrences(max((one.score for one in found), default=0.0), tuple(found))


Locate = Callable[..., Report]

"""Hours of video in which only planted events are white, and an engine that sees just that.

The reader's pictures are black but for a planted event, whose pictures are white. The engine knows
nothing but these pictures: it says from which to which of its patches it sees white.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from qvtime.answer import parse_answer
from qvtime.frames import FrameBatch, VideoInfo
from qvtime.model.habits import Habits
from qvtime.model.reply import Occurrences, ScoredSpan
from qvtime.report import Report
from qvtime.timeline import Span
from qvtime.timestamps import format_seconds
from qvtime.video.reader import SizeRule
from tests.unit.tasks.made_reader import MadeReader

HOUR_MS = 3_600_000
QUESTION = "when does it turn white?"
PATCHES = 16


class PaintedReader(MadeReader):
    """Two hours, say, in which only the planted spans are white."""

    def __init__(self, duration_ms: int, planted: Sequence[Span]) -> None:
        super().__init__(VideoInfo("film.mp4", "pyav", "mp4", "h264", 320, 240, duration_ms, 0, 0))
        self._planted = planted

    def frames_at(self, times_ms: Sequence[int], size_px: SizeRule = None) -> FrameBatch:
        pixels = np.zeros((len(times_ms), 32, 32, 3), np.uint8)
        for place, time_ms in enumerate(times_ms):
            on = any(span.start_ms <= time_ms < span.end_ms for span in self._planted)
            pixels[place] = 255 * on
        times = np.array(times_ms, np.int64)
        return FrameBatch(pixels, times, times)

    def embedded_subtitles(self, within: Span | None = None) -> Any:
        raise AssertionError("nothing asked for subtitles")


@dataclass
class SeeingLook:
    """A window of black and white patches."""

    white: list[bool]
    centres_ms: tuple[int, ...]
    speak: Callable[[str, list[list[int]]], str]
    vision_ms: float = 0.0
    prefill_ms: float = 0.0

    def ask(self, question: str, max_new_tokens: int = 0) -> Any:
        text = self.speak(question, self.runs())
        return SimpleNamespace(text=text, probability=0.9, finish_reason="stop", token_ids=())

    def spans(self, question: str) -> Occurrences:
        window = Span(self.centres_ms[0], self.centres_ms[-1] + 1)
        events = parse_answer(self.speak(question, self.runs()), window, 1).events
        said = [(event.span.start_ms, event.span.end_ms) for event in events]
        spans = (ScoredSpan(a, a if b == a + 1 else b, 0.9) for a, b in said)
        return Occurrences(0.9 if events else 0.0, tuple(spans))

    def runs(self) -> list[list[int]]:
        runs: list[list[int]] = []
        for place, white in enumerate(self.white):
            if white and place and self.white[place - 1]:
                runs[-1].append(self.centres_ms[place])
            elif white:
                runs.append([self.centres_ms[place]])
        return runs

    def __enter__(self) -> "SeeingLook":
        return self

    def __exit__(self, *error: object) -> None:
        pass


def say_when(question: str, runs: list[list[int]]) -> str:
    said = [
        f"<time>{format_seconds(run[0])}</time> - <time>{format_seconds(run[-1])}</time>"
        for run in runs
    ]
    return "; ".join(said) or "It does not happen."


@dataclass
class SeeingEngine:
    """Says when its pictures are white; remembers where it looked."""

    speak: Callable[[str, list[list[int]]], str] = say_when
    looks: list[tuple[int, ...]] = field(default_factory=list)
    name: str = "seeing"
    habits: Habits = field(
        default_factory=lambda: Habits(window_patches=PATCHES, answer_form="", when_form="{event}")
    )
    apart_ms: int = 250

    def settings(self) -> dict[str, Any]:
        return {}

    def look(
        self, frames: FrameBatch, centres_ms: Sequence[int], said: Sequence[str]
    ) -> SeeingLook:
        assert not any(said)
        self.looks.append(tuple(centres_ms))
        patches = frames.times_ms.reshape(-1, 2)
        # The pictures of a patch are close together however far apart patches are.
        assert (patches[1:, 1] - patches[1:, 0] <= self.apart_ms).all()
        white = frames.pixels.reshape(len(centres_ms), 2, -1).min(axis=(1, 2)) == 255
        return SeeingLook(white.tolist(), tuple(centres_ms), self.speak)

    def __enter__(self) -> "SeeingEngine":
        return self

    def __exit__(self, *error: object) -> None:
        pass


Ask = Callable[..., list[Report]]

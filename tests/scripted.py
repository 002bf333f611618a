"""An engine whose answers are planted: it sees what a list of events says, and no pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from qvtime.closing import Closing
from qvtime.frames import FrameBatch
from qvtime.model.engine import Engine
from qvtime.model.habits import Habits
from qvtime.model.outline import Outline
from qvtime.model.reply import Occurrences, Reply, ScoredSpan
from qvtime.report import Setting
from qvtime.timeline import Event

SURE = 0.9


def say(events: Sequence[Event], centres_ms: Sequence[int]) -> str:
    """What a model that sees all would say about a window: the labels of first and last patch."""
    said = []
    for event in events:
        inside = [c for c in centres_ms if event.span.start_ms <= c < event.span.end_ms]
        if inside:
            first, last = f"{inside[0] / 1000:.1f}", f"{inside[-1] / 1000:.1f}"
            said.append(f"<time>{first}</time> - <time>{last}</time> {event.caption}")
    return "; ".join(said) or "Nothing happens."


class ScriptedLook(Closing):
    """A window that has been seen."""

    vision_ms = prefill_ms = 0.0

    def __init__(self, script: "Script", centres_ms: Sequence[int]) -> None:
        self._script, self.centres_ms = script, tuple(centres_ms)

    def ask(self, question: str, max_new_tokens: int) -> Reply:
        assert self._script.events or "list all events" in question
        self._script.before()
        return Reply(self._script.words(self.centres_ms), (), (), SURE, "stop", 0)

    def spans(self, event: str) -> Occurrences:
        """Those of the events with this caption."""
        self._script.before()
        found = []
        for one in self._script.events:
            inside = [c for c in self.centres_ms if one.span.start_ms <= c < one.span.end_ms]
            if inside and one.caption == event:
                found.append(ScoredSpan(inside[0], inside[-1], one.score or SURE))
        likely = {one.first_ms: one.score for one in found}
        starts = tuple(likely.get(centre_ms, 0.0) for centre_ms in self.centres_ms)
        return Occurrences(max(likely.values(), default=0.0), tuple(found), starts)

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class Script:
    """`words` gives the answer about a window from its patches' centres; `windows` were seen.

    With `events` it also answers when they happen, and any question. `before` is called before
    each answer: to wait, or to fail.
    """

    words: Callable[[Sequence[int]], str]
    window_patches: int = 20
    windows: list[tuple[int, ...]] = field(default_factory=list)
    loads: int = 0
    events: Sequence[Event] = ()
    note: str | None = None
    before: Callable[[], None] = lambda: None

    def load(self) -> Engine:
        """An engine for `index_videos` and its like."""
        self.loads += 1
        return cast(Engine, _ScriptedEngine(self))


class _Spelling:
    """A tokenizer that spells: a letter is a token."""

    def convert_tokens_to_ids(self, name: str) -> int:
        return 1

    def __call__(self, text: str, **_options: bool) -> dict[str, Any]:
        return {"input_ids": [ord(letter) for letter in text]}


class _ScriptedEngine(Closing):
    def __init__(self, script: Script) -> None:
        self._script = script
        self.habits = Habits(window_patches=script.window_patches, frame_pixels=64 * 64)
        self.name = "scripted"
        self.note = script.note
        self.outline = Outline(self.name, self.habits, _Spelling())

    def settings(self) -> dict[str, Setting]:
        return {"device": "cpu", "kernels": "reference", "revision": "1"}

    def look(
        self, frames: FrameBatch, centres_ms: Sequence[int], subtitles: Sequence[str] = ()
    ) -> ScriptedLook:
        assert len(frames) == 2 * len(centres_ms)
        assert len(subtitles) in (0, len(centres_ms))
        self._script.windows.append(tuple(centres_ms))
        return ScriptedLook(self._script, centres_ms)

    def close(self) -> None:
        """Nothing is held."""


def seeing(events: Sequence[Event], window_patches: int = 20) -> Script:
    """An engine that sees these events in every video."""
    return Script(lambda centres: say(events, centres), window_patches, events=events)

"""What one question about one video came to: the thing every output format writes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from qvtime.frames import VideoInfo
from qvtime.timeline import Event, Span

Setting = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Report:
    """An answer, its events, and where they come from.

    path: as the user gave it, any bytes (`os.fsdecode`). video: None when it could not be opened.
    answer: text in which every time is a `<time>` tag. looked: the spans the model saw, at
    `granularity_ms`. skimmed: the spans of which it saw, before it looked closer at some of them,
    one patch every `skimmed_every_ms`. starts: moments in order, with the probability that an
    answer names a span that starts there, where that was asked. settings: the choices that shaped
    the answer. damage: what was wrong with the video, a sentence each. timings_ms: how long each
    stage took. Text that is no Unicode (a question from the bytes of a command line) has "?" in
    its place, so that every format can be written.
    """

    path: str
    question: str
    answer: str
    events: tuple[Event, ...]
    model: str
    video: VideoInfo | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)
    damage: tuple[str, ...] = ()
    timings_ms: Mapping[str, int] = field(default_factory=dict)
    looked: tuple[Span, ...] = ()
    granularity_ms: int | None = None
    skimmed: tuple[Span, ...] = ()
    skimmed_every_ms: int | None = None
    starts: tuple[tuple[int, float], ...] = ()

    def __post_init__(self) -> None:
        for name in ("question", "answer", "model"):
            object.__setattr__(self, name, as_unicode(getattr(self, name)))
        object.__setattr__(self, "damage", tuple(map(as_unicode, self.damage)))
        events = (replace(event, caption=as_unicode(event.caption)) for event in self.events)
        object.__setattr__(self, "events", tuple(events))
        settings = {k: as_unicode(v) if isinstance(v, str) else v for k, v in self.settings.items()}
        object.__setattr__(self, "settings", settings)

    @property
    def shown_path(self) -> str:
        r"""The path as Unicode; a byte that is not UTF-8 is spelled \xe9."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")


def as_unicode(text: str) -> str:
    """The text with "?" for what is no Unicode: a byte of a command line, half a surrogate pair
    of a JSON file."""
    return text.encode("utf-8", "replace").decode("utf-8")

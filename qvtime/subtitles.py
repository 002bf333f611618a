"""What is said in a video and when: subtitles, kept apart from what is seen.

Their words are untrusted and go into prompts. They are one line each, and no time label
(`<168.0 seconds>`), tag or control token can be spelled in them: `<` and `>` become `‹` and `›`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from qvtime.plain_text import one_line
from qvtime.settings import Limits
from qvtime.timeline import Span

SRT_MARK = "00000001"
"""The number of the first cue in an SRT file that qvtime wrote; to every player it is a 1."""

VTT_MARK = "NOTE written by qvtime"

HEAD_BYTES = 512
"""How much of a file says whether qvtime wrote it."""

BLOCK_MS = 600_000
"""How much of a track is read at once."""

ALL_TIME = Span(0, 1 << 53)
"""Also after the last picture, where a track may go on."""

_NO_TAGS = str.maketrans({"<": "‹", ">": "›"})


@dataclass(frozen=True, slots=True, order=True)
class Cue:
    """One subtitle: when, and its words on one line, never empty."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Subtitles:
    """The cues of a video in order of time, each once.

    source: the file as it was found, or the track ("track 2 (subrip, eng)"); None for none.
    dropped: how many cues could not be read. damage: why there are none though there should be.
    """

    cues: tuple[Cue, ...] = ()
    source: str | None = None
    dropped: int = 0
    damage: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Cue]:
        return iter(self.cues)

    def __len__(self) -> int:
        return len(self.cues)


class Spoken:
    """What is said in an open video: known from the start, or read where it is wanted.

    left_out: counts the cues that a window had no room for.
    """

    def __init__(
        self,
        known: Subtitles | None = None,
        read: Callable[[Span], Subtitles] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._known = Subtitles() if known is None else known  # an empty one is false
        self._read = read
        self._limits = limits or Limits()
        self._blocks: dict[int, Subtitles] = {}
        self.left_out = 0

    def within(self, span: Span) -> tuple[Cue, ...]:
        """The cues that are on screen at some time of the span, in order of time.

        A track is read a stretch at a time: a question about a moment must not read two hours.
        """
        cues = self._known.cues
        if self._read is not None:
            for number in range(span.start_ms // BLOCK_MS, (span.end_ms - 1) // BLOCK_MS + 1):
                if number not in self._blocks:
                    block = Span(number * BLOCK_MS, (number + 1) * BLOCK_MS)
                    self._blocks[number] = self._read(block)
                cues += self._blocks[number].cues
            cues = in_order(cues)
        return tuple(cue for cue in cues if cue.span.overlap_ms(span))

    def at(self, centres_ms: Sequence[int], span: Span) -> tuple[str, ...]:
        """What is said at each patch of a window; empty when nobody says anything in it."""
        cues = self.within(span)
        if not cues:
            return ()
        most, longest = self._limits.window_subtitle_characters, self._limits.cue_characters
        said, left_out = words_at(cues, centres_ms, most, longest)
        self.left_out += left_out
        return said if any(said) else ()

    @property
    def source(self) -> str | None:
        """Where they are from, as far as they were wanted; None for nowhere."""
        found = (self._known, *self._blocks.values())
        return next((one.source for one in found if one.source), None)

    @property
    def dropped(self) -> int:
        """How many cues could not be read so far."""
        return sum(one.dropped for one in (self._known, *self._blocks.values()))

    @property
    def damage(self) -> tuple[str, ...]:
        """Why there are no subtitles though there should be, one sentence each."""
        return self._known.damage


def plain_words(text: str) -> str:
    """The text as words of a prompt: one line, without anything that could be taken for a tag."""
    return one_line(text).translate(_NO_TAGS)


def in_order(cues: Iterable[Cue]) -> tuple[Cue, ...]:
    """The cues in order of time; those that say the same and overlap or touch are one."""
    joined: list[Cue] = []
    for cue in sorted(cues, key=lambda cue: (cue.text, cue.span)):
        last = joined[-1] if joined else None
        if last and last.text == cue.text and cue.span.start_ms <= last.span.end_ms:
            joined[-1] = Cue(last.span.hull(cue.span), cue.text)
        else:
            joined.append(cue)
    return tuple(sorted(joined))


def is_own(text: str) -> bool:
    """Whether qvtime wrote this SRT or WebVTT: a model's captions are no subtitles."""
    head = text.removeprefix("\ufeff").lstrip().splitlines()[:3]
    return bool(head) and (head[0] == SRT_MARK or (head[0] == "WEBVTT" and VTT_MARK in head))


def words_at(
    cues: Sequence[Cue], centres_ms: Sequence[int], most_characters: int, cue_characters: int
) -> tuple[tuple[str, ...], int]:
    """What a window's cues say at each of its temporal patches, "" for nothing.

    A cue comes once, at the patch nearest to its start; one that began earlier, at the first. It
    is cut after `cue_characters`; one for which less than that is left of `most_characters` is
    left out. How many were is the second result.
    """
    said: list[list[str]] = [[] for _ in centres_ms]
    left, left_out = most_characters, 0
    for cue in cues:
        text = shorten(cue.text, cue_characters)
        if len(text) > left:
            left_out += 1
            continue
        left -= len(text)
        start_ms = cue.span.start_ms
        nearest = min(range(len(centres_ms)), key=lambda n: (abs(centres_ms[n] - start_ms), n))
        said[nearest].append(text)
    return tuple(" ".join(texts) for texts in said), left_out


def shorten(text: str, characters: int) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= characters else f"{text[: characters - 1].rstrip()}…"

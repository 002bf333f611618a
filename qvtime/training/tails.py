"""A question with its answer as token ids, and what its tokens are taught beside the answer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alignment:
    """Token `place` of a tail should attend to these patches, equally, or to their last tokens
    (`at_end`), which know what goes on in them and when; `weight` in the loss. `saying`: in the
    last layer, as what is found there is said at once."""

    place: int
    patches: tuple[int, ...]
    weight: float = 1.0
    at_end: bool = False
    saying: bool = False


@dataclass(frozen=True, slots=True)
class Meaning:
    """What token `place` of a tail stands for, as marks of events: of those that go on at the time
    it says (`found`), or the one that is asked for."""

    place: int
    marks: tuple[int, ...]
    found: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """Token `place` of a tail stands for this time: one that it says, or, `found`, one that the
    model has to find before it can say it."""

    place: int
    time_ms: int
    found: bool


@dataclass(frozen=True, slots=True)
class Tail:
    """One question with its answer.

    answer_start: the place of the answer's first id; source: that of the token which found what
    the answer says, where there is one.
    """

    ids: tuple[int, ...]
    answer_start: int
    alignments: tuple[Alignment, ...]
    meanings: tuple[Meaning, ...]
    moments: tuple[Moment, ...]
    kind: str
    source: int | None = None

"""What people said happens in a video, and which patches of a window that is."""

from collections.abc import Sequence
from dataclasses import dataclass

from qvtime.timeline import Span


@dataclass(frozen=True, slots=True)
class Label:
    """One event: when it happens, and in words what."""

    span: Span
    caption: str


@dataclass(frozen=True, slots=True)
class LabelledVideo:
    """A video and its events in order of time.

    whole: whether the labels are all that happens. Where they are not (moments that somebody
    asked about), nobody can be taught what happens at a moment, or that nothing does.
    """

    name: str
    path: str
    duration_ms: int
    labels: tuple[Label, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Split:
    """Labelled videos: those to learn from, and those held out to measure with."""

    learn: tuple[LabelledVideo, ...]
    held_out: tuple[LabelledVideo, ...]

    @property
    def videos(self) -> tuple[LabelledVideo, ...]:
        """All of them."""
        return (*self.learn, *self.held_out)


@dataclass(frozen=True, slots=True)
class Inside:
    """What a window shows of a label: the numbers of its patches, in order."""

    label: Label
    patches: tuple[int, ...]


def inside(labels: Sequence[Label], centres_ms: Sequence[int]) -> list[Inside]:
    """The labels that these patches show, in order of time.

    An event goes on in a patch when it goes on at its centre; one so short that it lies between
    two centres goes on in the patch that holds its middle.
    """
    step_ms = centres_ms[1] - centres_ms[0] if len(centres_ms) > 1 else 1
    found = []
    for label in labels:
        span = label.span
        patches = [k for k, c in enumerate(centres_ms) if span.start_ms <= c < span.end_ms]
        middle_ms = (span.start_ms + span.end_ms) // 2
        if not patches:
            patches = [k for k, c in enumerate(centres_ms) if 2 * abs(middle_ms - c) < step_ms]
        if patches:
            found.append(Inside(label, tuple(patches)))
    return found

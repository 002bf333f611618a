"""What is wrong with a file: every kind is counted, and named with the places where it is."""

from dataclasses import dataclass, field

MOST_PLACES = 5
"""So many places are named for each kind; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of mistake: what is said of it, and whether something was left out or changed."""

    says: str
    loses: bool


NOT_JSON = Kind("is not JSON (left out)", loses=True)
LONG_LINE = Kind("is longer than a line may be (left out)", loses=True)
NOT_UTF8 = Kind("is not UTF-8 (what cannot be read became U+FFFD)", loses=True)
REPEATED_KEY = Kind("has a key twice (the last one counts)", loses=True)
OTHER_RECORD = Kind("is no record of this format (left out)", loses=True)
OTHER_SIDE = Kind("is a prediction among truth, or truth among predictions (left out)", loses=True)
NO_NAME = Kind("names no query and no video (left out)", loses=True)
NOT_TWO_TIMES = Kind("has a span that is not two numbers (left out)", loses=True)
NOT_FINITE = Kind("has a time or a score that is NaN, infinite or absurd (left out)", loses=True)
REVERSED = Kind("has a span that ends before it starts (it meets nothing)", loses=False)
REVERSED_TRUTH = Kind("has a true span that ends before it starts (left out)", loses=True)
EMPTY_TRUTH = Kind("has a true span without length (nothing can meet it)", loses=False)
NEGATIVE = Kind("has a span that starts before the video", loses=False)
PAST_END = Kind("has a span that ends after the video", loses=False)
SOME_SCORES = Kind("has scores for some of its spans only (the order of the file counts)", False)
BAD_CLIPS = Kind("has clip scores that cannot be read (left out)", loses=True)
LOST_QUERY = Kind("has no true span left that can be read (the query is left out)", loses=True)
REPEATED = Kind("is there again (the last one counts)", loses=True)
UNASKED = Kind("answers nothing in the truth (left out)", loses=True)
MISSING = Kind("has no prediction", loses=False)


@dataclass(slots=True)
class Mistakes:
    """The mistakes of one file. `name` is the file's, as the user gave it."""

    name: str
    counts: dict[Kind, int] = field(default_factory=dict)
    places: dict[Kind, list[str]] = field(default_factory=dict)

    def add(self, kind: Kind, where: str) -> None:
        """Count one, at this place."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        named = self.places.setdefault(kind, [])
        if len(named) < MOST_PLACES:
            named.append(where[:100])

    def take(self, other: "Mistakes") -> None:
        """Add all of another's."""
        for kind, count in other.counts.items():
            self.counts[kind] = self.counts.get(kind, 0) + count
            named = self.places.setdefault(kind, [])
            named += other.places[kind][: MOST_PLACES - len(named)]

    @property
    def lost(self) -> bool:
        """Whether anything was left out or changed."""
        return any(kind.loses for kind in self.counts)

    def sentences(self) -> list[str]:
        """One for each kind: `truth.jsonl: line 3 is not JSON (left out); 1 time`."""
        return [self._sentence(kind, count) for kind, count in self.counts.items()]

    def _sentence(self, kind: Kind, count: int) -> str:
        named = self.places[kind]
        more = f" and {count - len(named)} more" if count > len(named) else ""
        listed = "" if count == 1 else f"; {count} times: {', '.join(named)}{more}"
        return f"{self.name}: {named[0]} {kind.says}{listed}"

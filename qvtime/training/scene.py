"""A made world whose truth is known: objects, and what they do and when.

A scene holds one to four objects of six colours and five shapes. Each does one thing at a time;
at most two of them do something together. Events begin and end at any millisecond, never on a
grid. The scene knows the state of every object at every moment, so pictures and truth cannot
disagree.
"""

import math
from dataclasses import dataclass, replace

COLOURS: dict[str, tuple[int, int, int]] = {  # RGB
    "red": (220, 40, 40),
    "green": (40, 190, 70),
    "blue": (50, 90, 230),
    "yellow": (235, 215, 50),
    "purple": (160, 60, 200),
    "white": (240, 240, 240),
}
SHAPES = ("circle", "square", "triangle", "star", "cross")
VERBS = (
    "appears",
    "vanishes",
    "jumps",
    "spins",
    "grows",
    "shrinks",
    "shakes",
    "blinks",
    "turns",
    "moves to the left",
    "moves to the right",
)

NOVEL_COLOURS: dict[str, tuple[int, int, int]] = {"orange": (240, 130, 30)}
NOVEL_VERBS = ("flips",)
"""Not in the demo model's course: for showing how a model is taught something new."""

# fmt: off
SIGN_WORDS = (
    "GOAL", "STOP", "START", "EXIT", "OPEN", "CLOSED", "LIVE", "PAUSE", "PLAY", "READY", "FINISH",
    "WIN", "LOSE", "TIME", "SCORE", "FOUL", "CORNER", "HALF", "FULL", "NEXT", "LAST", "FIRST",
    "HOME", "AWAY", "TEAM", "GAME", "MATCH", "ROUND", "SET", "BREAK", "NEWS", "WEATHER", "SPORT",
    "MUSIC", "FILM", "TODAY", "NOW", "SOON", "BACK", "END", "YES", "NO", "UP", "DOWN", "LEFT",
    "RIGHT", "NORTH", "SOUTH", "EAST", "WEST",
)
# fmt: on
"""What may be written across the top of the picture."""

KINDS = len(COLOURS) * len(SHAPES) * len(VERBS)
"""How many kinds of events there are: whose, and which."""
MARKS = KINDS + len(COLOURS) + len(SIGN_WORDS)
"""What is to be known of a patch: the kinds of its events, then the colours that something turns,
then the words that are written."""

HOP_SECONDS, HOP_HEIGHT = 0.7, 0.16
SPIN_TURNS_PER_SECOND = 0.7
SHAKE_PER_SECOND, SHAKE_WIDTH = 3.1, (0.035, 0.065)
"""A shaking object is seen twice, as in a long exposure: how far from its place, in widths."""
TURN_SHARE = (0.15, 0.85)
"""How much of a turning object has its new colour when it begins, and when it ends, to turn."""
FLIP_TURNS_PER_SECOND = 0.8
BLINK_SECONDS, BLINK_OPACITY = 0.54, 0.12
FADE_OPACITY = 0.15
"""Opacity with which an object starts to appear, and from which it vanishes."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of one object: `[start_ms, end_ms)`; `turned` is the new colour of a "turns"."""

    start_ms: int
    end_ms: int
    thing: int
    colour: str
    shape: str
    verb: str
    turned: str | None = None

    @property
    def subject(self) -> str:
        return f"{self.colour} {self.shape}"

    @property
    def kind(self) -> int:
        """The number of its kind, 0 to KINDS - 1: by colour, then shape, then verb."""
        subject = list(COLOURS).index(self.colour) * len(SHAPES) + SHAPES.index(self.shape)
        return subject * len(VERBS) + VERBS.index(self.verb)

    @property
    def marks(self) -> tuple[int, ...]:
        """Its kind, and the colour that is turned, 0 to MARKS - 1."""
        turned = () if self.turned is None else (KINDS + list(COLOURS).index(self.turned),)
        return (self.kind, *turned)

    @property
    def phrase(self) -> str:
        """The verb as it is said: "jumps", "turns blue"."""
        return f"{self.verb} {self.turned}" if self.turned else self.verb

    @property
    def caption(self) -> str:
        return f"the {self.subject} {self.phrase}"


@dataclass(frozen=True, slots=True)
class Sign:
    """A word that is written across the top of the picture: `[start_ms, end_ms)`.

    middle: of the word, in widths of the picture.
    """

    start_ms: int
    end_ms: int
    word: str
    middle: float = 0.5

    @property
    def marks(self) -> tuple[int, ...]:
        """The number of its word, after those of events and colours."""
        return (KINDS + len(COLOURS) + SIGN_WORDS.index(self.word),)

    @property
    def caption(self) -> str:
        return f"it says {self.word}"


@dataclass(frozen=True, slots=True)
class ThingState:
    """How one object looks at one moment. Lengths in widths of the picture, y downwards.

    tallness: how much of its height is left when it is turned over, negative when it stands on
    its head.
    """

    colour: str
    shape: str
    x: float
    y: float
    radius: float
    radians: float = 0.0
    opacity: float = 1.0
    turned: str | None = None
    turned_share: float = 0.0
    shaken: float = 0.0
    tallness: float = 1.0


@dataclass(frozen=True, slots=True)
class Rest:
    """How an object looks from `start_ms` on, when nothing happens to it."""

    start_ms: int
    state: ThingState


@dataclass(frozen=True, slots=True)
class Thing:
    """An object: its looks at rest over time, and the swaying that never stops."""

    rests: tuple[Rest, ...]
    happenings: tuple[Happening, ...]
    sway: tuple[float, float, float, float]  # two speeds (radians a second), two phases


@dataclass(frozen=True, slots=True)
class Scene:
    """Objects, their events in order of time, the backdrop's two colours and direction, and signs:
    one at a time, in order of time."""

    duration_ms: int
    things: tuple[Thing, ...]
    happenings: tuple[Happening, ...]
    backdrop: tuple[tuple[int, int, int], tuple[int, int, int], float]
    stripes: float
    noise: float
    signs: tuple[Sign, ...] = ()

    def sign(self, time_ms: float) -> Sign | None:
        """What is written at this moment."""
        there = (sign for sign in self.signs if sign.start_ms <= time_ms < sign.end_ms)
        return next(there, None)

    def states(self, time_ms: float) -> list[ThingState]:
        """Every object that can be seen at this moment, in drawing order."""
        states = [thing_state(thing, time_ms) for thing in self.things]
        return [state for state in states if state.opacity > 0]


def thing_state(thing: Thing, time_ms: float) -> ThingState:
    """How this object looks at this moment; opacity 0 when it is not there."""
    rest = thing.rests[0].state
    for later in thing.rests[1:]:
        if later.start_ms > time_ms:
            break
        rest = later.state
    seconds = time_ms / 1000
    sway_x, sway_y, phase_x, phase_y = thing.sway
    rest = replace(
        rest,
        x=rest.x + 0.01 * math.sin(sway_x * seconds + phase_x),
        y=rest.y + 0.01 * math.sin(sway_y * seconds + phase_y),
    )
    for happening in thing.happenings:
        if happening.start_ms <= time_ms < happening.end_ms:
            after = next(r.state for r in thing.rests if r.start_ms == happening.end_ms)
            return _in_motion(rest, after, happening, time_ms)
    return rest


def _in_motion(
    rest: ThingState, after: ThingState, happening: Happening, time_ms: float
) -> ThingState:
    """The state between two rests, while something happens."""
    since = (time_ms - happening.start_ms) / 1000  # seconds
    share = (time_ms - happening.start_ms) / (happening.end_ms - happening.start_ms)
    match happening.verb:
        case "appears":
            return replace(rest, opacity=FADE_OPACITY + (1 - FADE_OPACITY) * share)
        case "vanishes":
            return replace(rest, opacity=1 - (1 - FADE_OPACITY) * share)
        case "jumps":
            return replace(
                rest, y=rest.y - HOP_HEIGHT * abs(math.sin(math.pi * since / HOP_SECONDS))
            )
        case "spins":
            turn = 2 * math.pi * SPIN_TURNS_PER_SECOND * since
            return replace(rest, radians=rest.radians + turn)
        case "grows" | "shrinks":
            return replace(rest, radius=rest.radius + (after.radius - rest.radius) * share)
        case "shakes":
            swing = abs(math.sin(math.pi * SHAKE_PER_SECOND * since))
            least, most = SHAKE_WIDTH
            return replace(rest, shaken=least + (most - least) * swing)
        case "blinks":
            dark = (since % BLINK_SECONDS) < BLINK_SECONDS / 2
            return replace(rest, opacity=BLINK_OPACITY if dark else 1.0)
        case "flips":  # over its middle line, like a card
            turn = 2 * math.pi * FLIP_TURNS_PER_SECOND * since
            return replace(rest, tallness=math.cos(turn))
        case "turns":
            begun, ended = TURN_SHARE
            turned_share = begun + (ended - begun) * share
            return replace(rest, turned=happening.turned, turned_share=turned_share)
        case _:
            return replace(rest, x=rest.x + (after.x - rest.x) * share)

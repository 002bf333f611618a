"""How a model wants to be asked: what differs between checkpoints that share one code path.

A checkpoint may say so itself under "qvtime" in its config.json, as the demo model does. One whose
family is known by its name is asked as that family was taught (qvtime.model.families); every other
Qwen3-VL gets the habits below.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from qvtime.errors import ModelError
from qvtime.model.families import FAMILIES, family_of
from qvtime.model.span_forms import SPAN_FORMS

# Seconds with one decimal are the alphabet of the prompt's own times: copying is enough
# (QwenLM/Qwen3-VL#752). The words after it make every time findable and constrainable.
ANSWER_FORM = (
    "\nEvery frame comes after its time in seconds. Write every time in your answer as"
    " <time>SECONDS</time>, for example <time>12.5</time>, and every event as"
    " <time>START</time> - <time>END</time> and what happens. If nothing happens, answer:"
    " Nothing happens."
)
WHEN_FORM = (
    "Localize the visual content described by the given textual query '{event}' in the video."
    " Answer with the start and the end of each occurrence as"
    " <time>START</time> - <time>END</time> in seconds, and nothing else."
    " If it does not happen, answer: It does not happen."
)

LIST_ALL = "list all events with their times"
DENSE_FORM = LIST_ALL + ANSWER_FORM

THINKING_TOKENS = 2048
"""How long a Thinking model may think; then its thought is closed and it has to answer."""


@dataclass(frozen=True, slots=True)
class Habits:
    """window_patches: temporal patches it reads at once; taught_patches: how many it can, where it
    was taught no more; frame_pixels: the budget of a picture; closer_moments: whether it
    is shown a moment that is asked about a second time, in pictures that lie closer together;
    answer_form: what is added to a question; when_form: how it is asked when an event happens;
    dense_form: how for all events; span_form: how it writes spans, a key of SPAN_FORMS; thinks:
    whether it thinks aloud before it answers."""

    window_patches: int = 128
    taught_patches: int | None = None
    frame_pixels: int = 448 * 256
    closer_moments: bool = False
    answer_form: str = ANSWER_FORM
    when_form: str = WHEN_FORM
    dense_form: str = DENSE_FORM
    span_form: str = "tags"
    thinks: bool = False

    def ask(self, question: str) -> str:
        """The words the model gets for a question of the user."""
        return question + self.answer_form

    def ask_when(self, event: str) -> str:
        """The words the model gets to say when an event happens."""
        return self.when_form.replace("{event}", event)


def habits_of(config: Mapping[str, Any], name: str) -> Habits:
    """The habits of the checkpoint with this config.json; ModelError when it names unknown ones."""
    own = config.get("qvtime")
    if own is None:
        family = family_of(name)
        return Habits() if family is None else Habits(**FAMILIES[family])
    kinds = {field: type(getattr(Habits(), field)) for field in Habits.__slots__}
    known = isinstance(own, Mapping) and all(
        type(value) is kinds.get(key) and key != "taught_patches" for key, value in own.items()
    )
    if not known or any(type(value) is int and value < 1 for value in own.values()):
        raise ModelError(f'The "qvtime" entry in the config.json of {name} cannot be understood.')
    habits = Habits(**own, taught_patches=own.get("window_patches"))
    if "dense_form" not in own:  # the form of its answers is the same, whatever is asked
        habits = replace(habits, dense_form=LIST_ALL + habits.answer_form)
    if habits.span_form not in SPAN_FORMS:
        raise ModelError(f"The config.json of {name} names spans of a form that is not known.")
    return habits

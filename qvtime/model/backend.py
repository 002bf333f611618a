"""What answers: a model in this process (qvtime.model.engine) or on a server (qvtime.model.remote).

The tasks know nothing else of either.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from qvtime.frames import FrameBatch
from qvtime.model.habits import Habits
from qvtime.model.outline import Outline
from qvtime.model.reply import Occurrences, Reply
from qvtime.report import Setting


class BackendLook(AbstractContextManager["BackendLook", None], Protocol):
    """A window of a video before the model. A context; closing it frees what it holds.

    centres_ms: its temporal patches; vision_ms, prefill_ms: what reading it took.
    """

    @property
    def centres_ms(self) -> tuple[int, ...]: ...
    @property
    def vision_ms(self) -> float: ...
    @property
    def prefill_ms(self) -> float: ...

    def ask(self, question: str, max_new_tokens: int) -> Reply:
        """The answer to `question`, whose times are written `<168.0 seconds>`; greedy."""
        ...

    def spans(self, event: str) -> Occurrences:
        """When `event` happens; times are the centres of patches."""
        ...


class Backend(AbstractContextManager["Backend", None], Protocol):
    """A model that looks at pictures and answers. A context.

    note: a sentence that the user should hear once, or None. Looks and questions raise ModelError
    when the model cannot answer.
    """

    @property
    def name(self) -> str: ...
    @property
    def habits(self) -> Habits: ...
    @property
    def outline(self) -> Outline: ...
    @property
    def note(self) -> str | None: ...

    def settings(self) -> dict[str, Setting]:
        """Where and with what the answers were made, as reports have it."""
        ...

    def look(
        self, frames: FrameBatch, centres_ms: Sequence[int], subtitles: Sequence[str] = ()
    ) -> BackendLook:
        """A window: two pictures for every temporal patch, each patch centred at its time.

        subtitles: what is said at each patch, "" for nothing; empty when there are none.
        """
        ...

"""A model that a server has: its name there, how it is asked, and one question after another."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from qvtime.model.chat import ChatServer
from qvtime.model.completion import Completion, read_completion
from qvtime.model.dialects import Dialect
from qvtime.model.habits import Habits
from qvtime.settings import FramesAs

AT_ONCE = 16
"""Requests that wait for their answers at the same time."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class ServedModel:
    """A model on a server. Once closed it opens again with the next question."""

    def __init__(
        self, server: ChatServer, name: str, habits: Habits, dialect: Dialect, frames_as: FramesAs
    ) -> None:
        self.name, self.habits, self.dialect, self.frames_as = name, habits, dialect, frames_as
        self.server = server
        self._threads: ThreadPoolExecutor | None = None

    @property
    def url(self) -> str:
        return self.server.url

    def complete(
        self, content: Sequence[Mapping[str, Any]], options: Mapping[str, Any], begun: str = ""
    ) -> Completion:
        """What the model says to a message, after `begun`. Raises ServerError, ModelError."""
        messages: list[dict[str, Any]] = [{"role": "user", "content": list(content)}]
        body = {"model": self.name, "temperature": 0.0, "logprobs": True, **options}
        if begun:
            messages.append({"role": "assistant", "content": begun})
            body |= self.dialect.unfinished or {}
        return read_completion(self.server.chat({**body, "messages": messages}), self.url)

    def at_the_same_time(
        self, work: Callable[[Item], Result], items: Sequence[Item]
    ) -> list[Result]:
        """`work` of each item, in order, several at once. Raises what the first to fail raises."""
        if len(items) == 1:
            return [work(items[0])]
        if self._threads is None:
            self._threads = ThreadPoolExecutor(AT_ONCE, "qvtime-request")
        return list(self._threads.map(work, items))

    def close(self) -> None:
        """End all requests and connections."""
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        self._threads = None
        self.server.close()

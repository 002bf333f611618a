"""One worker for all who ask: everyone waits for their turn, sees their place, and can leave.

There is one model, which does one thing at a time. A job's work runs in the worker's thread and
tells what it comes to; who asked reads that as it comes. All else happens in the event loop.
"""

import asyncio
import queue
import secrets
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping

from qvtime.errors import QvtimeError
from qvtime.serve.documents import error_document

Message = Mapping[str, object]
"""One line of an answer, as plain values; docs/serve.md lists their types."""
Tell = Callable[[Message], None]
Work = Callable[[Tell], None]

STOP_SECONDS = 10.0


class QueueFull(QvtimeError):
    """So many wait already that one more would wait for too long."""


class Stopping(QvtimeError):
    """The server ends: nothing is answered any more."""

    def __init__(self) -> None:
        super().__init__("the server is being stopped", "ask again when it is back")


class Cancelled(Exception):
    """Whoever asked has left: raised in the work at the next thing that it tells."""


class Job:
    """A piece of work, and what it has told so far. An asynchronous iterator of its messages."""

    def __init__(self, work: Work, loop: asyncio.AbstractEventLoop) -> None:
        self.id = secrets.token_hex(8)
        self._work, self._loop = work, loop
        self._left = threading.Event()
        self._messages: asyncio.Queue[Message | None] = asyncio.Queue()

    def run(self) -> None:
        """Do the work, in the worker's thread."""
        try:
            if not self._left.is_set():
                self._work(self._tell)
        except Cancelled:
            pass

    def put(self, message: Message | None) -> None:
        """Say something to whoever asked; None is the end. In the event loop."""
        self._messages.put_nowait(message)

    def leave(self) -> None:
        """Nobody wants the rest."""
        self._left.set()

    def _tell(self, message: Message) -> None:
        if self._left.is_set():
            raise Cancelled
        self._loop.call_soon_threadsafe(self.put, message)

    async def __aiter__(self) -> AsyncIterator[Message]:
        while (message := await self._messages.get()) is not None:
            yield message


class WorkQueue:
    """Runs jobs one after the other; made and used in an event loop, `start` before all else."""

    def __init__(self, most_waiting: int) -> None:
        self._most_waiting = most_waiting
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._stopping = False
        self._given: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="qvtime-model", daemon=True)

    def start(self) -> None:
        """Start the worker."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    @property
    def busy(self) -> bool:
        """Whether something is being worked on."""
        return self._running is not None

    def add(self, work: Work) -> Job:
        """Queue up. QueueFull when too many do, Stopping when nothing is answered any more."""
        if self._stopping:
            raise Stopping
        if len(self._waiting) >= self._most_waiting:
            raise QueueFull(
                f"{len(self._waiting)} questions are waiting already", "ask again in a while"
            )
        job = Job(work, self._loop)
        job.put({"type": "accepted", "id": job.id})
        self._waiting.append(job)
        self._next()
        self._tell_places()
        return job

    def leave(self, job: Job) -> None:
        """Give up a job: out of the queue, or stopped at the next thing that it would tell."""
        job.leave()
        if job in self._waiting:
            self._waiting.remove(job)
            job.put(None)
            self._tell_places()

    def give_up(self) -> None:
        """Give up all jobs and take no more. Whoever asked hears of it now, not when the worker
        next tells something."""
        self._stopping = True
        for job in [*self._waiting, *([self._running] if self._running else [])]:
            job.put({"type": "error", **error_document(Stopping())})
            job.put(None)
            self.leave(job)

    async def stop(self) -> None:
        """Give up all jobs and end the worker, as soon as it tells something."""
        self.give_up()
        self._given.put(None)
        await asyncio.to_thread(self._thread.join, STOP_SECONDS)

    def _serve(self) -> None:
        while (job := self._given.get()) is not None:
            job.run()
            self._loop.call_soon_threadsafe(self._done, job)

    def _done(self, job: Job) -> None:
        job.put(None)
        self._running = None
        self._next()
        self._tell_places()

    def _next(self) -> None:
        if self._running is None and self._waiting:
            self._running = self._waiting.popleft()
            self._running.put({"type": "started"})
            self._given.put(self._running)

    def _tell_places(self) -> None:
        """Everyone who waits hears how many are before them, the one at work included."""
        for place, job in enumerate(self._waiting, 1):
            job.put({"type": "waiting", "before": place})

"""A crew of many: the workers of a Ray cluster, each with its own model or one server for all.

Ray (https://docs.ray.io) starts the workers and tells when one is lost. A worker looks at one video
at a time, so a lost one loses one video's work, which is done again. Files have to lie under the
same paths on every machine.
"""

import os
import signal
import socket
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qvtime import __version__
from qvtime.closing import Closing
from qvtime.errors import ClusterError, QvtimeError, UsageError, VideoError
from qvtime.settings import ClusterChoice, Settings
from qvtime.tasks.crew import Described, Finished, Job, Watched, describe_job
from qvtime.tasks.looking import open_backend

if TYPE_CHECKING:
    from qvtime.model.backend import Backend

LOCAL = "local"
REACH_SECONDS = 10.0
MOST_LOSSES = 3
"""So many workers may be lost over one video."""

_START_ONE = "start one with `ray start --head`, or use --ray local"
# Ray reports its use to its makers, and warns of GPU variables, unless it is told not to.
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


class Describer:
    """What a worker does; its model is loaded with its first video."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: Backend | None = None
        self._notes: list[str] = []

    def hello(self) -> tuple[str, int]:
        """The version of qvtime there, and the process."""
        return __version__, os.getpid()

    def describe(self, job: Job) -> tuple[Described | Watched | QvtimeError, list[str]]:
        """What is seen in a video, or why it is not; and what is to be noted of that."""
        self._notes = []
        try:
            return describe_job(job, self._open, lambda _: None, self._notes.append), self._notes
        except QvtimeError as error:
            return error, self._notes

    def _open(self) -> "Backend":
        if self._engine is None:
            self._engine = open_backend(self._settings)
            if self._engine.note is not None:
                self._notes.append(self._engine.note)
        return self._engine


class Cluster(Closing):
    """The workers at an address of Ray, or those of a small cluster of this machine ("local").

    It begins with the first job. Jobs finish in any order. workers: how many; by default one for
    each GPU, or each core where there is none or the model is on a server. pids: of those that are
    up. `note` is told of what is lost. Raises ClusterError; UsageError where Ray is not installed.
    """

    def __init__(
        self, choice: ClusterChoice, settings: Settings, note: Callable[[str], None]
    ) -> None:
        self._choice, self._note = choice, note
        self._settings = replace(settings, cluster=None, features="none")
        self._ray: Any = None
        self._idle: deque[Any] = deque()
        self._running: dict[Any, tuple[Any, Job, str]] = {}
        self._losses: Counter[str] = Counter()
        self._gpus = 0
        self.pids: list[int] = []

    @property
    def full(self) -> bool:
        return not self._idle

    @property
    def waiting(self) -> bool:
        return bool(self._running)

    def submit(self, job: Job) -> None:
        if self._ray is None:
            self._begin()
        there = os.path.abspath(job.path)  # noqa: PTH100 - Path's would follow no ".." either
        self._give(replace(job, path=there, settings=self._settings), job.path)

    def finish(self) -> Finished:
        while True:
            (future,), _ = self._ray.wait(list(self._running), num_returns=1)
            worker, job, path = self._running.pop(future)
            try:
                outcome, notes = self._ray.get(future)
            except self._ray.exceptions.RayTaskError as error:
                raise ClusterError(f"a worker failed at {path}: {_last_line(error)}") from None
            except self._ray.exceptions.RayError:
                self._replace(worker)
                self._losses[path] += 1
                if self._losses[path] < MOST_LOSSES:
                    self._note(f"{path}: the worker that looked at it was lost; looking again")
                    self._give(job, path)
                    continue
                outcome, notes = _deadly(path), []
            else:
                self._idle.append(worker)
            for sentence in notes:
                self._note(sentence)
            if isinstance(outcome, Described):
                outcome = replace(outcome, report=replace(outcome.report, path=path))
            elif isinstance(outcome, VideoError):
                outcome = _called(outcome, job.path, path)
            elif not isinstance(outcome, Watched):
                raise outcome
            return Finished(replace(job, path=path), outcome)

    def _give(self, job: Job, path: str) -> None:
        worker = self._idle.popleft()
        self._running[worker.describe.remote(job)] = worker, job, path

    def _begin(self) -> None:
        ray = _import_ray()
        _check_reachable(self._choice.address)
        stop = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(
                self._choice.address,
                include_dashboard=False if self._choice.address == LOCAL else None,
                log_to_driver=False,
                logging_level="ERROR",
            )
        except Exception as error:  # noqa: BLE001 - Ray raises bare ones, as when a machine is busy
            raise ClusterError(
                f"there is no Ray cluster at {self._choice.address}: {_last_line(error)}",
                _START_ONE,
            ) from None
        finally:
            signal.signal(signal.SIGTERM, stop)  # Ray takes it for itself
        self._ray = ray
        there = ray.cluster_resources()
        self._gpus = 0 if self._settings.server is not None else min(1, int(there.get("GPU", 0)))
        workers = self._choice.workers or max(1, int(there["GPU" if self._gpus else "CPU"]))
        self._idle.extend(self._start() for _ in range(workers))
        for version, pid in self._ray.get([one.hello.remote() for one in self._idle]):
            if version != __version__:
                raise ClusterError(
                    f"a worker at {self._choice.address} has qvtime {version}, and this is"
                    f" {__version__}",
                    "install the same version on every machine",
                )
            self.pids.append(pid)

    def _start(self) -> Any:
        kind = self._ray.remote(num_cpus=1, num_gpus=self._gpus, max_restarts=0)(Describer)
        return kind.remote(self._settings)

    def _replace(self, worker: Any) -> None:
        self._ray.kill(worker)
        self._idle.append(self._start())

    def close(self) -> None:
        """Let the workers go."""
        if self._ray is not None:
            self._ray.shutdown()


def _import_ray() -> Any:
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.exceptions
    except ImportError:
        raise UsageError(
            "--ray needs Ray, which is not installed", "pip install 'qvtime[ray]'"
        ) from None
    return ray


def _check_reachable(address: str) -> None:
    """ClusterError when nobody listens at `host:port`: Ray itself would try for minutes."""
    host, _, port = address.rpartition("//")[2].rpartition(":")
    if not (host and port.isdecimal()):
        return  # "local", "auto": Ray knows at once
    try:
        socket.create_connection((host, int(port)), REACH_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ClusterError(
            f"there is no Ray cluster at {address}: {_last_line(error)}", _START_ONE
        ) from None


def _deadly(path: str) -> VideoError:
    return VideoError(
        f"{path}: {MOST_LOSSES} workers were lost while they looked at it",
        "see Ray's own logs; is there too little memory?",
    )


def _called(error: VideoError, there: str, here: str) -> VideoError:
    """The error with the video's name as the user spells it."""
    if not error.message.startswith(there):
        return error
    return type(error)(here + error.message.removeprefix(there), error.hint)


def _last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1][:300] if lines else type(error).__name__

"""Asking and locating as work for the queue: the command line's tasks, told as messages."""

import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from qvtime.errors import QvtimeError
from qvtime.report import Report
from qvtime.serve.documents import error_document, report_document, shown_report, without_path
from qvtime.serve.model import ServedModel
from qvtime.serve.queue import Cancelled, Tell, Work
from qvtime.serve.videos import Video
from qvtime.settings import Settings
from qvtime.tasks.ask import ask_video
from qvtime.tasks.locate import Start, Wanted, locate_video
from qvtime.tasks.looking import Progress

if TYPE_CHECKING:  # torch is loaded only when someone asks
    from qvtime.tasks.looking import Backend

MOST_ANSWERS = 200
LEAST_START = 0.005
"""Less likely starts are not worth a line."""


class Answers:
    """The latest reports by their number, for whoever wants them in another format."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reports: OrderedDict[str, Report] = OrderedDict()
        self._count = 0

    def keep(self, report: Report) -> str:
        """The number under which the report can be found for a while."""
        with self._lock:
            self._count += 1
            number = str(self._count)
            self._reports[number] = report
            while len(self._reports) > MOST_ANSWERS:
                self._reports.popitem(last=False)
        return number

    def find(self, number: str) -> Report | None:
        """The report of that number, None when it is too old or never was."""
        with self._lock:
            return self._reports.get(number)


def ask_work(
    video: Video, questions: Sequence[str], settings: Settings, model: ServedModel, answers: Answers
) -> Work:
    """`qvtime ask` of one video: a report a question, as it comes."""

    def work(tell: Tell) -> None:
        reports = ask_video(
            video.path,
            questions,
            settings,
            lambda: _engine(model, tell),
            lambda progress: tell(_progress(progress)),
            lambda sentence: tell({"type": "note", "message": without_path(sentence, video)}),
        )
        for report in reports:
            _report(report, video, answers, tell)

    return _safe(video, work)


def locate_work(
    video: Video,
    event: str,
    wanted: Wanted,
    settings: Settings,
    model: ServedModel,
    answers: Answers,
) -> Work:
    """`qvtime locate` in one video."""

    def work(tell: Tell) -> None:
        report = locate_video(
            video.path,
            event,
            settings,
            lambda: _engine(model, tell),
            wanted,
            lambda progress: tell(_progress(progress)),
            lambda sentence: tell({"type": "note", "message": without_path(sentence, video)}),
            lambda starts: tell(_starts(starts)),
        )
        _report(report, video, answers, tell)

    return _safe(video, work)


def load_work(model: ServedModel) -> Work:
    """Load the model before anyone asks; what goes wrong is in its state."""

    def work(_tell: Tell) -> None:
        model.engine()

    return _safe(None, work)


def _engine(model: ServedModel, tell: Tell) -> "Backend":
    if model.state != "ready":
        tell({"type": "loading", "model": model.name})
    engine = model.engine()
    note = model.news()
    if note is not None:
        tell({"type": "note", "message": note})
    return engine


def _report(report: Report, video: Video, answers: Answers, tell: Tell) -> None:
    number = answers.keep(shown_report(report, video))
    tell({"type": "report", "number": number, "report": report_document(report, video)})


def _progress(progress: Progress) -> dict[str, object]:
    return {
        "type": "progress",
        "done": progress.done,
        "total": progress.total,
        "start_ms": progress.span.start_ms,
        "end_ms": progress.span.end_ms,
    }


def _starts(starts: Sequence[Start]) -> dict[str, object]:
    """The moments of a window in which the event may start."""
    return {
        "type": "starts",
        "starts": [
            {
                "start_ms": max(0, one.centre_ms - one.granularity_ms // 2),
                "end_ms": one.centre_ms + one.granularity_ms // 2,
                "probability": round(one.probability, 4),
            }
            for one in starts
            if one.probability >= LEAST_START
        ],
    }


def _safe(video: Video | None, work: Callable[[Tell], None]) -> Work:
    """The work, whose errors are messages: a mistake in one job must not end the worker."""

    def safe(tell: Tell) -> None:
        try:
            work(tell)
        except Cancelled:
            raise
        except QvtimeError as error:
            tell({"type": "error", **error_document(error, video)})
        except MemoryError:
            tell(_trouble("this machine ran out of memory", "ask about a shorter part"))
        except Exception:  # noqa: BLE001 - shown whole where the server runs
            if sys.stderr is not None:
                traceback.print_exc()
            tell(_trouble("this is a mistake in qvtime", "the server's terminal says more"))

    return safe


def _trouble(message: str, hint: str) -> dict[str, object]:
    return {"type": "error", "error": "Trouble", "message": message, "hint": hint}

"""The part of the API that asks the model: answers leave as they come, one JSON line each."""

import json
import math
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from qvtime.errors import UsageError, VideoNotFound
from qvtime.serve.catalogue import Catalogue, download, download_format
from qvtime.serve.jobs import Answers, ask_work, locate_work
from qvtime.serve.model import ServedModel
from qvtime.serve.queue import Job, Work, WorkQueue
from qvtime.serve.requests import read_fields
from qvtime.settings import MIN_SCORE, Settings
from qvtime.tasks.locate import Wanted
from qvtime.tasks.plan import check_question

MOST_QUESTIONS = 20


class Asking:
    """Handlers over the queue before the model."""

    def __init__(
        self, catalogue: Catalogue, settings: Settings, model: ServedModel, queue: WorkQueue
    ) -> None:
        self._catalogue, self._settings = catalogue, settings
        self._model, self._queue = model, queue
        self._answers = Answers()

    def routes(self) -> list[Route]:
        """Their addresses."""
        return [
            Route("/api/videos/{video}/ask", self.ask, methods=["POST"]),
            Route("/api/videos/{video}/locate", self.locate, methods=["POST"]),
            Route("/api/answers/{number}", self.answer),
        ]

    async def ask(self, request: Request) -> Response:
        """Answers to questions about a video."""
        fields = await read_fields(request, {"question": str, "questions": list})
        questions = fields.get("questions", [])
        if "question" in fields:
            questions = [fields["question"], *questions]
        if not questions or not all(isinstance(one, str) for one in questions):
            raise UsageError("there is no question", 'send {"question": "what happens at 2:48"}')
        if len(questions) > MOST_QUESTIONS:
            raise UsageError(
                f"{len(questions)} questions are too many", f"{MOST_QUESTIONS} at most"
            )
        for question in questions:
            check_question(question, self._settings)
        video = await self._catalogue.find(request)
        work = ask_work(video, questions, self._settings, self._model, self._answers)
        return self._stream(work)

    async def locate(self, request: Request) -> Response:
        """When an event happens in a video."""
        fields = await read_fields(
            request,
            {
                "event": str,
                "top_k": int,
                "min_score": (int, float),
                "within": str,
                "everywhere": bool,
            },
        )
        event = fields.get("event", "")
        check_question(event, self._settings)
        least = _score(fields.get("min_score", MIN_SCORE))
        everywhere = fields.get("everywhere", False)
        wanted = Wanted(fields.get("top_k"), least, fields.get("within"), everywhere)
        video = await self._catalogue.find(request)
        work = locate_work(video, event, wanted, self._settings, self._model, self._answers)
        return self._stream(work)

    async def answer(self, request: Request) -> Response:
        """An answer that was given, in a format of the command line."""
        report = self._answers.find(request.path_params["number"])
        if report is None:
            raise VideoNotFound("there is no such answer any more", "ask again")
        return download(report, download_format(request))

    def _stream(self, work: Work) -> Response:
        """What a job tells. Whoever stops listening gives it up."""
        return StreamingResponse(
            _lines(self._queue.add(work), self._queue),
            media_type="application/x-ndjson",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


def _score(value: int | float) -> float:
    """The number, which is checked later; JSON has integers that no float can be."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


async def _lines(job: Job, queue: WorkQueue) -> AsyncIterator[bytes]:
    try:
        async for message in job:
            yield json.dumps(message, allow_nan=False).encode() + b"\n"
    finally:
        queue.leave(job)

"""The part of the API that only reads: videos, their pictures, what the indexes know of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from qvtime import formats
from qvtime.errors import QvtimeError, UsageError, VideoNotFound
from qvtime.report import Report
from qvtime.serve.documents import (
    error_document,
    hit_document,
    problem_documents,
    report_document,
    shown_report,
    video_document,
)
from qvtime.serve.indexes import read_index, search, timeline_of
from qvtime.serve.ranges import media_type, video_file
from qvtime.serve.requests import number_of
from qvtime.serve.videos import Video, Videos, id_of
from qvtime.settings import Settings
from qvtime.tasks.plan import check_question
from qvtime.tasks.viewing import Viewer

WIDEST_PICTURE_PX = 1920
MOST_HITS = 200
DECODERS_AT_ONCE = 2

DOWNLOADS = {
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
    "json": "application/json",
    "csv": "text/csv",
}
"""What can be downloaded, and its media type."""

Result = TypeVar("Result")


class VideoTrouble(Exception):
    """An error, and the video whose path must not be shown."""

    def __init__(self, error: QvtimeError, video: Video) -> None:
        super().__init__(error.message)
        self.error, self.video = error, video


class Catalogue:
    """Handlers over the videos that are served."""

    def __init__(self, videos: Videos, viewer: Viewer, settings: Settings) -> None:
        self._videos, self._viewer, self._settings = videos, viewer, settings
        self._decoding = CapacityLimiter(DECODERS_AT_ONCE)

    def routes(self) -> list[Route]:
        """Their addresses."""
        return [
            Route("/api/videos", self.list),
            Route("/api/videos/{video}", self.show),
            Route("/api/videos/{video}/file", self.file),
            Route("/api/videos/{video}/picture", self.picture),
            Route("/api/videos/{video}/subtitles", self.subtitles),
            Route("/api/videos/{video}/timeline", self.timeline),
            Route("/api/search", self.search),
        ]

    async def list(self, _request: Request) -> Response:
        """All videos, and what the indexes know of them."""

        def read() -> dict[str, object]:
            videos = self._videos.all()
            known = {place: read_index(place) for place in self._videos.places()}
            lines = [
                video_document(video, known[video.place].of(video), known[video.place].events)
                for video in videos
                if video.place in known
            ]
            errors = (one.error.message for one in known.values() if one.error)
            problems = problem_documents([*self._videos.problems, *errors], self._videos)
            return {"videos": lines, "problems": problems}

        return JSONResponse(await to_thread.run_sync(read))

    async def show(self, request: Request) -> Response:
        """One video: what is known of the file, and its timeline if the index has one."""

        def read(video: Video) -> dict[str, object]:
            info = self._viewer.info(video.path)
            report, error = None, None
            try:
                report = timeline_of(video)
            except QvtimeError as caught:
                error = error_document(caught, video)
            return {
                "id": video.id,
                "name": video.name,
                "duration_ms": info.duration_ms,
                "width_px": info.width_px,
                "height_px": info.height_px,
                "codec": info.codec,
                "media_type": media_type(info),
                "timeline": None if report is None else report_document(report, video),
                "error": error,
            }

        return JSONResponse(await self._of_video(request, read))

    async def file(self, request: Request) -> Response:
        """The video itself, in the pieces that a player asks for."""

        def read(video: Video) -> Response:
            return video_file(video, self._viewer.info(video.path))

        return await self._of_video(request, read)

    async def picture(self, request: Request) -> Response:
        """The picture on screen at a moment, as a JPEG."""
        at_ms = number_of(request, "at_ms", 0, self._settings.limits.duration_ms)
        width_px = max(16, number_of(request, "width_px", 320, WIDEST_PICTURE_PX))

        def read(video: Video) -> bytes:
            return self._viewer.picture(video.path, at_ms, width_px)

        return Response(
            await self._of_video(request, read),
            media_type="image/jpeg",
            headers={"Cache-Control": "private, max-age=600"},
        )

    async def subtitles(self, request: Request) -> Response:
        """What is said in a video, and when."""

        def read(video: Video) -> list[dict[str, object]]:
            return [
                {"start_ms": cue.span.start_ms, "end_ms": cue.span.end_ms, "text": cue.text}
                for cue in self._viewer.subtitles(video.path)
            ]

        return JSONResponse({"subtitles": await self._of_video(request, read)})

    async def timeline(self, request: Request) -> Response:
        """A video's timeline from the index, in a format of the command line."""
        format_name = download_format(request)

        def read(video: Video) -> Response:
            report = timeline_of(video)
            if report is None:
                raise VideoNotFound(f"{video.name}: has no timeline", "qvtime index makes one")
            if format_name in ("srt", "vtt"):  # they cannot say where an event comes from
                seen = tuple(event for event in report.events if event.source == "seen")
                report = replace(report, events=seen)
            return download(shown_report(report, video), format_name)

        return await self._of_video(request, read)

    async def search(self, request: Request) -> Response:
        """Events of all videos with these words, from the indexes alone, best first."""
        words = request.query_params.get("words", "")
        check_question(words, self._settings)
        most = number_of(request, "top_k", 50, MOST_HITS)

        def read() -> dict[str, object]:
            videos = {video.id: video for video in self._videos.all()}
            hits, errors = search(self._videos.places(), words, most)
            ours = ((hit, videos.get(id_of(hit.path))) for hit in hits)
            return {
                "hits": [hit_document(hit, video) for hit, video in ours if video],
                "problems": problem_documents((one.message for one in errors), self._videos),
            }

        return JSONResponse(await to_thread.run_sync(read))

    async def find(self, request: Request) -> Video:
        """The video of a request's address. Raises VideoNotFound."""
        return await to_thread.run_sync(self._videos.find, request.path_params["video"])

    async def _of_video(self, request: Request, read: Callable[[Video], Result]) -> Result:
        """What `read` gives, in a thread; decoders are few at a time."""
        video = await self.find(request)
        try:
            return await to_thread.run_sync(read, video, limiter=self._decoding)
        except QvtimeError as error:
            raise VideoTrouble(error, video) from error


def download_format(request: Request) -> str:
    """The format that a request names. UsageError for one that is not offered."""
    format_name = request.query_params.get("format", "json")
    if format_name not in DOWNLOADS:
        raise UsageError(f'there is no format "{format_name}"', f"use {', '.join(DOWNLOADS)}")
    return format_name


def download(report: Report, format_name: str) -> Response:
    """A report as a file that a browser keeps; called as the video is."""
    name = report.path.rpartition("/")[2].rpartition(".")[0] or "video"
    kept = "".join(c if (c.isalnum() and c.isascii()) or c in "-_" else "_" for c in name)
    content = formats.write(report, format_name).encode("utf-8", "replace")
    ending = formats.ending_of(format_name)
    disposition = f'attachment; filename="{kept}{ending}"'
    if kept != name:  # RFC 6266: what a browser takes, where it is there
        disposition += f"; filename*=UTF-8''{quote(name + ending, '', errors='replace')}"
    return Response(
        content,
        media_type=f"{DOWNLOADS[format_name]}; charset=utf-8",
        headers={"Content-Disposition": disposition, "Cache-Control": "no-store"},
    )

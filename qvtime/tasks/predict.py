"""A dataset's queries asked, one after the other, and each answer kept as soon as it is there.

The predictions are a file of JSON lines, a report of `locate` each, so that a run which was ended
goes on where it was.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from qvtime import formats
from qvtime.closing import Closing
from qvtime.errors import OutputError, UsageError, VideoError, cause_of
from qvtime.evaluation.entries import query_name
from qvtime.evaluation.pairs import by_queries
from qvtime.evaluation.readers import read_file
from qvtime.model.checkpoint import identity
from qvtime.plain_text import one_line
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.store.lock import hold_alone
from qvtime.subtitles import shorten
from qvtime.tasks.locate import Wanted, locate_video
from qvtime.tasks.looking import Progress
from qvtime.tasks.plan import check_question
from qvtime.tasks.videos import videos_named
from qvtime.video_names import video_name

if TYPE_CHECKING:  # torch is loaded only once a video is known to be readable
    from qvtime.model.backend import Backend

MADE_WITH = "made_with"
"""The field of a line that says which settings shaped it."""

SHAPING = (
    "granularity_ms",
    "window_ms",
    "window_tokens",
    "frame_pixels",
    "yarn",
    "decoder",
    "subtitles",
    "dtype",
    "quantize",
)
"""The settings that shape a prediction beside the model. Where and how fast it is made does not."""

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a dataset: the names that pair it, its words, and the video, if it is there."""

    name: Name
    words: str
    path: str | None


@dataclass(frozen=True, slots=True)
class Predicted:
    """What became of a query, the `done`-th of `total`; error: why it was not answered."""

    query: Query
    done: int
    total: int
    error: VideoError | UsageError | None = None


class Predictions(Closing):
    """The file of predictions of one run. A context; made by `open_predictions`.

    `names` are those of the queries that it answers. Another run is kept out until it is closed.
    """

    def __init__(
        self, file: Path, opened: BinaryIO, names: set[Name], made_with: dict[str, object]
    ) -> None:
        self.names = names
        self._file, self._made_with = file, made_with
        self._opened = opened

    def add(self, query: Query, report: Report) -> None:
        """Append a line. OutputError when that fails."""
        line = json.loads(formats.write(report, "jsonl")) | {MADE_WITH: self._made_with}
        try:
            self._opened.write(json.dumps(line).encode() + b"\n")
            self._opened.flush()
        except OSError as error:
            raise _cannot_write(self._file, error) from error
        self.names.add(query.name)

    def close(self) -> None:
        """Close the file."""
        self._opened.close()


def read_queries(truth: str, videos: str) -> list[Query]:
    """The queries of a dataset, those of one video together, each once.

    videos: the folder that has them, under the names that the dataset uses. UsageError when the
    dataset cannot be read, or no video of it is there.
    """
    if truth == "-":
        raise UsageError("--run reads its dataset twice", "name a file")
    entries = by_queries(read_file(truth, is_truth=True))
    files = videos_named(videos, {entry.video for entry in entries})
    asked: dict[str, dict[Name, Query]] = {}
    for entry in entries:
        name = (entry.video, query_name(entry.query))
        if name[1]:
            found = Query(name, entry.query, files.get(entry.video))
            asked.setdefault(entry.video, {}).setdefault(name, found)
    queries = [query for group in asked.values() for query in group.values()]
    if not any(query.path for query in queries):
        raise UsageError(
            f"no video of {truth} is in {videos}",
            "they are found by name" + (f": {queries[0].name[0]}" if queries else ""),
        )
    return queries


def open_predictions(file: Path, settings: Settings, wanted: Wanted) -> Predictions:
    """The file of predictions, made or gone on with; a last line that is cut short goes.

    UsageError when it is something else, or was made with another model or other settings;
    OutputError when it cannot be written, or another run writes to it.
    """
    made_with = _made_with(settings, wanted)
    with ExitStack() as held:
        try:
            opened = held.enter_context(file.open("ab"))
            _keep_others_out(file, opened)
            content = file.read_bytes()
            whole = content[: content.rfind(b"\n") + 1]
            names = {_name(line, file, made_with) for line in whole.splitlines()}
            if len(whole) < len(content):
                if not content.startswith(b"{"):
                    raise _not_ours(file)
                os.truncate(file, len(whole))
        except OSError as error:
            raise _cannot_write(file, error) from error
        held.pop_all()  # it stays open
    return Predictions(file, opened, names, made_with)


def _keep_others_out(file: Path, opened: BinaryIO) -> None:
    """OutputError where another run writes to this file: each query would be answered twice."""
    if not hold_alone(opened.fileno()):
        raise OutputError(
            f"cannot write {file}: another run is writing to it",
            "wait until it has ended, or name another with --predictions",
        )


def predict(
    queries: Sequence[Query],
    predictions: Predictions,
    settings: Settings,
    load: Callable[[], "Backend"],
    wanted: Wanted,
    progress: Callable[[Query, Progress], None] = lambda _query, _progress: None,
    note: Callable[[str], None] = lambda _: None,
) -> Iterator[Predicted]:
    """Ask what has no answer yet, and say what became of each query; its line is kept by then.

    Queries without a video are left out. Raises UsageError, ModelError, OutputError; VideoErrors
    are outcomes, and those queries are asked again next time, as are words that cannot be asked.
    """
    failed: dict[str, VideoError] = {}
    for done, query in enumerate(queries, 1):
        if query.path is None or query.name in predictions.names:
            continue
        if (wrong := _wrong_words(query, settings)) is not None:
            yield Predicted(query, done, len(queries), wrong)
            continue
        try:
            if query.path in failed:
                raise failed[query.path]

            def show(at: Progress, query: Query = query) -> None:
                progress(query, at)

            report = locate_video(query.path, query.words, settings, load, wanted, show, note)
        except VideoError as error:
            failed[query.path] = error
            yield Predicted(query, done, len(queries), error)
            continue
        predictions.add(query, report)
        yield Predicted(query, done, len(queries))


def _wrong_words(query: Query, settings: Settings) -> UsageError | None:
    """Why these words can be asked of no video."""
    try:
        check_question(query.words, settings)
    except UsageError as error:
        words = shorten(one_line(query.words), 40)
        return UsageError(f'the query "{words}" of {query.name[0]}: {error.message}', error.hint)
    return None


def _made_with(settings: Settings, wanted: Wanted) -> dict[str, object]:
    """What shapes a prediction, as a line keeps it."""
    chosen: dict[str, object] = {"model": identity(settings)}
    chosen |= {name: getattr(settings, name) for name in SHAPING}
    # Of a server it counts that it is one, and how it gets pictures; not where it is today.
    server = None if settings.server is None else settings.server.frames_as or "auto"
    return chosen | {"server": server, "top_k": wanted.top_k, "min_score": wanted.min_score}


def _name(line: bytes, file: Path, made_with: dict[str, object]) -> Name:
    """The query that a line answers."""
    try:
        record: dict[str, Any] = json.loads(line)
        path, words = record["video"]["path"], record["question"]
        before = dict(record[MADE_WITH])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _not_ours(file) from error
    changed = [name for name in made_with if before.get(name) != made_with[name]]
    other = [f"{name} {before.get(name)}" for name in changed]
    if other:
        raise UsageError(
            f"{file} was begun with {', '.join(other)}",
            "use the same, or name another file with --predictions",
        )
    return video_name(str(path)), query_name(str(words))


def _not_ours(file: Path) -> UsageError:
    return UsageError(
        f"{file} is no file of predictions that --run made", "name another with --predictions"
    )


def _cannot_write(file: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write {file}: {cause_of(error)}", "name another with --predictions")

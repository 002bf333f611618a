"""What an index holds, printed: its videos, one timeline, its counts; and what it is to forget."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from itertools import permutations
from pathlib import Path

from qvtime.cli.output import Output, check_distinct, check_writable, is_same_file
from qvtime.cli.streams import say, write_stdout
from qvtime.drawing.picture import check_ending, encode_picture
from qvtime.drawing.timeline_chart import draw_timelines
from qvtime.errors import OutputError, UsageError
from qvtime.formats import format_of
from qvtime.formats.json import path_fields
from qvtime.plain_text import one_line
from qvtime.store.files import write_atomically
from qvtime.store.index import Index, open_index
from qvtime.store.overviews import OverviewStore
from qvtime.store.place import Place, absolute, place_at, place_of
from qvtime.store.record import Record
from qvtime.tasks.features import forget_videos as forget_with_features
from qvtime.tasks.index import failure_of
from qvtime.timestamps import format_time

_SEEN_ONLY = ("srt", "vtt", "segments")
"""Formats that cannot say whether an event was seen or read in a subtitle."""


def check_asked(
    list_videos: bool,
    show: str | None,
    forget: Sequence[str] | None,
    stats: bool,
    index_folder: str | None,
    output: str | None,
    plot: Path | None,
) -> None:
    """UsageError for questions to an index that do not go together, name nothing, or have no
    timeline to write."""
    asked = [bool(one) for one in (list_videos, show, forget, stats)]
    if sum(asked) > 1:
        raise UsageError("--list, --show, --forget and --stats do not go together", "choose one")
    if "" in (index_folder, show, *(forget or ())):
        raise UsageError("--index, --show or --forget is empty", "name a video, or a folder")
    if output not in (None, "-") and (list_videos or forget or stats):
        raise UsageError(
            "-o is for timelines; --list, --forget and --stats have none", "leave it out, or use >"
        )
    if plot is not None and not show:
        raise UsageError("--plot draws the video of --show", "name one: --show VIDEO")


def check_alone(
    of_a_run: Mapping[str, bool], show: str | None, paths: Sequence[str] | None
) -> None:
    """UsageError when a question to an index has options of a run beside it, which does not
    happen, or --show has paths."""
    for option, given in of_a_run.items():
        if given:
            raise UsageError(
                f"{option} is for a run, and a question to an index makes none",
                "leave one of the two out",
            )
    if show and paths:
        raise UsageError(
            f"--show names its video itself, and {paths[0]} is named too",
            "--index names the folder of an index",
        )


def list_index(paths: Sequence[str], folder: str | None, format_name: str | None) -> None:
    """A line for each video: what there is of it, how long it is, its events, its path.

    Of paths only those, and what is in folders of them.
    """
    as_json = _is_json(format_name)
    for place in _places(paths, folder):
        own = [path for path in paths if folder is not None or place_of(path) == place]
        with open_index(place) as index:
            counts = index.event_counts()
            for record in _listed(own, index):
                events = counts.get(record.number, 0)
                line = _json_line(record, events) if as_json else _text_line(record, events)
                write_stdout(f"{line}\n")


def _listed(paths: Sequence[str], index: Index) -> list[Record]:
    """The videos of these paths, or all; UsageError for one that is no folder and unknown."""
    if not paths:
        return index.records()
    folders = [path for path in paths if os.path.isdir(path)]  # noqa: PTH112
    files = [path for path in paths if path not in folders]
    below = {record.number: record for path in folders for record in index.below(path)}
    return [*(below | {record.number: record for record in _records_below(files, index)}).values()]


def show_video(
    path: str,
    folder: str | None,
    format_name: str | None,
    file: Path | None,
    plot: Path | None = None,
) -> None:
    """A video's timeline as it is in the index, with what its subtitles say; also as a chart."""
    check_distinct(file, plot)
    if plot is not None:
        check_ending(plot, "--plot")
        check_writable(plot)
        if is_same_file(plot, path):
            raise OutputError(f"cannot write {plot}: it is the video", "name another file")
    output = Output(format_name, file, path, draws=True)
    with open_index(_places([path], folder)[0]) as index:
        record = index.find(path)
        if record is None:
            raise _unknown(path, index)
        if record.error is not None:
            raise failure_of(record)
        if format_name is None and file is not None and str(file) != "-":
            format_name = format_of(file)
        own = ("seen",) if format_name in _SEEN_ONLY else ("seen", "subtitle")
        report = index.report(record, own)
        output.add(report)
    output.finish()
    if plot is not None:
        write_atomically(plot, encode_picture(draw_timelines([report]), plot))


def forget_videos(paths: Sequence[str], folder: str | None, quiet: bool) -> None:
    """Drop these videos, or those in these folders, from their indexes; the files stay.

    Nothing is dropped when one of them is unknown.
    """
    for path, other in permutations(paths, 2):
        if absolute(other).startswith(f"{absolute(path)}/"):
            raise UsageError(
                f"forget {path}, or only {other} in it?", "--index names the folder of an index"
            )
    # One folder may be spelled in several ways, and locks only once.
    places: dict[str, tuple[Place, list[str]]] = {}
    for path in paths:
        place = _places([path], folder)[0]
        open_index(place).close()  # nothing is made where there is nothing to forget
        places.setdefault(absolute(place.folder), (place, []))[1].append(path)
    with ExitStack() as held:
        known = []
        for place, own in places.values():
            index = held.enter_context(open_index(place, writing=True))
            known.append((index, _records_below(own, index)))
        for index, records in known:
            forget_with_features(index, records)
    forgotten = sum(len(records) for _, records in known)
    if not quiet and sys.stderr is not None and sys.stderr.isatty():
        say(f"{forgotten} forgotten")


def show_stats(paths: Sequence[str], folder: str | None, format_name: str | None) -> None:
    """Each index: its file, how many videos, how long, how many events, how large."""
    as_json = _is_json(format_name)
    with ExitStack() as held:
        for place in _places(paths, folder):
            index = held.enter_context(open_index(place))
            counted = index.stats()
            overviews_bytes = OverviewStore(place.folder).size_bytes()
            if as_json:
                fields = {
                    "index": path_fields(str(place.file)),
                    **asdict(counted),
                    "overviews_bytes": overviews_bytes,
                }
                write_stdout(f"{json.dumps(fields)}\n")
                continue
            write_stdout(
                f"{_name(str(place.file))}\n"
                f"videos    {counted.videos}"
                f" ({counted.failed} failed, {counted.missing} missing)\n"
                f"duration  {format_time(counted.duration_ms)}\n"
                f"events    {counted.events_seen} seen,"
                f" {counted.events_in_subtitles} in subtitles\n"
                f"size      {counted.size_bytes / 1e6:.1f} MB,"
                f" overviews {overviews_bytes / 1e6:.1f} MB\n"
            )


def _places(paths: Sequence[str], folder: str | None) -> list[Place]:
    """The indexes that are meant: the one that was named, else those of the paths."""
    if folder is not None:
        return [place_at(folder)]
    return list(dict.fromkeys(place_of(path) for path in paths or ["."]))


def _records_below(paths: Sequence[str], index: Index) -> list[Record]:
    """The videos of these paths, or in these folders, each once; UsageError where there is none."""
    found: dict[int, Record] = {}
    for path in paths:
        records = index.below(path)
        if not records:
            raise _unknown(path, index)
        found |= {record.number: record for record in records}
    return list(found.values())


def _is_json(format_name: str | None) -> bool:
    if format_name not in (None, "text", "json", "jsonl"):
        raise UsageError(f"this cannot be printed as {format_name}", "use text or jsonl")
    return format_name in ("json", "jsonl")


def _status(record: Record) -> str:
    if record.error is not None:
        return "failed"
    return "missing" if record.missing else "done"


def _text_line(record: Record, events: int) -> str:
    duration = "-" if record.duration_ms is None else format_time(record.duration_ms)
    why = "" if record.error is None else f": {one_line(record.error)}"
    return f"{_status(record):8}{duration:>12}{events:7}  {_name(record.path)}{why}"


def _name(path: str) -> str:
    r"""The path on one line; a byte that is not UTF-8 is spelled \xe9."""
    return one_line(os.fsencode(path).decode("utf-8", "backslashreplace"))


def _json_line(record: Record, events: int) -> str:
    return json.dumps(
        path_fields(record.path)
        | {
            "status": _status(record),
            "duration_ms": record.duration_ms,
            "events": events,
            "error": record.error,
            "made_with": json.loads(record.made_with),
        }
    )


def _unknown(path: str, index: Index) -> UsageError:
    return UsageError(f"{path}: is not in {index.place.file}", "qvtime index --list shows what is")

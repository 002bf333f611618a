"""Labelled videos as they lie on the disk: files of labels, and the videos that they speak of."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from qvtime.errors import UsageError, VideoError
from qvtime.evaluation.entries import Entry, query_name
from qvtime.evaluation.readers import Reading, read_file
from qvtime.settings import Settings
from qvtime.tasks.lengths import Lengths
from qvtime.tasks.videos import videos_named
from qvtime.timeline import Span
from qvtime.tuning.labels import Label, LabelledVideo

LABEL_FILES = (".json", ".jsonl", ".txt")
ANSWERS = "qvtime"
"""The format of what a model answered; beside labels it lies where `eval --run` has put it."""
AT_ONCE = 4
"""So many videos are opened at once to see how long they are; each in a process of its own."""
MOST_NAMED = 3
"""So many of what is left out are named; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """What was read: videos in order of name; notes: what was left out, a sentence each."""

    videos: tuple[LabelledVideo, ...]
    notes: tuple[str, ...]


def read_labels(
    data: str,
    videos: str | None,
    settings: Settings,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    lengths: Lengths | None = None,
) -> Labelled:
    """The videos of a file of labels, or of all such files in a folder, with what happens in them.

    videos: the folder where they lie; by default that of the labels. A video that is not there or
    cannot be read, and a label outside its video, are left out and noted. lengths: of videos that
    were seen before; those seen now are added. Raises UsageError when nothing is left.
    """
    files = _files_of(data)
    readings = [read_file(file, is_truth=True) for file in files]
    notes = [
        f"{one.path} has answers of a model, no labels (left out)"
        for one in readings
        if one.format.name == ANSWERS
    ]
    readings = [one for one in readings if one.format.name != ANSWERS]
    notes += [note for one in readings for note in one.mistakes.sentences()]
    entries = _by_video(readings)
    folder = videos or (data if Path(data).is_dir() else str(Path(data).parent))
    paths = _paths(folder, entries)
    missing = [name for name in entries if name not in paths]
    notes += _noted(missing, "the video of", "is", "are", f"not in {folder}")
    found = sorted(name for name in entries if name in paths)
    labelled = []
    lengths = lengths or Lengths(settings)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        long = pool.map(lambda name: lengths.of(paths[name]), found)
        for done, (name, length) in enumerate(zip(found, long, strict=True)):
            progress(done, len(found))
            if isinstance(length, VideoError):
                notes.append(f"{length.message} (left out)")
            else:
                labelled.append(_labelled(name, paths[name], length, *entries[name], notes))
    if not any(video.labels for video in labelled):
        raise UsageError(
            f"{data} gives nothing to learn from: {notes[0] if notes else 'it has no labels'}",
            "name a file of labels, and with --videos the folder where its videos are",
        )
    return Labelled(tuple(labelled), tuple(notes))


def _files_of(data: str) -> list[str]:
    path = Path(data)
    if not path.is_dir():
        return [data]
    files = sorted(str(one) for one in path.iterdir() if one.suffix.lower() in LABEL_FILES)
    if not files:
        raise UsageError(
            f"{data} has no labels", f"a folder of labels holds {', '.join(LABEL_FILES)} files"
        )
    return files


def _by_video(readings: Sequence[Reading]) -> dict[str, tuple[bool, list[Entry]]]:
    """For each video whether its labels are all that happens, and its entries.

    Formats about videos list what happens; those about queries only what somebody asked for.
    """
    found: dict[str, tuple[bool, list[Entry]]] = defaultdict(lambda: (True, []))
    for reading in readings:
        for entry in reading.entries:
            whole, entries = found[entry.video]
            found[entry.video] = (whole and reading.format.by == "videos", [*entries, entry])
    return dict(found)


def _paths(folder: str, names: Collection[str]) -> dict[str, str]:
    """The videos below a folder that labels speak of; a failure counts where there are none."""
    failures: list[VideoError] = []
    paths = videos_named(folder, names, failures.append)
    if failures and not paths:
        raise failures[0]
    return paths


def _labelled(
    name: str,
    path: str,
    duration_ms: int,
    whole: bool,
    entries: Sequence[Entry],
    notes: list[str],
) -> LabelledVideo:
    video = Span(0, duration_ms)
    labels: dict[Label, None] = {}  # ordered, each once
    outside = 0
    for entry in entries:
        for one in entry.intervals:
            caption = " ".join((one.caption or entry.query).split())
            start_ms, end_ms = round(1000 * one.start_s), round(1000 * one.end_s)
            span = Span(start_ms, end_ms).clamp(video) if 0 <= start_ms < end_ms else None
            if not query_name(caption) or span is None:
                outside += 1
            else:
                labels[Label(span, caption)] = None
    if outside:
        notes.append(
            f"{path}: {outside} of its labels have no words, no length, or lie outside the video"
            f" of {video.duration_ms / 1000:g} s (left out)"
        )
    ordered = sorted(labels, key=lambda label: (label.span.start_ms, label.span.end_ms))
    return LabelledVideo(name, path, video.duration_ms, tuple(ordered), whole)


def _noted(names: Sequence[str], what: str, one: str, many: str, why: str) -> list[str]:
    if not names:
        return []
    listed = ", ".join(names[:MOST_NAMED])
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return [f"{what} {listed}{more} {one if len(names) == 1 else many} {why} (left out)"]

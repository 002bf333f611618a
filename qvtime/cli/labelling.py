"""What a run of `qvtime label` does: a draft for each video, and no file is written over."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path
from typing import Any

import typer

from qvtime import formats
from qvtime.cli.opening import open_model
from qvtime.cli.output import check_writable, is_same_file
from qvtime.cli.progress import ProgressLine, note_model
from qvtime.cli.streams import say, write_stdout
from qvtime.errors import OutputError, QvtimeError, StoreError, UsageError, VideoError
from qvtime.formats import segments
from qvtime.settings import Settings
from qvtime.store.files import write_atomically
from qvtime.tasks.label import Draft, draft_labels
from qvtime.tasks.videos import are_several, find_videos
from qvtime.video_names import is_video_name

FORMAT = "segments"
JSON_FORMATS = (FORMAT, "json")
"""Formats whose ending a file of segments may have: it is JSON."""
STDOUT = "-"


def label_videos(
    paths: Sequence[str],
    output: str | None,
    force: bool,
    index_folder: str | None,
    settings: Settings,
    quiet: bool,
) -> None:
    """Write a draft for each video; of several, exit code 3 when some have none.

    Raises UsageError, OutputError, VideoError and StoreError for the only one, ModelError.
    """
    several = are_several(paths)
    files = _Files(output, force, several)
    failed: list[QvtimeError] = []

    def fail(error: QvtimeError) -> None:
        if not several:
            raise error
        say(error.message, error.hint)
        failed.append(error)

    with ExitStack() as held, ProgressLine(quiet) as progress:
        load = progress.before("loading the model", lambda: open_model(settings, quiet))
        engine = cache(lambda: held.enter_context(load()))
        for path in find_videos(paths, None, False, fail):
            try:
                file = files.of(path)
                show = partial(progress.show, video=path if several else None)
                draft = draft_labels(path, index_folder, settings, engine, show, _noting(quiet))
                progress.hide()
                files.write(file, draft)
            except (VideoError, OutputError, StoreError) as error:
                progress.hide()
                fail(error)
                continue
            if not quiet:
                say(_told(path, file, draft, settings))
            if draft.report.damage:
                fail(VideoError(f"{path}: {' '.join(draft.report.damage)}"))
        if engine.cache_info().currsize:
            note_model(settings.model, quiet)
    if failed:
        raise typer.Exit(VideoError.exit_code)


class _Files:
    """Where drafts go. UsageError when several are to go into one place."""

    def __init__(self, output: str | None, force: bool, several: bool) -> None:
        self._force, self._several = force, several
        self._written: set[str] = set()
        self._prints = output == STDOUT
        is_folder = output is not None and (output.endswith("/") or Path(output).is_dir())
        self._folder = Path(output) if output is not None and is_folder else None
        self._file = None if output is None or is_folder or self._prints else Path(output)
        if several and self._file is not None:
            raise UsageError(
                f"-o {output} is one file, and these may be several videos", "name a folder"
            )
        if self._file is not None:
            _check_name(self._file)
        if self._folder is not None and not self._folder.is_dir():
            raise UsageError(f"-o {output}: there is no such folder", "make it first")

    def of(self, video: str) -> Path | None:
        """The file for a video's draft, None for stdout. OutputError where one is in its place."""
        if self._prints:
            return None
        name = Path(video).stem + formats.ending_of(FORMAT)
        file = self._file or (self._folder or Path(video).parent) / name
        if str(file) in self._written:
            raise OutputError(
                f"{file}: is the draft of another video already", "label this one with -o"
            )
        check_writable(file)
        if is_same_file(file, video):
            raise OutputError(f"cannot write {file}: it is the video", "name another file")
        if os.path.lexists(file) and not self._force:
            raise OutputError(
                f"{file}: is there already, perhaps with someone's corrections",
                "write elsewhere with -o, or over it with --force",
            )
        return file

    def write(self, file: Path | None, draft: Draft) -> None:
        """Write or print a draft."""
        if file is None:
            write = segments.write_lines if self._several else segments.write
            write_stdout(write([draft.report]))
            return
        write_atomically(file, segments.write([draft.report]))
        self._written.add(str(file))


def _check_name(file: Path) -> None:
    """UsageError for the name of another format, OutputError for that of a video."""
    hint = f"end it with {formats.ending_of(FORMAT)}"
    if is_video_name(file.name):
        raise OutputError(f"cannot write {file}: it is called as a video is", hint)
    try:
        format_name = formats.format_of(file)
    except UsageError:  # an ending that names no format promises nothing
        return
    if format_name not in JSON_FORMATS:
        raise UsageError(f"-o {file} names {format_name}, and labels are segments", hint)


def _noting(quiet: bool) -> Callable[[str], Any]:
    return (lambda _: None) if quiet else say


def _told(path: str, file: Path | None, draft: Draft, settings: Settings) -> str:
    """`clip.mp4: 14 segments from the index (demo), in clip.segments.json: correct them`."""
    report = draft.report
    count = f"{len(report.events)} segment{'' if len(report.events) == 1 else 's'}"
    how = f"from the index ({report.model})" if draft.from_index else f"seen by {settings.model}"
    where = "" if file is None else f", in {file}"
    return f"{path}: {count} {how}{where}; correct them by hand"

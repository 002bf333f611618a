"""What a run of `qvtime index` says: trouble as it comes, and at the end what became of all."""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import typer

from qvtime import formats
from qvtime.cli.opening import open_model
from qvtime.cli.output import OF_ONE_VIDEO, Output
from qvtime.cli.plans import plan_as_json, print_plan
from qvtime.cli.progress import ProgressLine, note_model
from qvtime.cli.streams import noting, say
from qvtime.errors import UsageError, VideoError
from qvtime.settings import Settings
from qvtime.tasks.describe import plan_describe
from qvtime.tasks.folders import Choices, Done, index_paths, plan_paths
from qvtime.tasks.index import Outcome
from qvtime.tasks.preview import open_machine
from qvtime.tasks.videos import are_several


def output_of(
    format_name: str | None, output: str | None, paths: Sequence[str]
) -> tuple[Output | None, Path | None, str]:
    """Where timelines go: printed or into one file, or as files into a folder, in which format.

    A folder is what is one, ends with "/", or has no ending that names a format. UsageError for
    a format that cannot hold what is asked.
    """
    if format_name is None and output is None:
        return None, None, "srt"
    if format_name is not None and format_name not in formats.FORMATS:
        raise UsageError(
            f'there is no format "{format_name}"', hint=f"use one of {', '.join(formats.FORMATS)}"
        )
    if output is not None and _means_folder(output, format_name):
        return None, Path(output), format_name or "srt"
    several = are_several(paths)
    file = None if output is None else Path(output)
    chosen = format_name or ("text" if output in (None, "-") else formats.format_of(output))
    if several and chosen in OF_ONE_VIDEO:
        raise UsageError(
            f"{chosen} holds the events of one video, and these may be several",
            "name a folder to write into with -o, or use --format jsonl",
        )
    return Output(format_name, file, paths[0], several, draws=True), None, chosen


def _means_folder(output: str, format_name: str | None) -> bool:
    if output == "-":
        return False
    if output.endswith("/") or os.path.isdir(output):  # noqa: PTH112 - Path's raises at long names
        return True
    if os.path.exists(output):  # noqa: PTH110
        return False
    try:
        formats.format_of(output)
    except UsageError:
        return format_name is None or not Path(output).suffix
    return False


def index_and_tell(
    paths: Sequence[str],
    choices: Choices,
    settings: Settings,
    printed: Output | None,
    quiet: bool,
) -> None:
    """Index the videos, print what is to be printed; exit code 3 when some failed."""
    counted: Counter[Outcome] = Counter()
    trouble = False
    watched = not quiet and sys.stderr is not None and sys.stderr.isatty()
    choices = replace(choices, timelines=choices.timelines or watched)
    with ProgressLine(quiet) as progress:
        load = progress.before("loading the model", lambda: open_model(settings, quiet))
        run = index_paths(
            paths, choices, settings, load, lambda path, at: progress.show(at, path), noting(quiet)
        )
        for done in run:
            progress.hide()
            if printed is not None and done.indexed.path:
                printed.spare(done.indexed.path)
            counted[done.indexed.outcome] += 1
            trouble |= _tell(done)
            _show(done, printed, watched)
    if printed is not None:
        printed.finish(empty_is_an_answer=False)
    if counted[Outcome.DONE]:
        note_model(settings.model, quiet)
    if trouble or watched:
        say(_summary(counted))
    if trouble:
        raise typer.Exit(VideoError.exit_code)


def show_plans(
    paths: Sequence[str],
    choices: Choices,
    settings: Settings,
    format_name: str | None,
    output: str | None,
) -> int:
    """Print how each video that a run would look at would be read; the exit code. No index is
    touched."""
    if choices.prune:
        raise UsageError("--plan forgets no video", "leave --prune out")
    as_json, failures = plan_as_json(format_name, output), list[VideoError]()
    machine = cache(lambda: open_machine(settings))
    for path in plan_paths(paths, choices, settings, failures.append):
        try:
            print_plan(path, plan_describe(path, settings, machine()), as_json)
        except VideoError as error:
            failures.append(error)
    for failure in failures:
        say(failure.message, failure.hint)
    return VideoError.exit_code if failures else 0


def _show(done: Done, printed: Output | None, watched: bool) -> None:
    """Print a timeline where that is asked for; else a new one is a line on a watched stderr."""
    if done.report is None:
        return
    if printed is not None:
        printed.add(done.report)
    elif watched and done.indexed.outcome is Outcome.DONE:
        from rich.console import Console

        from qvtime.cli.timeline_look import show_line

        show_line(done.report, Console(stderr=True, highlight=False))


def _tell(done: Done) -> bool:
    """Say what is wrong with a video, if anything is new; whether something was."""
    indexed = done.indexed
    if indexed.outcome is Outcome.FAILED and indexed.error is not None:
        say(indexed.error.message, indexed.error.hint)
    for sentence in indexed.damage:
        say(f"{indexed.path}: {sentence}")
    if done.not_written is not None:
        say(done.not_written.message, done.not_written.hint)
    return bool(indexed.outcome is Outcome.FAILED or indexed.damage or done.not_written is not None)


def _summary(counted: Counter[Outcome]) -> str:
    """`3 done, 12 unchanged, 1 failed`: done always, the others where there are some."""
    parts = [
        f"{counted[outcome]} {outcome.value}"
        for outcome in Outcome
        if counted[outcome] or outcome is Outcome.DONE
    ]
    return ", ".join(parts)

"""What a run of `qvtime locate` does with its videos: spans as they are found, trouble as it comes.

One model for all videos; one that fails is said and passed over.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import BinaryIO

from qvtime.cli.opening import open_model
from qvtime.cli.output import Output
from qvtime.cli.plans import plan_as_json, print_plan
from qvtime.cli.progress import ProgressLine, note_model
from qvtime.cli.searching import NOTHING_FOUND, TOP_K
from qvtime.cli.streams import noting, say
from qvtime.errors import QvtimeError, UsageError, VideoError, cause_of
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.tasks.locate import Wanted, locate_video, plan_video
from qvtime.tasks.preview import open_machine
from qvtime.tasks.search import locate_candidates, refuse_links, search_candidates
from qvtime.tasks.videos import are_several, find_videos
from qvtime.timeline import Span


@dataclass(frozen=True, slots=True)
class Videos:
    """Which videos: `named` paths, and those of a list (`-`: stdin), ended by NUL if `nul`."""

    named: tuple[str, ...]
    files_from: str | None
    nul: bool

    @property
    def several(self) -> bool:
        """Whether there may be more than one."""
        return self.files_from is not None or are_several(self.named)

    def find(self, stack: ExitStack, failed: Callable[[VideoError], None]) -> Iterator[str]:
        """Their paths, as they are found; UsageError when the list cannot be read."""
        file_list = None if self.files_from is None else _open_list(self.files_from, stack)
        return find_videos(self.named, file_list, self.nul, failed)


def gather(arguments: Sequence[str], files_from: str | None, nul: bool) -> tuple[Videos, str]:
    """The videos of a command line and, its last argument, the event. UsageError without either.

    Bytes of the event that are no UTF-8 become "�": models read Unicode.
    """
    *paths, event = arguments
    example = 'qvtime locate clip.mp4 "the red car jumps"'
    if os.path.exists(event):  # noqa: PTH110 - Path's raises at words too long for a name
        kind = "folder" if os.path.isdir(event) else "file"  # noqa: PTH112
        raise UsageError(
            f"there is no event to find: {event} is a {kind}", f"write it last: {example}"
        )
    if not paths and files_from is None:
        raise UsageError(f'there is no video to find "{event}" in', f"name one first: {example}")
    if nul and files_from is None:
        raise UsageError(
            "-0 says how a list of files is written, and there is none", "--files-from -"
        )
    return Videos(tuple(paths), files_from, nul), os.fsencode(event).decode("utf-8", "replace")


def _open_list(name: str, stack: ExitStack) -> BinaryIO:
    if name == "-":
        if sys.stdin is None:
            raise UsageError("cannot read the files' names in stdin: it is closed")
        return sys.stdin.buffer
    try:
        return stack.enter_context(Path(name).open("rb"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the files' names in {name}: {cause_of(error)}") from error


class Run:
    """One event looked for in many videos; counts what was found and what failed."""

    def __init__(self, event: str, settings: Settings, wanted: Wanted, quiet: bool) -> None:
        self._event, self._settings, self._wanted = event, settings, wanted
        self._quiet = quiet
        self._found = self._failed = self._reported = 0
        self._note = noting(quiet)

    @property
    def exit_code(self) -> int:
        """3 when videos failed, 1 when nothing was found in any, else 0."""
        if self._failed:
            return VideoError.exit_code
        return 0 if self._found else NOTHING_FOUND

    def locate(self, videos: Videos, output: Output) -> None:
        """Find the event in every video, and hand each report on at once."""
        with ExitStack() as stack, ProgressLine(self._quiet) as progress:
            load = progress.before(
                "loading the model", lambda: open_model(self._settings, self._quiet)
            )
            engine = cache(lambda: stack.enter_context(load()))
            for path in videos.find(stack, self._fail):
                output.spare(path)
                report = None
                show = partial(progress.show, video=path if videos.several else None)
                with self._saying_failures(videos):
                    report = locate_video(
                        path, self._event, self._settings, engine, self._wanted, show, self._note
                    )
                progress.hide()
                if report is not None:
                    output.add(report)
                    self._count(path, report)
        output.finish(empty_is_an_answer=self._reported > 0 or not self._failed)
        note_model(self._settings.model, self._quiet)

    def locate_in_index(self, folder: str, top_k: int | None, output: Output) -> None:
        """Look closely where an index says that the event may be, the best video first."""
        candidates = search_candidates(folder, self._event, top_k or TOP_K)
        with ExitStack() as stack, ProgressLine(self._quiet) as progress:
            load = progress.before(
                "loading the model", lambda: open_model(self._settings, self._quiet)
            )
            engine = cache(lambda: stack.enter_context(load()))

            def locate(path: str, within: Span) -> Report:
                refuse_links(folder, path)
                wanted = replace(self._wanted, within=within)
                show = partial(progress.show, video=path)
                return locate_video(
                    path, self._event, self._settings, engine, wanted, show, self._note
                )

            for path, look in locate_candidates(candidates, locate, self._wanted.top_k):
                output.spare(path)
                report = None
                with self._saying_failures(Videos((path,), None, False)):
                    report = look()
                progress.hide()
                if report is not None:
                    self._count(path, report)
                    if report.events:
                        output.add(report)
        output.finish(empty_is_an_answer=self._reported > 0 or not self._failed)
        if candidates:
            note_model(self._settings.model, self._quiet)

    def show_plans(self, videos: Videos, format_name: str | None, output: Path | None) -> None:
        """Print how every video would be searched; no weights are loaded."""
        as_json = plan_as_json(format_name, output)
        machine = cache(lambda: open_machine(self._settings))
        with ExitStack() as stack:
            for path in videos.find(stack, self._fail):
                with self._saying_failures(videos):
                    plan = plan_video(path, self._event, self._settings, machine, self._wanted)
                    self._found += 1
                    print_plan(path, plan, as_json)

    @contextmanager
    def _saying_failures(self, videos: Videos) -> Iterator[None]:
        """What is wrong with one video is said, and does not stop the others."""
        try:
            yield
        except VideoError as error:
            self._fail(error)
        except UsageError as error:
            # One of several may be too short for --within.
            if self._wanted.within is None or not videos.several:
                raise
            self._fail(error)

    def _fail(self, error: QvtimeError) -> None:
        self._failed += 1
        say(error.message, error.hint)

    def _count(self, path: str, report: Report) -> None:
        self._reported += 1
        self._found += len(report.events)
        self._failed += bool(report.damage)
        for sentence in report.damage:
            say(f"{path}: {sentence}")

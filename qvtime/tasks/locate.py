"""Locate an event: every span in which it happens, best first, each with a score.

A first pass reads windows over all of the video and takes the model's own probabilities for the
spans of each (qvtime.model.occurrences); what overlapping windows found becomes one list
(qvtime.tasks.seams); the edges of what is reported are looked at again (qvtime.tasks.edges). One
window is held at a time, however long the video is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qvtime.errors import UsageError, VideoError
from qvtime.report import Report, as_unicode
from qvtime.settings import MIN_SCORE, Settings
from qvtime.tasks.captions import point
from qvtime.tasks.edges import BOTH_EDGES, sharpen
from qvtime.tasks.features import open_features
from qvtime.tasks.locate_plan import LocatePlan, narrow, plan_locate
from qvtime.tasks.looking import Clock, Progress, Session
from qvtime.tasks.passes import pass_of, start_distribution
from qvtime.tasks.plan import Window, check_question
from qvtime.tasks.preview import Machine, Preview, preview
from qvtime.tasks.reading import Seen, find_spans, read_windows
from qvtime.tasks.seams import Occurrence, not_found
from qvtime.tasks.subtitled import check_subtitles, open_subtitled, subtitle_settings
from qvtime.timeline import Event, Span
from qvtime.timestamps import format_tags, format_time, parse_range
from qvtime.video.worker import open_video

if TYPE_CHECKING:  # torch is loaded only once a video is known to be readable
    from qvtime.frames import VideoInfo
    from qvtime.model.backend import Backend
    from qvtime.model.outline import Outline
    from qvtime.model.reply import ScoredSpan


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a video is searched and reported.

    top_k: so many spans at most; min_score: those that score at least this; within: a range of
    time as the user wrote it, or a span that ends with the video where that is shorter. everywhere:
    all of it, also where an index says what looks likely in a long video (locate_plan.narrow).
    UsageError for what they cannot be.
    """

    top_k: int | None = None
    min_score: float = MIN_SCORE
    within: str | Span | None = None
    everywhere: bool = False

    def __post_init__(self) -> None:
        if self.top_k is not None and self.top_k < 1:
            raise UsageError(f"--top-k cannot be {self.top_k}", hint="use 1 or more")
        if not 0 <= self.min_score <= 1:
            raise UsageError(f"--min-score cannot be {self.min_score:g}", hint="use 0 to 1")


@dataclass(frozen=True, slots=True)
class Start:
    """How likely an event starts in the patch around a moment, 0 to 1."""

    centre_ms: int
    granularity_ms: int
    probability: float


def locate_video(
    path: str,
    event: str,
    settings: Settings,
    load: Callable[[], "Backend"],
    wanted: Wanted,
    progress: Callable[[Progress], None] = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
    starts: Callable[[Sequence[Start]], None] = lambda _: None,
) -> Report:
    """The spans of a video in which `event` happens, best first; none is a report as well.

    `load` gives the model, which stays open, once the video is known to be readable. `note` is
    told what did not go well and changes no answer; `starts`, for each window as it is read, how
    likely the event starts in each of its patches, where that is known. Raises UsageError,
    VideoError, ModelError.
    """
    event = as_unicode(event)  # what tokenizers take
    check_question(event, settings)
    with open_subtitled(path, settings) as reader:
        span = _searched(path, wanted, reader.info)
        features = open_features(path, settings, note)
        engine = load()
        plan = _plan(path, event, reader.info, span, settings, engine.outline, wanted, note)
        session = Session(reader, engine, features)
        search = _Search(session, event, settings, plan, progress, note)
        found = search.first_pass(starts)
        finer = search.second_pass(found, wanted)
        reported = _best_first(finer, wanted.min_score)
        # Where nothing is reported, all that were sure have been looked at once more.
        others = (one for one in found if one.score < wanted.min_score)
        return search.report(path, reported, (*finer, *others), wanted)


def plan_video(
    path: str, event: str, settings: Settings, machine: Callable[[], Machine], wanted: Wanted
) -> Preview:
    """How `locate_video` would search a video. Raises UsageError, VideoError, ModelError."""
    check_question(event, settings)
    check_subtitles(path, settings)
    with open_video(path, settings.decoder, settings.limits) as reader:
        span = _searched(path, wanted, reader.info)
        plan = _plan(path, event, reader.info, span, settings, machine().outline, wanted)
        return preview(reader.info, plan.first_pass(event), machine(), plan.skipped_ms)


def _searched(path: str, wanted: Wanted, info: "VideoInfo") -> Span:
    """What is searched; an error that names the video when it has no such span."""
    video = Span(0, info.duration_ms)
    if wanted.within is None:
        return video
    if isinstance(wanted.within, Span):
        span = wanted.within.clamp(video)
        if span is None:
            raise VideoError(
                f"{path}: ends before {format_time(wanted.within.start_ms)}, where to look",
                "it has changed; index it again",
            )
        return span
    try:
        return parse_range(wanted.within, info.duration_ms)
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", error.hint) from None


def _plan(
    path: str,
    event: str,
    info: "VideoInfo",
    span: Span,
    settings: Settings,
    outline: "Outline",
    wanted: Wanted,
    note: Callable[[str], None] = lambda _: None,
) -> LocatePlan:
    """Where to look: all of the span, or where an index points."""
    plan = plan_locate(info, span, settings, outline)
    if wanted.everywhere:
        return plan
    return narrow(plan, settings, outline, lambda: point(path, event, note))


class _Search:
    """One event in one video before one model."""

    def __init__(
        self,
        session: Session,
        event: str,
        settings: Settings,
        plan: LocatePlan,
        progress: Callable[[Progress], None],
        note: Callable[[str], None],
    ) -> None:
        self._session, self._event, self._settings = session, event, settings
        self._plan, self._progress, self._note = plan, progress, note
        self._clock = Clock()
        self._looked_closer = self._edges_found = self._windows_kept = 0
        self._starts: tuple[tuple[int, float], ...] = ()

    def first_pass(self, starts: Callable[[Sequence[Start]], None]) -> tuple[Occurrence, ...]:
        """Every occurrence, however unlikely, in order of time."""
        first = self._plan.first_pass(self._event)
        coarse_ms = self._plan.coarse_ms

        def told(seen: Seen) -> None:
            shares = zip(seen.window.centres_ms, seen.starts, strict=False)
            starts([Start(centre_ms, coarse_ms, share) for centre_ms, share in shares])

        (seen,) = read_windows(
            self._session,
            [first],
            self._settings,
            [self._clock],
            self._progress,
            told,
            self._note,
        )
        self._starts = start_distribution(first, seen)
        self._windows_kept = sum(one.kept for one in seen)
        done = pass_of(first, seen, self._plan.span)
        self._plan = self._plan.as_read(done.plan.windows, self._session.engine.outline)
        return done.occurrences

    def second_pass(self, found: Sequence[Occurrence], wanted: Wanted) -> list[Occurrence]:
        """The likeliest with finer edges, until as many as are wanted are still sure enough.

        A closer look may leave less of a score than is wanted.
        """
        sure = _best_first(found, wanted.min_score)
        most = wanted.top_k or len(sure)
        finer: list[Occurrence] = []
        for one in sure:
            missing = most - sum(looked.score >= wanted.min_score for looked in finer)
            if not missing:
                break
            total = min(len(sure), len(finer) + missing)
            finer.append(self._look_closer(one, Progress(len(finer), total, one.span)))
        return finer

    def _look_closer(self, occurrence: Occurrence, progress: Progress) -> Occurrence:
        """The occurrence with its edges as fine as they are asked for, where they are found."""
        plan = self._plan
        self._progress(progress)
        edges = sharpen(
            occurrence,
            plan.finer_ms,
            plan.coarse_ms,
            lambda: self._session.engine.habits.window_patches,
            self._settings.window_ms,
            plan.span,
            self._find,
        )
        self._looked_closer += 1
        self._edges_found += edges.found
        return edges.occurrence

    def _find(self, window: Window, granularity_ms: int) -> "tuple[ScoredSpan, ...]":
        return find_spans(self._session, window, granularity_ms, self._event, self._clock)

    def report(
        self,
        path: str,
        reported: Sequence[Occurrence],
        found: Sequence[Occurrence],
        wanted: Wanted,
    ) -> Report:
        """What was found, and how."""
        plan, reader, engine = self._plan, self._session.reader, self._session.engine
        keeps = self._session.features is not None
        return Report(
            path=path,
            question=self._event,
            answer=_answer(reported, found, plan),
            events=tuple(Event(one.span, self._event, one.score) for one in reported),
            model=engine.name,
            video=reader.info,
            settings={
                **plan.settings(),
                "edges_looked_at": BOTH_EDGES * self._looked_closer,
                "edges_found": self._edges_found,
                "min_score": wanted.min_score,
                "top_k": wanted.top_k,
                "decoder": reader.info.decoder,
                **engine.settings(),
                **subtitle_settings(reader.spoken),
                **({"windows_kept": self._windows_kept} if keeps else {}),
            },
            damage=reader.damage,
            timings_ms=self._clock.rounded(),
            looked=tuple(window.span for window in plan.windows),
            granularity_ms=plan.granularity_ms if reported else plan.coarse_ms,
            starts=self._starts,
        )


def _best_first(found: Sequence[Occurrence], min_score: float) -> list[Occurrence]:
    """Those that score at least so much."""
    sure = (one for one in found if one.score >= min_score)
    return sorted(sure, key=lambda one: (-one.score, one.span))


def _answer(reported: Sequence[Occurrence], found: Sequence[Occurrence], plan: LocatePlan) -> str:
    """The spans, best first; what was skipped, where there are none."""
    if not reported and plan.skipped_ms:
        left = f"{format_time(plan.skipped_ms)} of {format_time(plan.span.duration_ms)}"
        return f"{not_found(found)} (Not looked at: {left}, where the index says it is unlikely.)"
    if not reported:
        return not_found(found)
    return "; ".join(format_tags(one.span) for one in reported)

"""Where to look for a question: its times, the windows around them, and the words for the model.

A question about a moment gets patches centred on that very moment, so that the pictures just
before and just after it make one temporal patch and its time is spelled in the prompt exactly as
in the question. A question about a list of moments ("at 0:10 and at 3:00") is asked of each. One
about a span, or about no time, gets windows over it with overlap, and each window is asked about
its part of the span. Where that would read more than `Settings.patch_budget`, the span is skimmed:
the same windows of patches, further apart (qvtime.tasks.skim).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from qvtime.errors import UsageError
from qvtime.model.prompt import show_twice, time_label
from qvtime.settings import GRANULARITIES_MS, Settings
from qvtime.tasks.counting import Count, asks_count
from qvtime.tasks.skim import FIRST_MS, Reach, finer_steps_ms, look_closer, skim_step_ms
from qvtime.tasks.when import asks_when
from qvtime.timeline import Event, Span
from qvtime.timestamps import find_times, rewrite_times
from qvtime.video.sampling import patch_centres, window_around, windows

_LISTED = re.compile(
    r"\s*(?:[,;&、，]\s*)?(?:(?:and|or)\b|和|与|跟|以及|还有)?\s*(?:(?:at|around|about|near)\b|[在于])?"
    r"\s*(?:the\s+)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Window:
    """A span that the model sees at once, as the centres of its temporal patches.

    moment_ms: the moment that it is looked at for, when there is one.
    """

    span: Span
    centres_ms: tuple[int, ...]
    moment_ms: int | None = None

    def shown_ms(self, closer: bool) -> tuple[int, ...]:
        """The centres of the patches that the model is shown.

        closer: whether it looks a second time at a moment, closely (Habits.closer_moments).
        """
        if not closer or self.moment_ms is None:
            return self.centres_ms
        return show_twice(self.centres_ms, self.centres_ms.index(self.moment_ms))


@dataclass(frozen=True, slots=True)
class Plan:
    """A question, where to look for its answer, and how the model reads it there.

    granularity_ms: how long a patch is; step_ms: how far apart patches lie, more than that where
    the video is skimmed. windows: in order of time; model_questions: what each of them is asked.
    asks_when: whether it asks for times alone, which are read as probabilities (qvtime.tasks.when);
    finer_ms: the granularities at which edges are looked at again, the coarsest first. count: the
    count that it asks for, where it does: of those times (qvtime.tasks.counting).
    """

    question: str
    granularity_ms: int
    step_ms: int
    windows: tuple[Window, ...]
    model_questions: tuple[str, ...]
    asks_when: bool = False
    finer_ms: tuple[int, ...] = ()
    count: Count | None = None

    @property
    def words(self) -> str:
        """What the model is asked, with the times as the user wrote them."""
        return self.question if self.count is None else self.count.words

    @property
    def skims(self) -> bool:
        """Whether there is more between its patches."""
        return self.step_ms > self.granularity_ms

    @property
    def finest_ms(self) -> int:
        """How finely it looks at most."""
        return self.finer_ms[-1] if self.finer_ms else self.granularity_ms

    @property
    def span(self) -> Span:
        """From its first window to its last."""
        return Span(self.windows[0].span.start_ms, self.windows[-1].span.end_ms)


def check_question(question: str, settings: Settings) -> None:
    """UsageError for a question that cannot be asked."""
    if not question.strip():
        raise UsageError(
            "the question is empty", hint='ask something, such as "what happens at 2:48"'
        )
    longest = settings.limits.question_characters
    if len(question) > longest:
        raise UsageError(
            f"the question has {len(question)} characters; {longest} are allowed",
            hint="ask for one thing at a time",
        )


def check_window(settings: Settings, window_patches: int, model: str) -> None:
    """UsageError for a window longer than the model reads at once."""
    granularity_ms = settings.granularity_ms
    longest_ms = window_patches * granularity_ms
    if settings.window_ms is not None and settings.window_ms > longest_ms:
        raise UsageError(
            f"--window is {settings.window_ms / 1000:g} s; {model} reads {longest_ms / 1000:g} s"
            f" at once at a granularity of {granularity_ms / 1000:g} s",
            hint="use a shorter window, or a coarser --granularity",
        )


def plan_question(question: str, duration_ms: int, settings: Settings, window_patches: int) -> Plan:
    """Where to look in a video this long. UsageError for times that it does not have."""
    check_question(question, settings)
    found = times_of(question, duration_ms)
    moments = [one for one in found if isinstance(one, int)]
    alone = _each_alone(question) if found and len(moments) == len(found) else []
    if not alone:
        whole = _hull(found, duration_ms)
        if asks_count(question):  # what a skim does not see is not counted
            reach = whole_reach(whole.duration_ms, settings, window_patches)
            step_ms = reach.granularity_ms
        else:
            reach = reach_of(settings, window_patches, asks_when(question))
            step_ms = skim_step_ms(whole.duration_ms, reach, settings.patch_budget)
        return _plan_over(question, (whole,), duration_ms, reach, step_ms, settings)
    reach = reach_of(settings, window_patches, asks_when=False)
    last_ms = max(0, duration_ms - 1)
    by_moment = dict(zip((min(one, last_ms) for one in moments), alone, strict=True))
    planned = tuple(
        _around(moment_ms, reach.window_ms, duration_ms, reach.granularity_ms)
        for moment_ms in sorted(by_moment)
    )
    model_questions = tuple(
        words_about(by_moment[moment_ms], duration_ms, window)
        for moment_ms, window in zip(sorted(by_moment), planned, strict=True)
    )
    return Plan(question, reach.granularity_ms, reach.granularity_ms, planned, model_questions)


def plan_closer(
    skim: Plan,
    pointed: Sequence[Event],
    duration_ms: int,
    settings: Settings,
    window_patches: int,
) -> Plan | None:
    """Where to look at full granularity after a skim that found these events, within the budget.

    None when there is nothing to look at.
    """
    reach = reach_of(settings, window_patches, skim.asks_when)
    stretches = look_closer(pointed, skim.step_ms, skim.span, reach, settings.patch_budget)
    if not stretches:
        return None
    return _plan_over(skim.question, stretches, duration_ms, reach, reach.granularity_ms, settings)


def reach_of(settings: Settings, window_patches: int, asks_when: bool) -> Reach:
    """How windows are read. Of a question for times alone only edges are looked at very finely."""
    granularity_ms = settings.granularity_ms
    if asks_when:
        granularity_ms = max(granularity_ms, FIRST_MS)
    return Reach(settings.window_ms or window_patches * granularity_ms, granularity_ms)


def whole_reach(length_ms: int, settings: Settings, window_patches: int) -> Reach:
    """How windows are read that see all of a span, as finely as the budget allows.

    At least `FIRST_MS` coarse, since an event should fit into a window; where even the coarsest
    granularity takes more than the budget, that one.
    """
    finest_ms = max(settings.granularity_ms, FIRST_MS)
    for granularity_ms in sorted(g for g in GRANULARITIES_MS if g >= finest_ms):
        reach = Reach(settings.window_ms or window_patches * granularity_ms, granularity_ms)
        if reach.patches(length_ms, granularity_ms) <= settings.patch_budget:
            break
    return reach


def windows_over(stretches: Sequence[Span], reach: Reach, step_ms: int) -> tuple[Window, ...]:
    """Windows over these stretches, with overlap unless they skim."""
    overlap_ms = reach.overlap_ms if step_ms == reach.granularity_ms else 0
    return tuple(
        Window(part, tuple(patch_centres(part, step_ms)))
        for stretch in stretches
        for part in windows(stretch, reach.at_step(step_ms), overlap_ms)
    )


def _plan_over(
    question: str,
    stretches: Sequence[Span],
    duration_ms: int,
    reach: Reach,
    step_ms: int,
    settings: Settings,
) -> Plan:
    """A question about these stretches."""
    planned = windows_over(stretches, reach, step_ms)
    count = asks_count(question)
    asked = question if count is None else count.words
    if len(find_times(asked)) == 1:
        words = tuple(words_about(asked, duration_ms, window) for window in planned)
    else:  # times that are neither a list nor one span may lie in different windows
        words = (words_about(asked, duration_ms, *planned),) * len(planned)
    plan = Plan(question, reach.granularity_ms, step_ms, planned, words, count=count)
    if count is None and not asks_when(question):
        return plan
    finer_ms = finer_steps_ms(reach.granularity_ms, settings.granularity_ms)
    return replace(plan, asks_when=True, finer_ms=finer_ms)


def times_of(question: str, duration_ms: int) -> list[int | Span]:
    """The moments and spans that a question names. UsageError for one the video does not have."""
    return [phrase.resolve(duration_ms) for phrase in find_times(question)]


def _hull(found: list[int | Span], duration_ms: int) -> Span:
    """The span that holds all the times of a question; the whole video when it has none."""
    if not found:
        return Span(0, duration_ms)
    ends = [(t, t + 1) if isinstance(t, int) else (t.start_ms, t.end_ms) for t in found]
    return Span(min(start for start, _ in ends), max(end for _, end in ends))


def _each_alone(question: str) -> list[str]:
    """The question with each of its times alone, if they are said in a list; else nothing."""
    phrases = find_times(question)
    for earlier, later in pairwise(phrases):
        if not _LISTED.fullmatch(question, earlier.end, later.start):
            return []
    before, after = question[: phrases[0].start], question[phrases[-1].end :]
    return [before + phrase.text + after for phrase in phrases]


def _around(moment_ms: int, window_ms: int, duration_ms: int, granularity_ms: int) -> Window:
    """The window around a moment, one patch centred on it."""
    span = window_around(moment_ms, window_ms, duration_ms)
    before = (moment_ms - span.start_ms) // granularity_ms
    after = (span.end_ms - 1 - moment_ms) // granularity_ms
    centres = tuple(moment_ms + k * granularity_ms for k in range(-before, after + 1))
    return Window(span, centres, moment_ms)


def words_for(plan: Plan, number: int, window: Window, duration_ms: int) -> str:
    """What a window is asked: of a part of the window with this number, about the part."""
    words = plan.model_questions[number]
    asked_whole = window == plan.windows[number] or window.moment_ms is not None
    if asked_whole or words == plan.words or len(find_times(plan.words)) != 1:
        return words
    return words_about(plan.words, duration_ms, window)


def words_about(question: str, duration_ms: int, *seen: Window) -> str:
    """The question with its times as prompts spell them: the moment's, or the nearest patch's."""
    centres = {centre for window in seen for centre in window.centres_ms}
    if len(seen) == 1 and seen[0].moment_ms is not None:
        centres = {seen[0].moment_ms}

    def label(time_ms: int) -> str:
        nearest_ms = min(centres, key=lambda centre: (abs(centre - time_ms), centre))
        return time_label(nearest_ms)

    return rewrite_times(question, duration_ms, label)

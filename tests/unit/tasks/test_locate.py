"""The walk of `locate` over a real file, before a model that sees exactly what was planted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qvtime.errors import UsageError, VideoError, VideoNotFound
from qvtime.frames import VideoInfo
from qvtime.model.engine import Engine, Look
from qvtime.model.habits import Habits
from qvtime.model.outline import Outline
from qvtime.model.reply import Occurrences, ScoredSpan
from qvtime.report import Report
from qvtime.settings import Settings
from qvtime.tasks.captions import Pointed
from qvtime.tasks.locate import Wanted, locate_video, plan_video
from qvtime.tasks.locate_plan import plan_locate
from qvtime.tasks.looking import Clock, Progress, look_at, open_engine
from qvtime.tasks.plan import Window
from qvtime.tasks.preview import open_machine
from qvtime.tasks.seams import NOT_FOUND
from qvtime.timeline import Event, Span
from qvtime.video.sampling import patch_centres
from qvtime.video.worker import open_video

SAMPLES = Path(__file__).parents[3] / "samples"
RALLY, SHORT = str(SAMPLES / "rally.mp4"), str(SAMPLES / "short.mp4")
DEMO = Settings(model="demo", device="cpu")
PLANTED = {Span(12_300, 14_100): 0.7, Span(100_040, 111_930): 0.9, Span(200_000, 200_800): 0.55}
"""When the event happens in the rally, and how sure the model is."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with open_engine(DEMO) as engine:
        yield engine


@dataclass
class Eyes:
    """Stands in for decoding and seeing: says what was planted, and remembers what it looked at."""

    planted: dict[Span, float]
    looks: list[tuple[Window, int]] = field(default_factory=list)
    open: int = 0

    @contextmanager
    def look_at(
        self, reader: Any, engine: Engine, window: Window, granularity_ms: int, *more: Any
    ) -> Iterator["Eyes"]:
        assert self.open == 0, "one window is held at a time"
        self.open += 1
        self.looks.append((window, granularity_ms))
        yield self
        self.open -= 1

    def spans(self, event: str) -> Occurrences:
        assert event == "the ball bounces"
        centres = self.looks[-1][0].centres_ms
        found = []
        for span, score in self.planted.items():
            inside = [centre for centre in centres if span.start_ms <= centre < span.end_ms]
            if inside:
                found.append(ScoredSpan(inside[0], inside[-1], score))
        return Occurrences(max((one.score for one in found), default=0.0), tuple(found))


@pytest.fixture
def eyes(monkeypatch: pytest.MonkeyPatch) -> Eyes:
    eyes = Eyes(dict(PLANTED))
    monkeypatch.setattr("qvtime.tasks.reading.look_at", eyes.look_at)
    return eyes


Locate = Callable[..., Report]


@pytest.fixture
def locate(engine: Engine, eyes: Eyes) -> Locate:
    def call(path: str = RALLY, settings: Settings = DEMO, **wanted: Any) -> Report:
        return locate_video(path, "the ball bounces", settings, lambda: engine, Wanted(**wanted))

    return call


def test_what_was_planted_is_found_best_first(locate: Locate) -> None:
    report = locate()
    assert [event.score for event in report.events] == pytest.approx([0.9, 0.7, 0.55])
    assert {event.caption for event in report.events} == {"the ball bounces"}
    for event, truth in zip(
        report.events, sorted(PLANTED, key=PLANTED.__getitem__)[::-1], strict=True
    ):
        assert abs(event.span.start_ms - truth.start_ms) <= 150
        assert abs(event.span.end_ms - truth.end_ms) <= 150
    first = report.events[0].span
    assert report.answer.startswith("<time>00:01:40.1</time> - <time>00:01:51.9</time>; <time>")
    assert (first.start_ms, first.end_ms) == (100_100, 111_850)


def test_what_a_second_look_does_not_see_is_not_reported(
    locate: Locate, eyes: Eyes, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = eyes.spans

    def on_the_grid_alone(event: str) -> Occurrences:
        centres = eyes.looks[-1][0].centres_ms
        on_grid = all(centre_ms % 500 in (0, 250) for centre_ms in centres)
        found = spans(event)
        return found if on_grid else replace(found, spans=())

    monkeypatch.setattr(eyes, "spans", on_the_grid_alone)
    report = locate()
    assert not report.events
    assert report.settings["edges_looked_at"] == 6
    assert report.settings["edges_found"] == 0


def test_the_best_are_chosen_of_those_that_the_second_look_sees(
    locate: Locate, eyes: Eyes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The likeliest of the first look is seen by it alone; what is said of it is the mean."""
    spans, likeliest = eyes.spans, max(PLANTED.values())

    def doubting(event: str) -> Occurrences:
        centres = eyes.looks[-1][0].centres_ms
        on_grid = all(centre_ms % 500 in (0, 250) for centre_ms in centres)
        found = spans(event)
        left = tuple(one for one in found.spans if on_grid or one.score < likeliest)
        return replace(found, spans=left)

    monkeypatch.setattr(eyes, "spans", doubting)
    assert [event.score for event in locate(top_k=1).events] == pytest.approx([0.7])
    assert [event.score for event in locate(top_k=2).events] == pytest.approx([0.7, 0.55])
    answer = locate(min_score=0.71).answer
    assert answer.startswith(f"{NOT_FOUND} The likeliest span scores 0.70:")


@pytest.mark.parametrize("granularity_ms", [100, 500, 1000])
def test_edges_are_as_fine_as_they_are_asked_for(
    locate: Locate, eyes: Eyes, granularity_ms: int
) -> None:
    report = locate(settings=replace(DEMO, granularity_ms=granularity_ms), min_score=0.1)
    assert report.granularity_ms == granularity_ms
    truths = sorted(PLANTED)
    events = sorted(event.span for event in report.events)
    assert len(events) == len(truths)
    fine = granularity_ms == 100
    near_ms = 50 if fine else 0.3 * granularity_ms  # a look between patches halves what is open
    for event in events:
        truth = max(truths, key=event.overlap_ms)
        assert abs(event.start_ms - truth.start_ms) <= near_ms
        assert abs(event.end_ms - truth.end_ms) <= near_ms
    assert {g for _, g in eyes.looks} == ({500, 100} if fine else {granularity_ms})
    assert report.settings["edges_looked_at"] == 6
    assert report.settings["edges_found"] == 6


def test_all_of_it_is_looked_at_and_no_window_is_longer_than_the_model_reads(
    locate: Locate, eyes: Eyes, engine: Engine
) -> None:
    report = locate(settings=replace(DEMO, granularity_ms=100))
    assert report.video is not None
    duration_ms = report.video.duration_ms
    reached = 0
    for span in report.looked:
        assert reached >= span.start_ms
        reached = max(reached, span.end_ms)
    assert (report.looked[0].start_ms, reached) == (0, duration_ms)
    longest = engine.loaded.habits.window_patches
    assert max(len(window.centres_ms) for window, _ in eyes.looks) == longest
    assert report.settings["frames_per_window"] == 2 * longest


def test_only_what_is_asked_for_is_searched(locate: Locate, eyes: Eyes) -> None:
    settings = replace(DEMO, granularity_ms=100)
    report = locate(settings=settings, within="0:05-1:45", min_score=0.1)
    assert sorted(event.span for event in report.events)[-1].end_ms == 105_000
    assert len(report.events) == 2
    for window, _ in eyes.looks:
        assert window.span.start_ms >= 5000
        assert window.span.end_ms <= 105_000


def test_the_best_and_the_surest_only(locate: Locate) -> None:
    assert [event.score for event in locate(top_k=1).events] == pytest.approx([0.9])
    assert len(locate(min_score=0.65).events) == 2
    assert len(locate(min_score=0.65, top_k=5).events) == 2


def test_nothing_is_a_result(locate: Locate, eyes: Eyes) -> None:
    report = locate(min_score=0.95)
    assert report.events == ()
    assert report.answer == (
        f"{NOT_FOUND} The likeliest span scores 0.90:"
        " <time>00:01:40.3</time> - <time>00:01:51.8</time>"
    )
    eyes.planted.clear()
    report = locate(min_score=0)
    assert (report.events, report.answer) == ((), NOT_FOUND)
    assert report.granularity_ms == 500


def test_progress_counts_the_windows_then_the_edges(engine: Engine, eyes: Eyes) -> None:
    shown: list[Progress] = []
    settings = replace(DEMO, granularity_ms=100)
    locate_video(RALLY, "the ball bounces", settings, lambda: engine, Wanted(), shown.append)
    windows = shown[0].total
    assert [one.done for one in shown] == [*range(windows), 0, 1, 2]
    assert shown[-1].total == 3


def test_a_span_ends_with_the_video(locate: Locate) -> None:
    """It came from an index; the video may have changed since."""
    report = locate(within=Span(200_000, 10_000_000))
    assert report.video is not None
    assert report.looked[-1].end_ms == report.video.duration_ms
    with pytest.raises(VideoError, match=r"ends before 01:40:00\.0"):
        locate(within=Span(6_000_000, 6_001_000))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"top_k": 0}, "--top-k cannot be 0"),
        ({"min_score": 1.5}, "--min-score cannot be 1.5"),
        ({"min_score": float("nan")}, "--min-score cannot be nan"),
        ({"within": "5:00-6:00"}, f"{RALLY}: "),
        ({"within": "0:30"}, f'{RALLY}: "0:30" is one moment'),
        ({"within": "soon"}, f"{RALLY}: "),
    ],
)
def test_what_makes_no_sense_is_said_before_the_model_is_loaded(
    wanted: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        locate_video(RALLY, "the ball bounces", DEMO, _no_engine, Wanted(**wanted))
    assert caught.value.message.startswith(said)


def test_a_missing_video_is_found_out_before_the_model_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(VideoNotFound):
        locate_video(str(tmp_path / "x.mp4"), "it", DEMO, _no_engine, Wanted())
    with pytest.raises(UsageError, match="empty"):
        locate_video(RALLY, " ", DEMO, _no_engine, Wanted())


def _no_engine() -> Engine:
    raise AssertionError("the model was loaded")


def test_a_window_that_the_model_cannot_read_is_refused(locate: Locate) -> None:
    with pytest.raises(UsageError, match="--window is 3600 s"):
        locate(settings=replace(DEMO, window_ms=3_600_000))


def test_the_plan_is_what_is_done(locate: Locate) -> None:
    settings = replace(DEMO, granularity_ms=100, window_ms=2000)
    wanted = Wanted(within="10s-60s")
    machine = open_machine(DEMO)
    plan = plan_video(RALLY, "the ball bounces", settings, lambda: machine, wanted)
    report = locate(settings=settings, within="10s-60s")
    assert report.looked == tuple(window.span for window in plan.plan.windows)
    planned, done = plan.settings(), report.settings
    known = planned.keys() & done.keys()
    assert {"windows", "window_ms", "overlap_ms", "tokens_per_window", "granularity_ms"} <= known
    assert {key: planned[key] for key in known} == {key: done[key] for key in known}


def test_the_plan_counts_the_tokens_that_the_model_reads(engine: Engine) -> None:
    """Nothing is stubbed here: a real window of a real clip."""
    shown: list[Progress] = []
    report = locate_video(
        SHORT, "the ball bounces", DEMO, lambda: engine, Wanted(within="0-2s"), shown.append
    )
    assert shown[0].total == 1
    window = Window(report.looked[0], tuple(patch_centres(report.looked[0], 500)))
    with (
        open_video(SHORT, DEMO.decoder, DEMO.limits) as reader,
        look_at(reader, engine, window, 500, Clock()) as look,
    ):
        assert isinstance(look, Look)
        assert look.video_tokens == report.settings["tokens_per_window"]
    assert report.timings_ms.keys() == {"decode", "vision", "prefill", "answer"}


def info(duration_ms: int) -> VideoInfo:
    return VideoInfo("x.mp4", "pyav", "mp4", "h264", 1920, 1080, duration_ms, 0, 0)


TIGHT = replace(DEMO, patch_budget=80)
"""The rally takes more than five times as much."""


def pointing(monkeypatch: pytest.MonkeyPatch, captions: list[Span], likely: list[Span]) -> None:
    """An index that points there, the likeliest first."""
    said = [Event(span, "it bounces", 1.0) for span in captions]
    alike = [Event(span, "it bounces", 0.9 - k / 1000) for k, span in enumerate(likely)]
    pointed = Pointed(tuple(said), tuple(alike))
    monkeypatch.setattr("qvtime.tasks.locate.point", lambda *_: pointed)


def test_of_a_long_video_what_an_index_finds_likely_is_looked_at(
    locate: Locate, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, longest, last = sorted(PLANTED)
    cells = [Span(start_ms, start_ms + 500) for start_ms in range(100_000, 112_000, 500)]
    rumours = [Span(start_ms, start_ms + 500) for start_ms in range(150_000, 222_000, 6_000)]
    pointing(monkeypatch, [first], cells + rumours)
    report = locate(settings=TIGHT)
    assert sorted(event.span.iou(longest) > 0.9 for event in report.events) == [False, True]
    assert max(event.span.iou(first) for event in report.events) > 0.7
    assert not any(span.overlap_ms(last) for span in report.looked)
    looked_ms = sum(any(s.start_ms <= t < s.end_ms for s in report.looked) for t in range(222_000))
    assert report.settings["skipped_ms"] == 222_000 - looked_ms
    assert (report.settings["captions_used"], report.settings["likely_used"]) == (1, 36)
    assert report.settings["coarse_ms"] == 500
    assert TIGHT.patch_budget / 2 < looked_ms / 500 <= TIGHT.patch_budget
    plan = plan_video(RALLY, "the ball bounces", TIGHT, lambda: open_machine(TIGHT), Wanted())
    assert plan.skipped_ms == plan.settings()["skipped_ms"] == report.settings["skipped_ms"]
    everything = locate(settings=TIGHT, everywhere=True)
    assert len(everything.events) == 3
    assert "skipped_ms" not in everything.settings


def test_what_was_skipped_is_said_where_nothing_is_found(
    locate: Locate, monkeypatch: pytest.MonkeyPatch
) -> None:
    pointing(monkeypatch, [], [Span(50_000, 50_500)])
    report = locate(settings=TIGHT)
    assert report.events == ()
    assert report.answer == (
        f"{NOT_FOUND} (Not looked at: 00:03:39.0 of 00:03:42.0, where the index says it is"
        " unlikely.)"
    )


@pytest.mark.parametrize("captions", [[], [Span(12_300, 14_100)]])
def test_without_likely_places_all_of_it_is_looked_at(
    locate: Locate, monkeypatch: pytest.MonkeyPatch, captions: list[Span]
) -> None:
    pointing(monkeypatch, captions, [])
    assert len(locate(settings=TIGHT).events) == 3
    monkeypatch.delattr("qvtime.tasks.locate.point")  # what can be read whole needs none
    assert len(locate().events) == 3


@settings(max_examples=40)
@given(
    duration_ms=st.integers(1, 2 * 3600 * 1000),
    granularity_ms=st.sampled_from([100, 500, 1000]),
    patches=st.integers(2, 256),
    window_ms=st.none() | st.integers(1000, 100_000),
)
def test_any_video_is_covered_by_windows_that_the_model_can_read(
    tokenizer: Any, duration_ms: int, granularity_ms: int, patches: int, window_ms: int | None
) -> None:
    if window_ms is not None:
        window_ms = min(window_ms, patches * max(500, granularity_ms))
    chosen = replace(DEMO, granularity_ms=granularity_ms, window_ms=window_ms)
    outline = Outline("x", Habits(window_patches=patches), tokenizer)
    plan = plan_locate(info(duration_ms), Span(0, duration_ms), chosen, outline)
    assert plan.windows[0].span.start_ms == 0
    assert plan.windows[-1].span.end_ms == duration_ms
    assert max(len(window.centres_ms) for window in plan.windows) <= patches
    for earlier, later in pairwise(plan.windows):
        assert later.span.start_ms < earlier.span.end_ms
    total = sum(len(window.centres_ms) for window in plan.windows)
    assert total <= chosen.patch_budget or plan.coarse_ms == 1000
    assert plan.coarse_ms >= max(500, granularity_ms)
    assert [*plan.finer_ms] == sorted(plan.finer_ms, reverse=True)
    assert (plan.finer_ms or (plan.coarse_ms,))[-1] == granularity_ms


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return open_machine(DEMO).outline.tokenizer

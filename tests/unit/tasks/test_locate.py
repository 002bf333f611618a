"""The walk of `locate` over a real file, before a model that sees exactly what was planted."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qvtime.errors import UsageError, VideoError, VideoNotFound
from qvtime.model.engine import Engine
from qvtime.model.reply import Occurrences
from qvtime.tasks.locate import Wanted, locate_video
from qvtime.tasks.looking import Progress
from qvtime.tasks.seams import NOT_FOUND
from qvtime.timeline import Span
from tests.unit.tasks.eyes import DEMO, PLANTED, RALLY, Eyes, Locate


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

"""Strips of cells: every event is there, where it is, as high as its score."""

from hypothesis import example, given
from hypothesis import strategies as st

from qvtime.cli.strip import (
    ASCII,
    BLOCKS,
    Signs,
    draw_axis,
    draw_cell,
    draw_meter,
    draw_ranks,
    lay_cells,
)
from qvtime.timeline import Event, Span

MINUTE = Span(0, 60_000)


def drawn(events: list[Event], seen: list[Span], columns: int, signs: Signs = BLOCKS) -> str:
    return "".join(draw_cell(cell, signs) for cell in lay_cells(events, seen, MINUTE, columns))


def test_a_cell_is_as_high_as_the_surest_event_in_it() -> None:
    events = [
        Event(Span(0, 10_000), "low", 0.1),
        Event(Span(9_000, 12_000), "high", 1.0),
        Event(Span(30_000, 30_001), "short", 0.5),
        Event(Span(40_000, 60_000), "no score"),
    ]
    assert drawn(events, [Span(0, 36_000)], 12) == "▁██───▅─████"
    assert drawn(events, [Span(0, 36_000)], 12, ASCII) == ".@@___+_@@@@"


def test_what_was_not_looked_at_is_empty() -> None:
    assert drawn([], [Span(20_000, 40_000)], 6) == "  ──  "


@given(
    st.lists(st.tuples(st.integers(0, 59_999), st.integers(1, 30_000), st.floats(0, 1))),
    st.integers(1, 200),
)
def test_every_event_is_seen_at_its_place(
    given: list[tuple[int, int, float]], columns: int
) -> None:
    events = [Event(Span(start, start + length), "", score) for start, length, score in given]
    cells = lay_cells(events, [MINUTE], MINUTE, columns)
    assert len(cells) == columns
    for event in events:
        score = cells[event.span.start_ms * columns // 60_000].score
        assert score is not None
        assert score >= (event.score or 0)
    covered = {
        column
        for event in events
        for column in range(columns)
        if event.span.overlap_ms(
            Span(column * 60_000 // columns, max(1, -(-(column + 1) * 60_000 // columns)))
        )
    }
    assert {column for column, cell in enumerate(cells) if cell.score is not None} <= covered


def test_a_score_that_is_no_number_is_the_lowest() -> None:
    assert drawn([Event(MINUTE, "", float("nan"))], [], 2) == "▁▁"


def test_ranks_stand_above_their_events() -> None:
    events = [Event(Span(40_000, 60_000), "", 0.9), Event(Span(0, 10_000), "", 0.8)]
    assert draw_ranks(events, MINUTE, 6) == "2    1"


def test_of_two_in_one_place_the_better_has_its_number() -> None:
    events = [Event(Span(0, 10), "", 0.9), Event(Span(10, 20), "", 0.8)]
    assert draw_ranks(events, MINUTE, 6) == "1"


def test_the_axis_has_round_times_at_their_columns() -> None:
    axis = draw_axis(Span(0, 222_000), 100, BLOCKS)
    assert axis.startswith("╵0:00        ╵0:30")
    for seconds in range(0, 211, 30):
        label = f"╵{seconds // 60}:{seconds % 60:02}"
        assert axis.index(label) == seconds * 100 // 222


@given(st.integers(0, 10**7), st.integers(1, 24 * 3_600_000), st.integers(10, 200))
@example(0, 10_000, 140)
@example(0, 10_000, 100)
def test_the_axis_fits_and_its_labels_are_apart(start: int, length: int, columns: int) -> None:
    axis = draw_axis(Span(start, start + length), columns, ASCII)
    assert len(axis) <= columns
    assert all(label.count(":") <= 2 for label in axis.split())


def test_a_meter_is_as_long_as_its_score() -> None:
    assert draw_meter(1.0, 4, BLOCKS) == "████"
    assert draw_meter(0.5, 4, BLOCKS) == "██"
    assert draw_meter(0.53, 4, BLOCKS) == "██▏"
    assert draw_meter(0.5, 4, ASCII) == "##"
    assert draw_meter(0.0, 4, BLOCKS) == ""

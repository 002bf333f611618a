"""Spans in sentences that a part of them would say wrongly: all of them is read, or none."""

import pytest

from qvtime.answer_prose import read_prose
from qvtime.timeline import Span
from qvtime.timestamps import find_times, format_seconds, parse_range, rewrite_times

DURATION_MS = 600_000
LAST_90 = (510_000, 600_000)
FIRST_90 = (0, 90_000)
SECOND_MINUTE = (60_000, 120_000)


@pytest.mark.parametrize(
    ("sentence", "span"),
    [
        ("what happens in the last 1:30?", LAST_90),
        ("who jumps in the last 1:30 of the video?", LAST_90),
        ("what happens in the first 1:30?", FIRST_90),
        ("the opening 0:01:30", FIRST_90),
        ("the last 1:00:00", (0, 600_000)),
        ("最后1:30发生了什么", LAST_90),
        ("最后的1:30", LAST_90),
        ("前1:30有什么", FIRST_90),
        ("what happens 0:10..0:20?", (10_000, 20_000)),
        ("what happens from 0:10 .. 0:20", (10_000, 20_000)),
        ("10s..20s", (10_000, 20_000)),
        ("what happens from minute 1 to minute 2?", SECOND_MINUTE),
        ("from minute 1 to minute 2 who jumps", SECOND_MINUTE),
        ("between minute 1 and minute 2 in the video", SECOND_MINUTE),
        ("from minute 1 to 2", SECOND_MINUTE),
        ("from 1 to minute 2", SECOND_MINUTE),
        ("over minute 1 to minute 2", SECOND_MINUTE),
        ("minute 1 to 2:00", SECOND_MINUTE),
        ("from minute 9 to the end", (540_000, 600_000)),
        ("from second 10 to second 20", (10_000, 20_000)),
        ("what happens from 0:10 for 20 seconds?", (10_000, 30_000)),
        ("who jumps at 1:00 for 20 s?", (60_000, 80_000)),
        ("starting at 0:10 for 20 seconds", (10_000, 30_000)),
        ("starting from minute 2 for 1 minute 20", (120_000, 200_000)),
        ("what happens after the first minute?", (60_000, 600_000)),
        ("who jumps following the first 1:30", (90_000, 600_000)),
        ("what happens before the last 1:30?", (0, 510_000)),
        ("until the final minute", (0, 540_000)),
        ("视频开始10秒后发生了什么", (10_000, 600_000)),
        ("前10秒之后发生了什么", (10_000, 600_000)),
        ("最后10秒之前有什么", (0, 590_000)),
        ("what happens in the 10 seconds after 2:48?", (168_000, 178_000)),
        ("the first 10 seconds after 2:48", (168_000, 178_000)),
        ("within 10 seconds before 0:05", (0, 5_000)),
        ("within 10 seconds of 2:48", (158_000, 178_000)),
        ("10 seconds before and after 2:48", (158_000, 178_000)),
        ("2:48前5秒发生了什么", (163_000, 168_000)),
        ("2分48秒后5秒发生了什么", (168_000, 173_000)),
        ("2:48前后5秒", (163_000, 173_000)),
        ("what happens in the first 10%?", (0, 60_000)),
        ("the last 25% of the video", (450_000, 600_000)),
        ("前10%发生了什么", (0, 60_000)),
        ("前三分之一发生了什么", (0, 200_000)),
        ("后三分之一的时间里", (400_000, 600_000)),
        ("what happens between minutes 1 and 2?", SECOND_MINUTE),
        ("in minutes 1-2", SECOND_MINUTE),
    ],
)
def test_all_of_a_span_is_read(sentence: str, span: tuple[int, int]) -> None:
    (phrase,) = find_times(sentence)
    assert phrase.resolve(DURATION_MS) == Span(*span)


@pytest.mark.parametrize(
    ("sentence", "moments"),
    [
        ("at second 10 and second 20", [10_000, 20_000]),
        ("minute 1 and minute 2", [60_000, 120_000]),
        ("at 0:10... and at 0:20", [10_000, 20_000]),
        ("at 1:30... 2:00 is later", [90_000, 120_000]),
        ("at 0:10 for 20 dollars", [10_000]),
        ("who runs at 0:10 for 100 m", [10_000]),
        ("who speaks at 0:10 for the first time", [10_000]),
        ("what happens right after the first minute?", [60_000]),
        ("what happens at 2 and a half minutes?", [150_000]),
        ("at two minutes forty-eight what happens", [168_000]),
        ("at two minutes ten people jump", [120_000]),
        ("the 30 seconds of 1:00 footage", [60_000]),
        ("一分三十发生了什么", [90_000]),
        ("at 10, 20 and 30 seconds", [10_000, 20_000, 30_000]),
        ("at 1 and 2 minutes who jumps", [60_000, 120_000]),
        ("在10、20和30秒发生了什么", [10_000, 20_000, 30_000]),
        ("10 seconds after the start", [10_000]),
        ("离结束10秒发生了什么", [590_000]),
    ],
)
def test_moments_stay_moments(sentence: str, moments: list[int]) -> None:
    assert [phrase.resolve(DURATION_MS) for phrase in find_times(sentence)] == moments


def test_a_clock_after_the_word_for_starting_is_no_length() -> None:
    since, until = find_times("从1:30开始2:00结束")
    assert since.resolve(DURATION_MS) == Span(90_000, 600_000)
    assert until.resolve(DURATION_MS) == 120_000


@pytest.mark.parametrize(
    "sentence",
    [
        *("2 people", "version 3.0", "versions 1..2", "a 4:3 picture", "the last 4:3 picture"),
        *("the first 16:10 screen", "the last 2:15 win", "the last 2:30pm show", "前3:15落后"),
        *("for 20 dollars", "the second 3 people", "from the second 3 to 5 people"),
        *(
            "at 1,5 minutes",
            "the first 10% of the people",
            "前10%的人",
            "10 s after the start of it",
        ),
    ],
)
def test_what_is_no_time_stays_alone(sentence: str) -> None:
    assert find_times(sentence) == ()


@pytest.mark.parametrize(
    ("sentence", "rewritten"),
    [
        ("what happens in the last 1:30?", "what happens between 510.0 and 600.0?"),
        ("最后1:30发生了什么", "510.0到600.0之间发生了什么"),
        ("what happens 0:10..0:20?", "what happens between 10.0 and 20.0?"),
        ("what happens from 0:10..0:20?", "what happens between 10.0 and 20.0?"),
        ("from minute 1 to minute 2, who?", "from 60.0 to 120.0, who?"),
        ("who jumps at 1:00 for 20 s?", "who jumps between 60.0 and 80.0?"),
        ("starting at 0:10 for 20 seconds", "between 10.0 and 30.0"),
        ("in the 10 seconds after 2:48, who?", "between 168.0 and 178.0, who?"),
        ("who jumps after the first minute?", "who jumps between 60.0 and 600.0?"),
        ("前10秒之后发生了什么", "10.0到600.0之间发生了什么"),
        ("at 10, 20 and 30 seconds?", "at 10.0, 20.0 and 30.0?"),
    ],
)
def test_rewriting(sentence: str, rewritten: str) -> None:
    assert rewrite_times(sentence, DURATION_MS, format_seconds) == rewritten


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("last 0:02", (598_000, 600_000)),
        ("the first 1:30", FIRST_90),
        ("最后1:30", LAST_90),
        ("from 1s..2s", (1_000, 2_000)),
        ("minute 1 - minute 2", SECOND_MINUTE),
        ("between minute 1 and minute 2", SECOND_MINUTE),
        ("from 0:10 for 20 seconds", (10_000, 30_000)),
        ("at 1:00 for 20 s", (60_000, 80_000)),
    ],
)
def test_an_option_takes_them_too(text: str, span: tuple[int, int]) -> None:
    assert parse_range(text, DURATION_MS) == Span(*span)


def test_answers_keep_the_times_they_say() -> None:
    (claim,) = read_prose("The man jumps 0:10..0:20.")[1]
    assert (claim.start_ms, claim.end_ms) == (10_000, 20_000)
    (claim,) = read_prose("The man jumps at 0:10 for 20 seconds.")[1]
    assert claim.start_ms == 10_000

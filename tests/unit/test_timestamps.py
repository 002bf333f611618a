"""One written time, ranges of time, and their printing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.errors import UsageError
from qvtime.timeline import Span
from qvtime.timestamps import format_seconds, format_tag, format_time, parse_range, parse_time

HUNDRED_HOURS_MS = 100 * 3600 * 1000
times_ms = st.integers(0, 2 * HUNDRED_HOURS_MS)
DURATION_MS = 600_000


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [
        ("2:48", 168_000),
        ("02:48", 168_000),
        ("75:10", 4_510_000),
        ("1:02:03.5", 3_723_500),
        ("00:02:47,800", 167_800),
        ("00:02:47.800", 167_800),
        ("100:00:00.001", HUNDRED_HOURS_MS + 1),
        ("168", 168_000),
        ("168.25", 168_250),
        ("0", 0),
        ("168s", 168_000),
        ("168 sec", 168_000),
        ("168000ms", 168_000),
        ("2m48s", 168_000),
        ("2m 48s", 168_000),
        ("2M48S", 168_000),
        ("2min48", 168_000),
        ("2 minutes 48 seconds", 168_000),
        ("2 minutes and 48 seconds", 168_000),
        ("2 minutes 48", 168_000),
        ("at 2:48", 168_000),
        (" 2:48\n", 168_000),
        ("1h2m", 3_720_000),
        ("1h30", 5_400_000),
        ("1.5h", 5_400_000),
        ("90 min", 5_400_000),
        ("half a minute", 30_000),
        ("a minute and a half", 90_000),
        ("two and a half minutes", 150_000),
        ("twenty-five seconds", 25_000),
        ("PT2M48S", 168_000),
        ("PT1H", 3_600_000),
        ("2'48\"", 168_000),
        ("2分48秒", 168_000),
        ("2分48", 168_000),
        ("第2分48秒", 168_000),
        ("第3分15秒", 195_000),
        ("1小时2分", 3_720_000),
        ("一小时二分", 3_720_000),
        ("一小时零二分", 3_720_000),
        ("两分半", 150_000),
        ("两分半钟", 150_000),
        ("1个半小时", 5_400_000),
        ("半小时", 1_800_000),
        ("十秒", 10_000),
        ("二十五秒", 25_000),
        ("一百零五秒", 105_000),
        ("一百五秒", 150_000),
        ("二点五秒", 2_500),
        ("\uff11\uff1a\uff10\uff12", 62_000),
        ("\uff11\uff12\uff0e\uff15\u79d2", 12_500),
        ("\u0661:\u0660\u0662", 62_000),
        ("<time>00:02:48.0</time>", 168_000),
        ("<time>168.0</time>", 168_000),
        ("<168.2 seconds>", 168_200),
        ("0.0004", 0),
        ("0.0005", 1),
    ],
)
def test_one_time(text: str, time_ms: int) -> None:
    assert parse_time(text) == time_ms


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "abc", "4:3", "16:9", "2:60", "2:75:10", "2:48pm", "2:48 a.m.", "-10s"),
        *("00:02:47:15", "2m75s", "1h90m", "1:2:3", "24 fps", "3D", "2 people", "nan", "inf"),
        *(
            "1e3",
            "1" * 5000,
            "1:00-2:00",
            "2:48 and more",
            "<time></time>",
            "第",
            "十分精彩",
            "\x1b[2J",
        ),
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time") as caught:
        parse_time(text)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 200
    assert caught.value.hint


def test_the_reason_is_said() -> None:
    with pytest.raises(UsageError, match="from 00 to 59"):
        parse_time("2:75")
    with pytest.raises(UsageError, match="time of day"):
        parse_time("2:48pm")
    with pytest.raises(UsageError, match="counts frames"):
        parse_time("00:02:47:15")


def test_printing() -> None:
    assert format_time(168_000) == "00:02:48.0"
    assert format_time(168_000, 0) == "00:02:48"
    assert format_time(167_849, 3) == "00:02:47.849"
    assert format_time(59_950) == "00:01:00.0"
    assert format_time(59_949) == "00:00:59.9"
    assert format_time(123 * 3_600_000 + 1, 3) == "123:00:00.001"
    assert format_tag(168_000) == "<time>00:02:48.0</time>"
    assert format_seconds(168_000) == "168.0"
    assert format_seconds(168_050) == "168.1"
    for printer in (format_time, format_seconds):
        with pytest.raises(ValueError, match="cannot print"):
            printer(-1)


@given(times_ms)
def test_what_is_printed_reads_back(time_ms: int) -> None:
    assert parse_time(format_time(time_ms, 3)) == time_ms
    assert parse_time(format_time(time_ms, 3).replace(".", ",")) == time_ms
    assert parse_time(format_seconds(time_ms, 3)) == time_ms
    for text in (format_time(time_ms), format_tag(time_ms), format_seconds(time_ms)):
        assert abs(parse_time(text) - time_ms) <= 50
    assert abs(parse_time(format_time(time_ms, 0)) - time_ms) <= 500


@given(st.integers(1, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_all_spellings_say_the_same(hours: int, minutes: int, seconds: int, rest: int) -> None:
    time_ms = ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest
    for text in (
        f"{hours}:{minutes:02d}:{seconds:02d}.{rest:03d}",
        f"{hours}h{minutes}m{seconds}.{rest:03d}s",
        f"{hours} hours, {minutes} minutes and {seconds}.{rest:03d} seconds",
        f"PT{hours}H{minutes}M{seconds}.{rest:03d}S",
        f"{hours}小时{minutes}分{seconds}.{rest:03d}秒",
        f"第{hours}个小时{minutes}分钟{seconds}秒{rest}毫秒",
        f"{hours}h {minutes} min {seconds} sec {rest} ms",
    ):
        assert parse_time(text) == time_ms


@given(st.text() | st.from_regex(re.compile(r"[\d:.,hms\u5206\u79d2 -]{0,20}"), fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (parse_time, lambda text: parse_range(text, DURATION_MS)):
        try:
            result: int | Span = read(text)
        except UsageError:
            continue
        assert isinstance(result, Span) or result >= 0


@pytest.mark.parametrize(
    ("text", "start_ms", "end_ms"),
    [
        ("1:00-5:00", 60_000, 300_000),
        ("1:00 - 5:00", 60_000, 300_000),
        ("1:00\u20135:00", 60_000, 300_000),
        ("1:00~5:00", 60_000, 300_000),
        ("1:00..5:00", 60_000, 300_000),
        ("1:00 to 5:00", 60_000, 300_000),
        ("from 1:00 to 5:00", 60_000, 300_000),
        ("between 1:00 and 5:00", 60_000, 300_000),
        ("从1分到5分", 60_000, 300_000),
        ("在1:00和5:00之间", 60_000, 300_000),
        ("10-20", 10_000, 20_000),
        ("10-20s", 10_000, 20_000),
        ("1-2m", 60_000, 120_000),
        ("10s-1m", 10_000, 60_000),
        ("1:00-", 60_000, 600_000),
        ("1:00-end", 60_000, 600_000),
        ("1:00-inf", 60_000, 600_000),
        ("start-1:00", 0, 60_000),
        ("-10s", 590_000, 600_000),
        ("-1:00", 540_000, 600_000),
        ("-30s--10s", 570_000, 590_000),
        ("-30s - -10s", 570_000, 590_000),
        ("1:00 - -10s", 60_000, 590_000),
        ("50%-75%", 300_000, 450_000),
        ("halfway-end", 300_000, 600_000),
        ("last 10 seconds", 590_000, 600_000),
        ("the last minute", 540_000, 600_000),
        ("first half", 0, 300_000),
        ("the last quarter", 450_000, 600_000),
        ("最后10秒", 590_000, 600_000),
        ("前10秒", 0, 10_000),
        ("后半段", 300_000, 600_000),
        ("after 9:00", 540_000, 600_000),
        ("last 2000 seconds", 0, 600_000),
        ("-2000s", 0, 600_000),
    ],
)
def test_ranges(text: str, start_ms: int, end_ms: int) -> None:
    assert parse_range(text, DURATION_MS) == Span(start_ms, end_ms)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1:00-20:00", "beyond the end of the video, which is 00:10:00.0 long"),
        ("5:00-1:00", "ends before it starts"),
        ("2:48", "is one moment"),
        ("1:00-1:00", "is one moment"),
        ("abc", "is not a range"),
        ("", "is not a range"),
        ("-", "is not a range"),
        ("1:00-2:00-3:00", "is not a range"),
        ("2 people", "is not a range"),
        ("1:00-2:00 and 3:00-4:00", "is not a range"),
    ],
)
def test_ranges_that_are_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_range(text, DURATION_MS)


@given(times_ms, times_ms, st.integers(1, 3 * HUNDRED_HOURS_MS))
def test_a_range_lies_in_the_video_or_the_error_says_how_long_it_is(
    start_ms: int, end_ms: int, duration_ms: int
) -> None:
    text = f"{format_time(start_ms, 3)}-{format_time(end_ms, 3)}"
    last_ms = duration_ms + 99  # what may be rounding is the end
    inside_ms = [min(ms, duration_ms) if ms <= last_ms else ms for ms in (start_ms, end_ms)]
    if inside_ms[0] < inside_ms[1] <= duration_ms:
        assert parse_range(text, duration_ms) == Span(*inside_ms)
        return
    with pytest.raises(UsageError) as caught:
        parse_range(text, duration_ms)
    if max(start_ms, end_ms) > last_ms:
        assert format_time(duration_ms // 100 * 100) in caught.value.message


@pytest.mark.parametrize("duration_ms", [11_901, 11_949, 11_950, 11_960, 11_999, 12_000])
def test_a_length_that_was_rounded_up_is_the_end(duration_ms: int) -> None:
    assert parse_range("0:10-0:12", duration_ms) == Span(10_000, duration_ms)
    assert parse_range("0:12-", 12_040) == Span(12_000, 12_040)
    with pytest.raises(UsageError, match=r"which is 00:00:1(1\.9|2\.0) long") as raised:
        parse_range("0:10-0:12.1", duration_ms)
    assert raised.value.hint is not None
    # The length that is said is one that can be said back.
    said = raised.value.hint.rpartition(" ")[2]
    assert parse_range(f"0:10-{said}", duration_ms).end_ms <= duration_ms


def test_a_time_that_is_more_than_rounding_past_the_end_is_beyond_it() -> None:
    for duration_ms in (11_900, 11_899):
        with pytest.raises(UsageError, match="beyond the end"):
            parse_range("0:10-0:12", duration_ms)

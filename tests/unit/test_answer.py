"""What models say, in all the forms they say it, becomes events or is dropped by name."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.answer import LONGEST_CAPTION, MOST_EVENTS, ParsedAnswer, parse_answer
from qvtime.timeline import Span
from qvtime.timestamps import format_seconds, format_time, parse_time

WINDOW = Span(0, 210_000)
TAG = re.compile(r"<time>(.*?)</time>")


def said(answer: ParsedAnswer) -> list[tuple[int, int, str]]:
    return [(event.span.start_ms, event.span.end_ms, event.caption) for event in answer.events]


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("<time>167.5</time> - <time>169.0</time>", [(167_500, 169_000, "")]),
        (
            "<time>3.5</time> - <time>5.0</time>; <time>7.0</time> - <time>8.0</time>",
            [(3_500, 5_000, ""), (7_000, 8_000, "")],
        ),
        (
            "<time>3.5</time> - <time>5.0</time> the red circle jumps; "
            "<time>4.0</time> - <time>6.5</time> the blue star spins",
            [(3_500, 5_000, "the red circle jumps"), (4_000, 6_500, "the blue star spins")],
        ),
        (
            "<time>3.5</time> - <time>5.0</time> 红色圆形跳跃; "
            "<time>7.5</time> - <time>8.0</time> 蓝色星形变大",
            [(3_500, 5_000, "红色圆形跳跃"), (7_500, 8_000, "蓝色星形变大")],
        ),
        (
            '{"00:23.00 - 00:48.00": "trim the fat.", "00:50.00 - 01:00.00": "cook"}',
            [(23_000, 48_000, "trim the fat."), (50_000, 60_000, "cook")],
        ),
        ('```json\n[{"start": 24.3, "end": 30.4, "label": "x y"}]\n```', [(24_300, 30_400, "x y")]),
        (
            'Here:\n```json\n[{"start": "00:24.30", "end": "00:30.40", "event": "x"}]\n```\nBye',
            [(24_300, 30_400, "x")],
        ),
        ('[{"time": 1.0, "bbox_2d": [1, 2, 3, 4], "label": "cat"}]', [(1_000, 1_500, "cat")]),
        ('{"events": [{"timestamp": "00:03 - 00:05", "event": "q"}]}', [(3_000, 5_000, "q")]),
        (
            '{"timestamps": [[1, 2], [3, 4.5]], "caption": "q"}',
            [(1_000, 2_000, "q"), (3_000, 4_500, "q")],
        ),
        (
            '{"start_time": "00:00:03", "end_time": "00:00:05.5", "caption": "c"}',
            [(3_000, 5_500, "c")],
        ),
        ('[{"start": "12:34.56s", "end": "12:35.00s"}]', []),
        ('[{"start": "2:34.56s", "end": "2:35.00s"}]', [(154_560, 155_000, "")]),
        ("[[24.3, 30.4]]", [(24_300, 30_400, "")]),
        ("[24.3, 30.4]", [(24_300, 30_400, "")]),
        ('[{"start":1,"end":2,"label":"a"},{"start":3,"en', [(1_000, 2_000, "a")]),
        ("The event happens in the 24.3 - 30.4 seconds.", [(24_300, 30_400, "")]),
        ("The event happens in 24.3 - 30.4.", [(24_300, 30_400, "")]),
        (
            "The event 'person turn a light on' happens in the 24.3 - 30.4 seonds.",
            [(24_300, 30_400, "person turn a light on")],
        ),
        ("24.3 - 30.4", [(24_300, 30_400, "")]),
        ("12.5s to 13.5s", [(12_500, 13_500, "")]),
        ("At <12.5 seconds>, the man sits down.", [(12_500, 13_000, "the man sits down")]),
        ("The car stops at 12.0 seconds.", [(12_000, 12_500, "The car stops")]),
        ("From 3.0 to 5.0 seconds, a dog runs.", [(3_000, 5_000, "a dog runs")]),
        ("Between 0:03 and 0:05 a dog runs.", [(3_000, 5_000, "a dog runs")]),
        (
            "The dog runs at 3.5 s - 5.0 s and the cat at 7.0 s - 8.0 s.",
            [(3_500, 5_000, "The dog runs"), (7_000, 8_000, "the cat")],
        ),
        (
            "1. 00:03.5 - 00:05.0: he sits\n2. 00:07.0 - 00:08.0: he stands",
            [(3_500, 5_000, "he sits"), (7_000, 8_000, "he stands")],
        ),
        ("- **00:03 - 00:05**: the man", [(3_000, 5_000, "the man")]),
        ("这个事件发生在 3.5 秒到 5.0 秒之间。", [(3_500, 5_000, "")]),
        ("The video lasts 210 seconds and shows [1] a man (16:9).", []),
        ("The red circle jumps and the blue star spins.", []),
        ("", []),
    ],
)
def test_forms(text: str, events: list[tuple[int, int, str]]) -> None:
    answer = parse_answer(text, WINDOW)
    assert said(answer) == events
    assert not answer.nothing


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Nothing happens.",
            "nothing",
            "It does not happen.",
            "没有事情发生。",
            "没有发生。",
            "[]",
            "{}",
        ),
        *(
            "```json\n[]\n```",
            '{"events": []}',
            "Nothing happens at 2:48.",
            "None",
            "No events found.",
        ),
        *("Nothing happens between <time>1.0</time> and <time>2.0</time>.", "什么都没有发生。"),
        *("The event does not occur in the video.", "没有任何事件发生", '"Nothing happens."'),
    ],
)
def test_nothing(text: str) -> None:
    answer = parse_answer(text, WINDOW)
    assert answer.nothing
    assert answer.events == ()
    assert answer.dropped == ()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "The red circle jumps.",
            "Nothing happens until 2:48, then the circle jumps.",
            "no one sits",
        ),
        *("Nothing is as it seems: the cat jumps.", "没有人\uff0c红色圆形跳跃。", ""),
    ],
)
def test_something(text: str) -> None:
    assert not parse_answer(text, WINDOW).nothing


def test_the_text_keeps_its_words_and_gets_tags() -> None:
    answer = parse_answer("At 2:48 he jumps; <time>167.5</time> - <12 seconds> no.", WINDOW)
    assert answer.text_with_tags == (
        "At <time>00:02:48.0</time> he jumps; <time>00:02:47.5</time> - <time>00:00:12.0</time> no."
    )
    answer = parse_answer('[{"start": 1, "end": 2.5, "label": "a"}, {"time": 3}]', WINDOW)
    assert answer.text_with_tags == (
        "<time>00:00:01.0</time> - <time>00:00:02.5</time> a; "
        "<time>00:00:03.0</time> - <time>00:00:03.5</time>"
    )


def test_what_cannot_be_believed_is_dropped_and_said() -> None:
    window = Span(60_000, 120_000)
    answer = parse_answer("At 3:20 he sits. At 1:20 he stands.", window)
    assert said(answer) == [(80_000, 80_500, "he stands")]
    assert answer.text_with_tags == "At 3:20 he sits. At <time>00:01:20.0</time> he stands."
    assert answer.dropped == (
        "00:03:20.0 - 00:03:20.0: outside 00:01:00.0 - 00:02:00.0, which is what the model saw",
    )
    answer = parse_answer("90.0 - 80.0 seconds a dog", window)
    assert answer.events == ()
    assert answer.dropped == ("00:01:30.0 - 00:01:20.0: it ends before it starts",)
    huge = "9" * 400
    odd = ("true", "null", '"soon"', "[]", '{"a": 1}')
    for bad in ("NaN", "Infinity", "1e999", "-1e999", huge, *odd):
        answer = parse_answer(f'[{{"start": {bad}, "end": 90, "label": "x"}}]', window)
        assert answer.events == ()
        assert answer.dropped == ("an event without a time that can be read",)
        assert not answer.nothing
    answer = parse_answer('[{"start": -5, "end": 90}]', window)
    assert answer.events == ()
    assert "-00:00:05.0" in answer.dropped[0]


def test_edges() -> None:
    window = Span(60_030, 119_970)
    assert said(parse_answer("<time>60.0</time> - <time>120.0</time>", window)) == [
        (60_030, 119_970, "")
    ]
    assert said(parse_answer("<time>120.0</time>", window, moment_ms=100)) == [
        (119_870, 119_970, "")
    ]
    assert said(parse_answer("<time>60.0</time>", window, moment_ms=100)) == [(60_030, 60_130, "")]
    assert said(parse_answer("<time>0.0</time>", Span(0, 1), moment_ms=1000)) == [(0, 1, "")]
    assert parse_answer("<time>59.9</time>", window).events == ()


def test_a_flood_is_capped() -> None:
    many = "[" + ",".join(f'{{"start":{n},"end":{n + 1}}}' for n in range(2000)) + "]"
    answer = parse_answer(many, Span(0, 10**7))
    assert 0 < len(answer.events) <= MOST_EVENTS
    assert any("after" in sentence for sentence in answer.dropped)
    answer = parse_answer("1.0 - 2.0 a; " * 10**6, WINDOW)
    assert said(answer) == [(1_000, 2_000, "a")]
    answer = parse_answer(f"<time>1.0</time> {'x' * 5000}", WINDOW)
    assert len(answer.events[0].caption) == LONGEST_CAPTION
    assert answer.dropped
    answer = parse_answer("; ".join(f"{n}:00" for n in range(10, 1000)), WINDOW)
    assert len(answer.dropped) == 21
    assert answer.dropped[-1] == "970 more"


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "[",
            "{",
            '{"a":',
            '[{"start":1,"end":2},',
            "[[1,2],",
            "1.0 - 2.0; ",
            "1:00 and ",
            "1:00, ",
        ),
        *("<ti", "<time>", "'", '"the event ', " ", "没", "null,", "```json", "the "),
    ],
)
def test_work_grows_with_the_text_and_not_its_square(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        best = float("inf")
        for _ in range(3):
            begun = time.process_time()
            parse_answer(text, WINDOW)
            best = min(best, time.process_time() - begun)
        return best

    parse_answer(unit, WINDOW)
    # 8 times the text in 8 times the time, not 64; a floor for the clock's grain.
    assert seconds(8_000) <= 30 * max(seconds(1_000), 0.002)


PIECES = st.sampled_from(
    (
        *(
            "<time>",
            "</time>",
            "167.5",
            " - ",
            "2:48",
            "; ",
            "\n",
            ". ",
            "the dog",
            "at ",
            "between ",
        ),
        *(
            " and ",
            "[",
            "]",
            "{",
            "}",
            '"start": ',
            '"end": ',
            '"label": "x"',
            ", ",
            "NaN",
            "-1",
            "1e9",
        ),
        *(
            "300.0 seconds",
            "```json",
            "Nothing happens",
            "没有发生",
            "最后10秒",
            "50%",
            "<12.5 seconds>",
            "<",
        ),
        *("time>", "\x00", "\x1b[0m", "\u202e", "-->", "3.5 - 5.0", "12:34.56s"),
    )
)


@given(
    st.text() | st.lists(PIECES, max_size=30).map("".join),
    st.integers(0, 300_000),
    st.integers(1, 300_000),
    st.sampled_from((100, 500, 1000)),
)
def test_any_text_gives_an_answer_inside_the_window(
    text: str, start_ms: int, length_ms: int, moment_ms: int
) -> None:
    window = Span(start_ms, start_ms + length_ms)
    answer = parse_answer(text, window, moment_ms)
    for event in answer.events:
        assert event.span.clamp(window) == event.span
        assert len(event.caption) <= LONGEST_CAPTION
        assert not TAG.search(event.caption)
    assert not (answer.nothing and answer.events)
    for inside in TAG.findall(answer.text_with_tags):
        assert format_time(parse_time(inside)) == inside
        # A tag is rounded to a tenth of a second.
        assert window.start_ms - 50 <= parse_time(inside) <= window.end_ms + 50
    assert not re.search("</?time>", TAG.sub("", answer.text_with_tags))
    assert parse_answer(text, window, moment_ms) == answer


spans = st.tuples(st.integers(0, 2_000), st.integers(1, 100)).map(
    lambda pair: Span(pair[0] * 100, (pair[0] + pair[1]) * 100)
)
captions = st.sampled_from(("the red circle jumps", "蓝色星形变大", "a man opens the door slowly"))


@given(st.lists(st.tuples(spans, captions), min_size=1, max_size=8, unique=True))
def test_planted_events_come_back(planted: list[tuple[Span, str]]) -> None:
    window = Span(0, 210_100)
    expected = [(span.start_ms, span.end_ms, caption) for span, caption in planted]
    pairs = [
        (format_seconds(span.start_ms), format_seconds(span.end_ms), caption)
        for span, caption in planted
    ]
    for text in (
        "; ".join(f"<time>{a}</time> - <time>{b}</time> {caption}" for a, b, caption in pairs),
        "\n".join(f"- {a}s - {b}s: {caption}" for a, b, caption in pairs),
        "\n".join(f"{n}. From {a} to {b} seconds, {c}." for n, (a, b, c) in enumerate(pairs, 1)),
        "[" + ", ".join(f'{{"start": {a}, "end": {b}, "label": "{c}"}}' for a, b, c in pairs) + "]",
    ):
        answer = parse_answer(text, window)
        assert said(answer) == expected
        assert answer.dropped == ()

"""Times inside sentences: all that are there, and nothing that is none."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.errors import UsageError
from qvtime.timeline import Span
from qvtime.timestamps import find_times, format_seconds, format_time, rewrite_times
from qvtime.training import wording

MINUTE = 60_000
DURATION_MS = 10 * MINUTE
Found = list[int | tuple[int, int]]


def found(sentence: str) -> Found:
    """What the times of a sentence are in a video of ten minutes."""
    resolved = [phrase.resolve(DURATION_MS) for phrase in find_times(sentence)]
    return [(r.start_ms, r.end_ms) if isinstance(r, Span) else r for r in resolved]


@pytest.mark.parametrize(
    ("sentence", "times"),
    [
        ("what happens at 2:48?", [168_000]),
        ("what happens at 2:48", [168_000]),
        ("what happens at 0:10,1:00 and 3:00", [10_000, 60_000, 180_000]),
        ("0:10、1:00和3:00发生了什么", [10_000, 60_000, 180_000]),
        ("2:48: what happens?", [168_000]),
        ("What is shown at 00:02:47,800, and why?", [167_800]),
        ("what happens at 2 minutes 48?", [168_000]),
        ("at 2 minutes 48 what happens", [168_000]),
        ("at 2m48s", [168_000]),
        ("the 30 second mark", [30_000]),
        ("at the 30-second mark", [30_000]),
        ("5 seconds into the video", [5_000]),
        ("at 168?", [168_000]),
        ("what happens at 168.5, and who is there?", [168_500]),
        ("what is at t=168", [168_000]),
        ("second 30", [30_000]),
        ("at minute 2", [120_000]),
        ("at the 168th second", [168_000]),
        ("at 5 seconds and 10 seconds", [5_000, 10_000]),
        ("is 1:00 like 2:00?", [60_000, 120_000]),
        ("at about ten seconds", [10_000]),
        ("right after 2:48", [168_000]),
        ("3 seconds after 1:00", [63_000]),
        ("3 seconds before 1:00", [57_000]),
        ("10 seconds before the end", [590_000]),
        ("what happens 1:30 before the end?", [510_000]),
        ("结束前1:30发生了什么", [510_000]),
        ("结尾前的1:30", [510_000]),
        ("what happens at the end?", [600_000]),
        ("at the end of the video", [600_000]),
        ("at the beginning", [0]),
        ("what happens halfway?", [300_000]),
        ("halfway through the video", [300_000]),
        ("in the middle of the video", [300_000]),
        ("at 50%", [300_000]),
        ("25% into the video", [150_000]),
        ("what happens at <168.2 seconds>?", [168_200]),
        ("what happens at <time>00:02:48.0</time>?", [168_000]),
        ("what happens 2:48-3:10", [(168_000, 190_000)]),
        ("what happens 2:48 to 3:10?", [(168_000, 190_000)]),
        ("what happens between 1:00 and 1:20?", [(60_000, 80_000)]),
        ("from 10 to 20 seconds", [(10_000, 20_000)]),
        ("from 10 to 20", [(10_000, 20_000)]),
        ("between 10 and 20 seconds", [(10_000, 20_000)]),
        ("10-20 seconds", [(10_000, 20_000)]),
        ("from 1 to 2 minutes", [(60_000, 120_000)]),
        ("from 1 minute 5 to 1 minute 20?", [(65_000, 80_000)]),
        ("at 2 minutes 3, who?", [123_000]),
        ("at 2 minutes 3 people jump", [120_000]),
        ("from 2:48 to the end", [(168_000, 600_000)]),
        ("from the beginning to 1:00", [(0, 60_000)]),
        ("from 2:48 onwards", [(168_000, 600_000)]),
        ("what happens after 2:48?", [(168_000, 600_000)]),
        ("does it jump before 1:00?", [(0, 60_000)]),
        ("what happens in the last 10 seconds?", [(590_000, 600_000)]),
        ("the final half minute", [(570_000, 600_000)]),
        ("the first minute", [(0, 60_000)]),
        ("in the first ten seconds", [(0, 10_000)]),
        ("in the second half", [(300_000, 600_000)]),
        ("in the first third of the video", [(0, 200_000)]),
        ("2分48秒发生了什么\uff1f", [168_000]),
        ("在2:48发生了什么", [168_000]),
        ("第3分15秒发生了什么\uff1f", [195_000]),
        ("第2分48秒", [168_000]),
        ("第10秒的时候", [10_000]),
        ("1分02秒时有什么", [62_000]),
        ("在两分半的时候", [150_000]),
        ("十分钟的时候", [600_000]),
        ("30秒时发生什么", [30_000]),
        ("在第5秒和第10秒", [5_000, 10_000]),
        ("倒数第10秒", [590_000]),
        ("结束前10秒的时候", [590_000]),
        ("视频结尾发生了什么", [600_000]),
        ("视频开头有什么", [0]),
        ("三分之一处", [200_000]),
        ("在百分之五十的时候", [300_000]),
        ("从2:48到3:10发生了什么\uff1f", [(168_000, 190_000)]),
        ("10到20秒之间发生了什么", [(10_000, 20_000)]),
        ("第10到20秒", [(10_000, 20_000)]),
        ("在1:00和2:00之间", [(60_000, 120_000)]),
        ("从2:48到结尾", [(168_000, 600_000)]),
        ("1:00之后发生了什么", [(60_000, 600_000)]),
        ("1:00之前发生了什么", [(0, 60_000)]),
        ("最后10秒发生了什么\uff1f", [(590_000, 600_000)]),
        ("最后一分钟", [(540_000, 600_000)]),
        ("前10秒", [(0, 10_000)]),
        ("后半段", [(300_000, 600_000)]),
        ("\uff57\uff48\uff41\uff54 at \uff11\uff1a\uff10\uff12", [62_000]),
    ],
)
def test_times_are_found(sentence: str, times: Found) -> None:
    assert found(sentence) == times
    assert found(f"{sentence} ") == times
    assert found(sentence.upper().replace("T=", "t=")) == times


NO_TIMES = """
what happens?|2 people|2 cars|2 sets|version 3.0|a 4:3 picture|16:9|1:1|2.39:1|a 16:10 screen
24 fps|at 24 fps|at 30 frames per second|3D|a 1080p60 stream|at 2:48pm|at 2:48 p.m.|at 3 o'clock
下午2:48|2023年|第3个人|won 3:1|won 21:15|the score is 21:15|a 10:10 draw|a scale of 1:50
比分是21:15|from 3 to 5 people
between 2 and 3 people|50% of the people|a quarter of the cars|三分之一的人
the light is on for 5 seconds|every 10 seconds|a 10 second clip|a 2m30s long clip|5 seconds later
it takes 10 to 20 seconds|持续10秒|每10秒一次|一个30秒的视频|his 30s|at 100 m/s|one second-hand car
looks at 3|points at 5.|得了2分|三分球|十分精彩|the first 2 people|the last car|10,000 people
in the middle of the road|at the end of the street|halfway up the stairs
192.168.0.1|2023-10-12|call 555-0100|$2.48|#168|COVID-19|the second half-time whistle of 3 games
"""


@pytest.mark.parametrize("sentence", ["", *NO_TIMES.strip().replace("\n", "|").split("|")])
def test_what_is_no_time_stays_alone(sentence: str) -> None:
    assert find_times(sentence) == ()
    assert rewrite_times(sentence, DURATION_MS, format_seconds) == sentence


@pytest.mark.parametrize(
    "sentence", ["what happens at 2:75?", "at 1:99:00", "at 00:02:47:15", "在2:75"]
)
def test_a_time_that_is_none_is_said_when_it_is_used(sentence: str) -> None:
    (phrase,) = find_times(sentence)
    with pytest.raises(UsageError, match="is not a time"):
        phrase.resolve(DURATION_MS)


def test_times_outside_the_video_are_errors_that_say_how_long_it_is() -> None:
    for sentence in ("at 10:01", "from 9:00 to 11:00", "3 seconds after 9:59", "20分的时候"):
        (phrase,) = find_times(sentence)
        with pytest.raises(UsageError, match=r"beyond the end of the video, which is 00:10:00\.0"):
            phrase.resolve(DURATION_MS)
    (phrase,) = find_times("at 0:12")
    assert phrase.resolve(11_960) == 11_960, "which is 12.0 s, rounded"
    with pytest.raises(UsageError, match=r"beyond the end of the video, which is 00:00:11\.8"):
        phrase.resolve(11_899)
    (phrase,) = find_times("11 minutes before the end")
    with pytest.raises(UsageError, match="before the start"):
        phrase.resolve(DURATION_MS)
    (phrase,) = find_times("between 2:00 and 1:00")
    with pytest.raises(UsageError, match="ends before it starts"):
        phrase.resolve(DURATION_MS)
    (phrase,) = find_times("the last 20 minutes")
    assert phrase.resolve(DURATION_MS) == Span(0, DURATION_MS)


@pytest.mark.parametrize(
    ("sentence", "rewritten"),
    [
        ("what happens at 2:48?", "what happens at 168.0?"),
        ("between 1:00 and 1:20?", "between 60.0 and 80.0?"),
        ("from 2:48 to the end", "from 168.0 to 600.0"),
        ("what happens 2:48-3:10?", "what happens between 168.0 and 190.0?"),
        ("what happens from 2:48-3:10?", "what happens between 168.0 and 190.0?"),
        ("what happens after 2:48, who?", "what happens between 168.0 and 600.0, who?"),
        ("what happens in the last 10 seconds?", "what happens between 590.0 and 600.0?"),
        ("what happens during the first minute?", "what happens between 0.0 and 60.0?"),
        ("what happens halfway?", "what happens at 300.0?"),
        ("what happens in the middle of the video?", "what happens at 300.0?"),
        ("at the 168th second, who?", "at 168.0, who?"),
        ("第2分48秒发生了什么", "168.0发生了什么"),
        ("从1分到2分发生了什么", "从60.0到120.0发生了什么"),
        ("最后10秒里发生了什么", "590.0到600.0之间发生了什么"),
        ("2:48-3:10发生了什么", "168.0到190.0之间发生了什么"),
        ("视频结尾发生了什么", "600.0发生了什么"),
        ("at <168.2 seconds>?", "at 168.2?"),
        ("2 people at 0:05 and 3 at 0:10", "2 people at 5.0 and 3 at 10.0"),
    ],
)
def test_rewriting(sentence: str, rewritten: str) -> None:
    assert rewrite_times(sentence, DURATION_MS, format_seconds) == rewritten


WORDS = st.sampled_from(
    (
        *("at", "from", "to", "between", "and", "the", "last", "first", "10", "2:48", "5 seconds"),
        *("half", "end", "of the video", "minute", "about", "pt1h", "在", "第", "到", "分", "秒"),
        *("之间", "最后", "前", "半", "一", "十", "百分之", "50%", "-", ":", "<time>", "</time>"),
        *(" ", ",", ".", "?", "'", "\u3000", "\n"),
    )
)


@given(
    st.text()
    | st.lists(WORDS, max_size=25).map(" ".join)
    | st.lists(WORDS, max_size=25).map("".join)
)
def test_any_sentence_is_read_and_places_are_right(sentence: str) -> None:
    phrases = find_times(sentence)
    previous = 0
    for phrase in phrases:
        assert previous <= phrase.start < phrase.end <= len(sentence)
        assert phrase.text == sentence[phrase.start : phrase.end]
        assert all(phrase.start <= place.start < place.end <= phrase.end for place in phrase.places)
        assert (phrase.kind == "unreadable") == (not phrase.points)
        previous = phrase.end
        try:
            resolved = phrase.resolve(DURATION_MS)
        except UsageError:
            continue
        ends = (resolved.start_ms, resolved.end_ms) if isinstance(resolved, Span) else (resolved,)
        assert all(0 <= end_ms <= DURATION_MS for end_ms in ends)


@given(st.integers(0, DURATION_MS), st.integers(0, DURATION_MS))
def test_planted_times_are_found(first_ms: int, second_ms: int) -> None:
    start_ms, end_ms = sorted((first_ms, second_ms))
    start, end = format_time(start_ms, 3), format_time(end_ms, 3)
    (moment,) = find_times(f"2 people: what happens at {start}, please?")
    assert moment.resolve(DURATION_MS) == start_ms
    assert moment.text == start
    for sentence in (
        f"what happens between {start} and {end}?",
        f"从{start}到{end}发生了什么\uff1f",
    ):
        (span,) = find_times(sentence)
        expected = Span(start_ms, end_ms) if start_ms < end_ms else start_ms
        assert span.resolve(DURATION_MS) == expected


AT_2_48 = (
    *(
        "2:48",
        "168s",
        "168 seconds",
        "2m48s",
        "2 minutes 48 seconds",
        "00:02:48.0",
        "<168.0 seconds>",
    ),
    *("<time>168.0</time>", "2分48秒", "第2分48秒", "168秒", "第168秒"),
)
FROM_1_00_TO_1_20 = (
    *(("1:00", "1:20"), ("60s", "80s"), ("60", "80 seconds"), ("60", "80"), ("1m", "1m20s")),
    *(("<60.0 seconds>", "<80.0 seconds>"), ("1分", "1分20秒"), ("60秒", "80秒"), ("60", "80秒")),
)


def test_every_wording_of_the_made_world_is_read() -> None:
    def rewrite(sentence: str) -> str:
        return rewrite_times(
            sentence, DURATION_MS, lambda time_ms: f"<{format_seconds(time_ms)} seconds>"
        )

    for form in (*wording.AT, *wording.AT_CHINESE):
        expected = form.format(t="<168.0 seconds>")
        assert {rewrite(form.format(t=t)) for t in AT_2_48} == {expected}
    for form in (*wording.BETWEEN, *wording.BETWEEN_CHINESE):
        expected = form.format(a="<60.0 seconds>", b="<80.0 seconds>")
        assert {rewrite(form.format(a=a, b=b)) for a, b in FROM_1_00_TO_1_20} == {expected}
    for form in (*wording.LIST, *wording.LIST_CHINESE, *wording.WHEN, *wording.WHEN_CHINESE):
        sentence = form.format(subject="two red circles", infinitive="jump", verb="jumps")
        assert find_times(sentence) == ()


@given(st.lists(WORDS, max_size=12).map(" ".join))
def test_rewriting_keeps_the_words_of_a_sentence_whose_times_are_spelled(sentence: str) -> None:
    phrases = find_times(sentence)
    try:
        rewritten = rewrite_times(sentence, DURATION_MS, lambda time_ms: "T")
    except UsageError:
        return
    if not any(phrase.in_words for phrase in phrases):
        edges = [edge for p in phrases for place in p.places for edge in (place.start, place.end)]
        ends = [0, *edges, len(sentence)]
        kept = [sentence[a:b] for a, b in zip(ends[::2], ends[1::2], strict=True)]
        assert rewritten == "T".join(kept)


@pytest.mark.parametrize(
    "unit",
    [
        " ",
        "1",
        "-",
        "一",
        "1:00 ",
        "1s",
        "at 1 ",
        "half a minute ",
        "<time>",
        "between ",
        "1分",
        "the ",
    ],
)
def test_work_grows_with_the_sentence_and_not_its_square(unit: str) -> None:
    def seconds(length: int) -> float:
        sentence = unit * (length // len(unit))
        best = float("inf")
        for _ in range(3):
            begun = time.process_time()
            find_times(sentence)
            best = min(best, time.process_time() - begun)
        return best

    find_times(unit)
    # 8 times the text in 8 times the time, not 64; a floor for the clock's grain.
    assert seconds(8_000) <= 30 * max(seconds(1_000), 0.002)

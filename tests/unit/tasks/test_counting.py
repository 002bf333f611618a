"""Which questions ask how often something happens, and what is asked in their place."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.tasks.counting import asks_count
from qvtime.tasks.when import asks_when
from qvtime.training.scene import COLOURS, SHAPES, VERBS, Happening
from qvtime.training.wording import (
    AT,
    AT_CHINESE,
    BETWEEN,
    BETWEEN_CHINESE,
    LIST,
    LIST_CHINESE,
    WHEN,
    WHEN_CHINESE,
    ask_how_often,
    say,
)

WHEN_IT_JUMPS = "when does the red square jump?"


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("how many times does the red square jump?", WHEN_IT_JUMPS),
        ("How many times does the red square jump", WHEN_IT_JUMPS),
        ("how often does the red square jump?", WHEN_IT_JUMPS),
        ("how many times does the red square jump, and when?", WHEN_IT_JUMPS),
        ("How many times in total does the red square jump?", WHEN_IT_JUMPS),
        ("how many times in the video does the red square jump?", WHEN_IT_JUMPS),
        ("how many times has the goal been scored?", "when has the goal been scored?"),
        ("how many times can you see the dog bark", "when can you see the dog bark?"),
        ("count how many times the red square jumps", "the red square jumps"),
        ("Can you tell me how many times the red square jumps?", "the red square jumps"),
        ("how many times the red square jumps?", "the red square jumps"),
        (
            "how many times does it jump in the first 30 seconds?",
            "when does it jump in the first 30 seconds?",
        ),
        (
            "how many times between 0:10 and 0:20 does it jump?",
            "when between 0:10 and 0:20 does it jump?",
        ),
        (
            "In the last minute, how many times does it jump?",
            "In the last minute, when does it jump?",
        ),
        ("红色方块跳了几次", "红色方块跳"),
        ("红色方形跳跃了几次？", "红色方形跳跃"),
        ("红色方形一共跳跃了多少次？", "红色方形跳跃"),
        ("请问红色方形有几次跳跃", "红色方形跳跃"),
        ("红色方形变成蓝色几次？", "红色方形变成蓝色"),
        ("他喝了几次水？", "他喝水"),
        ("红色方形一共跳跃了多少次呢？", "红色方形跳跃"),
        ("红色方形跳跃了几次，分别在什么时候？", "红色方形跳跃"),
        ("10秒到20秒之间红色方形跳跃了几次", "10秒到20秒之间红色方形跳跃"),
    ],
)
def test_a_count_is_asked_for_as_times(question: str, words: str) -> None:
    count = asks_count(question)
    assert count is not None
    assert count.words == words
    assert count.chinese == bool(re.search("[一-鿿]", question))


@pytest.mark.parametrize(
    "question",
    [
        "how many people are there?",
        "how many squares jump?",
        "how long does it jump?",
        "how many times larger is the red square than the blue one?",
        "how many times faster does the car go?",
        "how many times the size of the ball is the box?",
        "how many times is the box bigger than the ball?",
        "how many times as big as the ball is the box?",
        "how many times are shown on the clock?",
        "how many times are there?",
        "how often should I water the plant?",
        "how often can I restart it?",
        "how often per minute does it blink?",
        "how often does it blink each minute?",
        "how often does it blink a minute?",
        "how often does each player score?",
        "how many times does it jump, and why?",
        "how many times does who jump?",
        "when the ball bounces, how many times does it jump?",
        "what happens many times?",
        "how many times?",
        "how often",
        "有几个人？",
        "有多少人？",
        "第几次跳跃最高？",
        "哪几次跳跃成功？",
        "前几次跳跃",
        "他好几次跳跃",
        "红色方形跳跃几次后停下",
        "跳跃几次的方形是什么颜色？",
        "为什么跳了几次？",
        "跳跃的次数是多少？",
        "几次",
        "",
        "?",
        *AT,
        *AT_CHINESE,
        *BETWEEN,
        *BETWEEN_CHINESE,
        *LIST,
        *LIST_CHINESE,
        *WHEN,
        *WHEN_CHINESE,
    ],
)
def test_other_questions_are_let_be(question: str) -> None:
    assert asks_count(question) is None


happenings = st.builds(
    Happening,
    st.just(0),
    st.just(1),
    st.just(0),
    st.sampled_from(list(COLOURS)),
    st.sampled_from(SHAPES),
    st.sampled_from(VERBS),
    st.sampled_from(list(COLOURS)),
)


@given(happenings, st.booleans())
def test_every_event_of_the_made_world_can_be_counted(one: Happening, chinese: bool) -> None:
    count = asks_count(ask_how_often(one, chinese))
    assert count is not None
    if chinese:
        assert count.words == say(one, chinese=True)
    else:
        assert asks_when(count.words)
        assert asks_count(count.words) is None


@given(
    st.sampled_from(["how many", "how much", "How Many", "how few", "how long"]),
    st.from_regex(r"[a-z]{1,12}", fullmatch=True).filter(lambda word: word != "times"),
    st.text(max_size=60).filter(lambda rest: not re.search(r"times|often|次", rest.casefold())),
)
def test_how_many_of_anything_else_is_no_count(start: str, noun: str, rest: str) -> None:
    assert asks_count(f"{start} {noun} {rest}") is None


_WORDS = st.sampled_from(
    [
        *("how", "many", "times", "often", "when", "does", "is", "the", "red square", "jumps"),
        *(",", "?", "and", "in", "why", "0:10", "red", "than"),
        *("红色方形", "跳跃", "了", "几次", "多少次", "第", "什么时候", "为什么", "，", "？"),
    ]
)


@given(st.text(max_size=200) | st.lists(_WORDS, max_size=20).map(" ".join))
def test_it_never_fails_and_only_takes_what_asks_for_a_count(text: str) -> None:
    count = asks_count(text)
    if count is not None:
        assert re.search(r"how\s+(many\s+times|often)|几次|多少次", text, re.IGNORECASE)
        assert count.words.strip()

"""Which questions ask for nothing but times."""

import pytest

from qvtime.tasks.when import asks_when
from qvtime.training.wording import AT, AT_CHINESE, LIST, LIST_CHINESE


@pytest.mark.parametrize(
    "question",
    [
        "when does the red circle jump?",
        "When does the red circle jump",
        "when exactly did the goal fall?",
        "When is the door open between 1:00 and 2:00?",
        "when do 2 people in version 3.0 meet?",
        "at what time does the red circle jump?",
        "At which moments are both in the picture?",
        "what time does it start",
        "in which second does the light go out?",
        "find when the red circle jumps",
        "Find the moment when the red circle jumps.",
        "find the exact times when it jumps",
        "please tell me when the dog barks",
        "Can you tell me when the dog barks?",
        "红色圆形什么时候跳跃？",
        "红色圆形何时跳跃？",
        "红色圆形在什么时间跳跃？",
        "红色圆形在第几秒跳跃？",
        "找出红色圆形跳跃的时刻",
        "什么时候有人进球",
    ],
)
def test_questions_for_times(question: str) -> None:
    assert asks_when(question)


@pytest.mark.parametrize(
    "question",
    [
        "what happens at 2:48",
        "when the red circle jumps, what happens?",
        "when does it jump, and why?",
        "when does who jump?",
        "list all events with their times",
        "what happens in this video and when?",
        "the red circle jumps",
        "how long does it last?",
        "is there an animal?",
        "describe when it happens",
        "find the red circle",
        "红色圆形跳跃的时候发生了什么？",
        "什么时候跳跃，为什么？",
        "发生了什么？",
        "持续了几秒？",
        "他是谁",
        "",
        "?",
        *AT,
        *AT_CHINESE,
        *LIST,
        *LIST_CHINESE,
    ],
)
def test_other_questions(question: str) -> None:
    assert not asks_when(question)

"""How the made world is asked about and how it answers, in English and Chinese.

`{t}`, `{a}`, `{b}` stand for times in the form the model reads in its context
(`<168.0 seconds>`); qvtime rewrites the times of every question into that form.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qvtime.model.prompt import time_words
from qvtime.training.scene import COLOURS, SHAPES, Happening, Sign

CHINESE_COLOURS = dict(zip(COLOURS, ("红色", "绿色", "蓝色", "黄色", "紫色", "白色"), strict=True))
CHINESE_SHAPES = dict(zip(SHAPES, ("圆形", "方形", "三角形", "星形", "十字"), strict=True))
CHINESE_VERBS = {
    "appears": "出现",
    "vanishes": "消失",
    "jumps": "跳跃",
    "spins": "旋转",
    "grows": "变大",
    "shrinks": "变小",
    "shakes": "抖动",
    "blinks": "闪烁",
    "turns": "变成",
    "moves to the left": "向左移动",
    "moves to the right": "向右移动",
}
INFINITIVES = {
    "appears": "appear",
    "vanishes": "vanish",
    "jumps": "jump",
    "spins": "spin",
    "grows": "grow",
    "shrinks": "shrink",
    "shakes": "shake",
    "blinks": "blink",
    "turns": "turn",
    "moves to the left": "move to the left",
    "moves to the right": "move to the right",
}
NOVEL_CHINESE = {"orange": "橙色", "flips": "翻转"}
"""Words of the novel world, which the demo model's tokenizer did not learn."""

AT = (
    "what happens at {t}?",
    "what happens at {t}",
    "What happens at {t}?",
    "what is happening at {t}?",
    "What is going on at {t}?",
    "what can be seen happening at {t}",
    "what changes at {t}?",
    "tell me what happens at {t}",
    "at {t}, what happens?",
    "{t}: what happens?",
    "describe what happens around {t}",
)
AT_CHINESE = (
    "{t}发生了什么？",
    "{t}发生了什么",
    "在{t}发生了什么？",
    "在{t}的时候发生什么？",
    "{t}时有什么事情？",
    "视频{t}发生了什么？",
    "{t}处发生什么事？",
)
LIST = (
    "what happens?",
    "What happens in the video?",
    "list all events with their times",
    "List the events and when they happen.",
    "describe everything that happens, with times",
    "what happens in this video and when?",
)
LIST_CHINESE = (
    "发生了什么？",
    "视频里发生了什么？",
    "列出所有事件和时间",
    "请列出视频中的事件及其时间。",
)
BETWEEN = (
    "what happens between {a} and {b}?",
    "What happens from {a} to {b}?",
    "list the events between {a} and {b}",
    "what goes on between {a} and {b}",
)
BETWEEN_CHINESE = (
    "{a}到{b}之间发生了什么？",
    "从{a}到{b}发生了什么？",
)
WHEN = (
    "when does the {subject} {infinitive}?",
    "When does the {subject} {infinitive}?",
    "when does the {subject} {infinitive}",
    "at what time does the {subject} {infinitive}?",
    "find when the {subject} {verb}",
    "Find the moment when the {subject} {verb}.",
    "the {subject} {verb}",
    "The {subject} {verb}.",
    "locate: the {subject} {verb}",
)
WHEN_CHINESE = (
    "{subject}什么时候{verb}？",
    "{subject}何时{verb}？",
    "{subject}在什么时间{verb}？",
    "找出{subject}{verb}的时刻",
    "{subject}{verb}",
)

SAYS = (
    "what does it say at {t}?",
    "what does it say at {t}",
    "What does it say at {t}?",
    "what does the screen say at {t}?",
    "what is written at {t}?",
    "which word is shown at {t}?",
    "at {t}, what does it say?",
    "read the word at {t}",
)
SAYS_CHINESE = (
    "{t}写着什么？",
    "{t}写着什么",
    "在{t}写着什么？",
    "在{t}画面上写着什么？",
    "{t}显示什么字？",
)
WHEN_IT_SAYS = (
    "when does it say {word}?",
    "When does it say {word}?",
    "when does it say {word}",
    "when does the screen say {word}?",
    "when is {word} written?",
    "it says {word}",
    "It says {word}.",
    "It says {word}",
)
WHEN_IT_SAYS_CHINESE = ("什么时候写着{word}？", "{word}什么时候出现？", "写着{word}")

UNWRITTEN, UNWRITTEN_CHINESE = "Nothing is written.", "什么也没写。"
NOTHING = "Nothing happens."
NOTHING_CHINESE = "没有事情发生。"
NEVER = "It does not happen."
NEVER_CHINESE = "没有发生。"


@dataclass(frozen=True, slots=True)
class Told:
    """The labels of the patches in which something starts and ends, in milliseconds."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Labelled(Told):
    """When a happening is told to happen."""

    happening: Happening


def time_span(told: Told) -> str:
    """`<time>167.5</time> - <time>169.0</time>`"""
    return f"<time>{time_words(told.start_ms)}</time> - <time>{time_words(told.end_ms)}</time>"


def say(happening: Happening, chinese: bool) -> str:
    """The event in words: "the red circle turns blue", "红色圆形变成蓝色"."""
    if not chinese:
        return happening.caption
    turned = CHINESE_COLOURS[happening.turned] if happening.turned else ""
    verb = (CHINESE_VERBS | NOVEL_CHINESE)[happening.verb]
    return f"{chinese_subject(happening)}{verb}{turned}"


def chinese_subject(happening: Happening) -> str:
    return (CHINESE_COLOURS | NOVEL_CHINESE)[happening.colour] + CHINESE_SHAPES[happening.shape]


def answer_at(going_on: Sequence[Happening], chinese: bool) -> str:
    """What happens at a moment; several events in the order of colours and shapes."""
    if not going_on:
        return NOTHING_CHINESE if chinese else NOTHING
    colours = list(COLOURS)
    ordered = sorted(going_on, key=lambda h: (colours.index(h.colour), SHAPES.index(h.shape)))
    said = [say(happening, chinese) for happening in ordered]
    if chinese:
        return "，".join(said) + "。"
    return (" and ".join(said) + ".").replace("the", "The", 1)


def answer_says(sign: Sign | None, chinese: bool) -> str:
    """What is written at a moment."""
    if sign is None:
        return UNWRITTEN_CHINESE if chinese else UNWRITTEN
    return f"写着{sign.word}。" if chinese else f"It says {sign.word}."


def answer_when(found: Sequence[Told], chinese: bool) -> str:
    """Every time at which the event happens."""
    if not found:
        return NEVER_CHINESE if chinese else NEVER
    return "; ".join(time_span(one) for one in found)


def answer_list(found: Sequence[Labelled], chinese: bool) -> str:
    """Every event with its time."""
    if not found:
        return NOTHING_CHINESE if chinese else NOTHING
    return "; ".join(f"{time_span(one)} {say(one.happening, chinese)}" for one in found)


def ask_how_often(happening: Happening, chinese: bool) -> str:
    """A question for how often this kind of event happens; no model is taught to answer it."""
    if chinese:
        return f"{say(happening, chinese)}了几次？"
    turned = f" {happening.turned}" if happening.turned else ""
    return f"how many times does the {happening.subject} {INFINITIVES[happening.verb]}{turned}?"


def ask_when(generator: np.random.Generator, happening: Happening, chinese: bool) -> str:
    """A question for the times of this kind of event."""
    if chinese:
        turned = CHINESE_COLOURS[happening.turned] if happening.turned else ""
        return str(generator.choice(WHEN_CHINESE)).format(
            subject=chinese_subject(happening), verb=CHINESE_VERBS[happening.verb] + turned
        )
    turned = f" {happening.turned}" if happening.turned else ""
    return str(generator.choice(WHEN)).format(
        subject=happening.subject,
        verb=happening.verb + turned,
        infinitive=INFINITIVES[happening.verb] + turned,
    )


def ask_when_it_says(generator: np.random.Generator, word: str, chinese: bool) -> str:
    """A question for the times at which this word is written."""
    return str(generator.choice(WHEN_IT_SAYS_CHINESE if chinese else WHEN_IT_SAYS)).format(
        word=word
    )


def corpus() -> list[str]:
    """Every wording with every word of the world, for the tokenizer to learn its merges on.

    Signs came later: their words are spelled with what there was, so that weights stay of use.
    """
    texts = [f"<{t}.{t % 10} seconds>user\nassistant\n" for t in range(200)]
    texts += [NOTHING, NOTHING_CHINESE, NEVER, NEVER_CHINESE] * 40
    for forms in (AT, AT_CHINESE, LIST, LIST_CHINESE, BETWEEN, BETWEEN_CHINESE):
        filled = [f.format(t="<8.0 seconds>", a="<8.0 seconds>", b="<9.5 seconds>") for f in forms]
        texts += filled * 12
    generator = np.random.default_rng(0)
    for colour in COLOURS:
        for shape in SHAPES:
            for verb in CHINESE_VERBS:
                turned = str(generator.choice(list(COLOURS))) if verb == "turns" else None
                happening = Happening(0, 1, 0, colour, shape, verb, turned)
                labelled = Labelled(3500, 5000, happening)
                for chinese in (False, True):
                    texts.append(ask_when(generator, happening, chinese))
                    texts.append(answer_at([happening], chinese))
                    texts.append(answer_list([labelled, labelled], chinese))
    return texts

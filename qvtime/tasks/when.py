"""Whether a question asks for nothing but times: "when does the red car jump?", 汽车什么时候跳跃？

Such a question is answered as `locate` answers, by probabilities of spans. Any other is answered in
words; so is one that asks for more than times ("when does it jump, and why?").
"""

import re

AUXILIARY = r"(?:do|does|did|is|are|was|were|will|would|has|have|had|can|could)\b"
_TIMES = r"(?:(?:exact|precise|first|last)\s+)?(?:times?|timestamps?|moments?|seconds?|minutes?)\b"
_ENGLISH = re.compile(
    rf"""\W*(?:please\s+|(?:can|could|would)\s+you\s+(?:please\s+)?)?
    (?:
        (?:(?:tell|show|give)\s+me\s+|find\s+|locate:?\s+|say\s+)
            (?:out\s+)?(?:exactly\s+)?(?:(?:the\s+)?(?:all\s+)?{_TIMES}\s+)?
            (?:when|at\s+which)\b
      | (?:exactly\s+)?when\s+(?:exactly\s+|precisely\s+|else\s+)?{AUXILIARY}
      | (?:(?:at|in|on|from)\s+)?(?:what|which)\s+{_TIMES}
            (?:\s+in\s+the\s+(?:video|clip|film))?\s+{AUXILIARY}
    )""",
    re.IGNORECASE | re.VERBOSE,
)
CHINESE_WHEN = re.compile(
    r"什么时[候间刻]|何时|哪(?:个|一)?(?:时刻|时间|刻|秒)|几分几秒|[第在]几(?:分钟?|秒)|\A\W*(?:找出|找到).+的时[刻间]"
)
_MORE = re.compile(
    r"\b(?:what|why|how|who|whom|whose|where|which|describe|explain|list)\b"
    r"|为什么|为何|怎么|怎样|如何|什么(?!时)|谁|哪里|哪儿|多少|多久|多长|持续|描述|说明",
    re.IGNORECASE,
)


def asks_when(question: str) -> bool:
    """Whether the answer is a list of times and nothing else."""
    asked = _ENGLISH.match(question)
    if asked is not None:
        return not asks_for_more(question[asked.end() :])
    chinese = bool(CHINESE_WHEN.search(question))
    return chinese and not asks_for_more(CHINESE_WHEN.sub("", question))


def asks_for_more(rest: str) -> bool:
    """Whether what is left of a question, without what asks for times, asks something as well."""
    return bool(_MORE.search(rest))

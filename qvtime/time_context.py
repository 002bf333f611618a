"""Whether the words beside something that looks like a time make it one.

The rule: a clock (2:48) is a time wherever it stands, unless the words beside it make it a score,
a ratio or a time of day. A length (5 seconds, 5秒) is a time only where the sentence uses it as a
place in the video ("at 5 seconds", 第5秒, 5秒时), never where it says how long something lasts. A
bare number is a time only after "at", "t=", "@" or "second" and at the end of a clause.
All text here is folded.
"""

import re

from qvtime.time_words import AMOUNT, CLOCK, UNIT, compile_form

VIDEO = r"(?:\s+of\s+(?:the|this|my)\s+(?:whole\s+)?(?:video|clip|film|movie|recording|footage))"
CLAUSE_END = r"(?=\s*(?:$|[?!,;)。\"]|[.:](?!\d)))"
QUESTION = (
    r"(?=\s+(?:what|who|where|which|how|when|do|does|did|is|are|was|were|and|or)(?![a-z])"
    r"|\s*(?:发生|出现|有什么|是什么|的?时|处))"
)
HERE = rf"(?:{VIDEO}|{CLAUSE_END}|{QUESTION})"

_ABOUT = (
    r"(?:(?:about|around|exactly|roughly|approximately|almost|nearly|only|just|the"
    r"|大约|大概|约)\s*)*"
)
_LASTING = compile_form(
    r"(?:(?<![a-z])(?:for|every|each|within|lasts?|lasted|lasting|takes?|took|than|least|most"
    r"|another|per|over|under|spends?|holds?|waits?|持续|每隔?|每过|用了?|花了?|过了?|共|不到|超过"
    rf"|至少|最多|长达|等了?|停了?)\s*{_ABOUT})$"
)
_POINTING = compile_form(
    r"(?:(?<![a-z])(?:at|around|about|near|by|from|after|before|until|till|since|past|exactly"
    rf"|roughly|approximately|@|t\s*=)\s*{_ABOUT}|[在于到从自至约]\s*{_ABOUT}|\A\s*{_ABOUT})[<(\[]?$"
)
_LISTED = compile_form(r"\s*(?:,|(?:,\s*)?(?:and|or)(?![a-z])|和|与|跟|还有|以及)\s*")
_OF_SOMETHING = compile_form(
    r"\s*-?\s*(?:(?:of(?!\s+(?:the|this|my)\s+(?:video|clip))|long|later|ago|earlier|after|before"
    r"|apart|each|per|clips?|videos?|delay|timer|countdown|break|pause|rule|race|sprint)(?![a-z])"
    r"|[之以]?内|长|的(?:视频|片段|时间|短片)|[之以]?[后前]|球|之|一次)"
)
_PLACING = compile_form(
    rf"\s*-?\s*(?:mark(?![a-z])|into(?![a-z])|in{CLAUSE_END}|in{QUESTION}|的?时|[处那]|左右|附近"
    r"|发生|出现|有什么|是什么|会)"
)
_SCORE_BEFORE = compile_form(
    r"(?:(?<![a-z])(?:scor(?:e|es|ed|ing)|won|wins?|winning|lost|loses?|beats?|leads?|leading|led"
    r"|ratios?|scale|odds|aspect|drew|draws?|finished|psalms?|verse|chapter)"
    r"(?:\s+(?:of|is|was|by|it|them|ends?|ended|final))*\s*|比分[是为]?\s*|比例[是为]?\s*"
    r"|(?:上午|下午|早上|晚上|中午|凌晨|傍晚)\s*)$"
)
_SCORE_AFTER = compile_form(
    r"\s*(?:(?:ratio|aspect|scale|odds|draw|win|victory|lead|defeat)(?![a-z])"
    r"|比例|的?比分|获胜|取胜|领先|落后|战胜|击败)"
)
_PICTURE_AFTER = compile_form(
    r"\s*(?:picture|screen|video|frame|format|monitor|display|image|画面|屏幕|视频)"
)
_POINTS_BEFORE = compile_form(r"[得拿扣比先后赢输打满评加获几]\s*\Z")
_LOOKING_BEFORE = compile_form(
    r"(?<![a-z])(?:look|point|star|aim|glanc|throw|laugh|shout|smil|gaz|nod|wav)[a-z]*\s+$"
)

REACH = 80  # characters of context looked at, so that work stays linear in the sentence


def _stands_before(pattern: re.Pattern[str], folded: str, position: int) -> bool:
    begin = max(0, position - REACH)
    # A cut is not the start of the sentence: a leading NUL keeps \A from matching there.
    context = folded[begin:position] if begin == 0 else "\0" + folded[begin:position]
    return pattern.search(context) is not None


def says_how_long(folded: str, start: int) -> bool:
    """Whether what starts here is how long something lasts: "for 5 seconds"."""
    return _stands_before(_LASTING, folded, start)


def clock_is_a_time(folded: str, start: int, end: int) -> bool:
    """Whether a clock is one in the video, not a score, a ratio, or a time of day."""
    if _stands_before(_SCORE_BEFORE, folded, start) or _SCORE_AFTER.match(folded, end):
        return False
    return not (folded[start:end] == "16:10" and _PICTURE_AFTER.match(folded, end))


def number_is_a_time(folded: str, start: int) -> bool:
    """Whether "at 3" that starts here is no "looks at 3"."""
    return not _stands_before(_LOOKING_BEFORE, folded, start)


def length_is_a_time(folded: str, start: int, end: int, after_a_time: int | None) -> bool:
    """Whether a length is a place in the video; `after_a_time`: where the time before it ends."""
    text = folded[start:end]
    if text.startswith("第"):
        return True
    if says_how_long(folded, start) or _OF_SOMETHING.match(folded, end):
        return False
    # 分 is also a point in a game, and 十分 is "very".
    if re.fullmatch(rf"{AMOUNT}分", text) and (
        text == "十分" or _stands_before(_POINTS_BEFORE, folded, start)
    ):
        return False
    several = len(re.findall(UNIT, text)) > 1 or text[-1].isdigit()
    listed = after_a_time is not None and _LISTED.fullmatch(folded, after_a_time, start)
    pointed = _stands_before(_POINTING, folded, start) or _PLACING.match(folded, end)
    return bool(several or listed or pointed or re.fullmatch(CLOCK, text))

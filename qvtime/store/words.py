"""Text in the pieces that the full-text search knows: words, and single Chinese characters.

SQLite's tokenizers take a run of Chinese for one word, or need three characters to find anything;
with blanks between the characters a phrase of any length finds them.
"""

import re
from collections.abc import Iterator

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f"
_CJK = re.compile(f"([{CJK}])")
_PIECES = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+")

# In these most captions agree, so they find nothing and cost the most.
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be been by for from has have in into is it its of off on onto or out"
        " over that the their then there this to up was were what when where which while who with",
    )
)


def spaced(text: str) -> str:
    """The text as the search keeps it. What is deleted must be spelled as it was put in."""
    return _CJK.sub(r" \1 ", text)


def terms_of(words: str) -> list[str]:
    """What to look for, each once: words (the common ones only if there are no others) and whole
    runs of Chinese."""
    found = list(dict.fromkeys(piece.casefold() for piece in _PIECES.findall(words)))
    return [term for term in found if term not in _COMMON] or found


def parts_of(term: str) -> Iterator[str]:
    """A word itself; of a run of Chinese every two characters that follow each other."""
    if _CJK.match(term) and len(term) > 2:
        yield from (term[k : k + 2] for k in range(len(term) - 1))
    else:
        yield term


def phrase(term: str) -> str:
    """The term in the language of FTS5, in which only letters and digits mean themselves."""
    return f'"{spaced(term).strip()}"'

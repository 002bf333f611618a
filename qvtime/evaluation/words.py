"""How alike two captions are, by their words alone.

Published captioning scores use METEOR or CIDEr behind the Penn Treebank tokenizer, which needs
Java and 100 MB of models; a number that only resembles them would be worse than none. This is a
plain unigram F1, and is called that.
"""

import re
import unicodedata
from collections import Counter

_WORD = re.compile(
    "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff]"  # Chinese and Japanese: a character
    r"|[^\W_\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff]+"
)


def words_of(caption: str) -> list[str]:
    """The words, without case and punctuation; of Chinese and Japanese the characters."""
    return _WORD.findall(unicodedata.normalize("NFKC", caption).casefold())


def word_f1(one: str, other: str) -> float:
    """2 * shared / (words of one + words of the other), 0 to 1; repeated words count as often."""
    first, second = Counter(words_of(one)), Counter(words_of(other))
    total = first.total() + second.total()
    return 2 * (first & second).total() / total if total else 0.0

"""However a model chooses, the times that it says exist."""

import random
import re
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from qvtime.model.generate import Constraint, NeverSay
from qvtime.model.ground import TimeSpeller, build_time_trie
from qvtime.model.prompt import time_words
from qvtime.model.span_forms import TIME_OPEN

# How Qwen's own tokenizer cuts text before merging: `<time>` is several tokens, digits are single.
QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def qwen_like_tokenizer() -> Any:
    """Byte-level BPE that splits like Qwen's, with merges that run over the end of `<time>`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=340,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    corpus = [" <time>;</time> <time>\n</time>>> <time> time <t>> >; >\n"] * 9
    tokenizer.train_from_iterator(corpus, trainer)
    fast: Any = PreTrainedTokenizerFast
    return fast(tokenizer_object=tokenizer)


@pytest.fixture(scope="module", params=["one token", "several tokens"])
def speller(request: pytest.FixtureRequest, tokenizer: Any) -> TimeSpeller:
    return TimeSpeller(tokenizer if request.param == "one token" else qwen_like_tokenizer())


def leads_on(text: str, piece: str) -> bool:
    """Whether `piece` continues the `<time>` that `text` ends in, or runs over its end."""
    return any(
        text.endswith(TIME_OPEN[:held])
        and (TIME_OPEN[held:].startswith(piece) or piece.startswith(TIME_OPEN[held:]))
        for held in range(len(TIME_OPEN))
    )


def babble(speller: TimeSpeller, constraint: Constraint, seed: int, length: int) -> str:
    """What a model says that chooses at random, but for its love of `<time>`."""
    generator = random.Random(seed)
    pieces = speller.pieces
    leading = [token for token, piece in enumerate(pieces) if re.search(r"[<>]|time", piece)]
    said: list[int] = []
    text = ""
    torch.manual_seed(seed)
    for _ in range(length):
        logits = torch.rand(len(pieces))
        wanted = [token for token in leading if leads_on(text, pieces[token])]
        logits[generator.choices(wanted or leading, k=2)] += 2
        said.append(int(constraint(said, logits).argmax()))
        assert logits.max() > float("-inf")
        text += pieces[said[-1]]
    return text


@settings(deadline=None, max_examples=60)
@given(
    times_ms=st.lists(st.integers(0, 10**7).map(lambda t: t // 100 * 100), min_size=1, max_size=8),
    seed=st.integers(0, 2**32),
)
def test_every_time_said_is_one_of_the_window(
    speller: TimeSpeller, times_ms: list[int], seed: int
) -> None:
    text = babble(speller, speller.constraint(times_ms), seed, 60)
    existing = {time_words(time_ms) for time_ms in times_ms}
    *whole, rest = text.split("<time>")[1:] or [""]
    for inside in whole:
        assert inside.split("</time>")[0] in existing
    # The last one may have been cut off by the length.
    assert any(
        f"{time}</time>".startswith(rest) or rest.startswith(f"{time}</time>") for time in existing
    )


def test_babbling_does_say_times(speller: TimeSpeller) -> None:
    constraint = speller.constraint([500, 168_000])
    texts = [babble(speller, constraint, seed, 60) for seed in range(9)]
    said = re.findall(r"<time>(.*?)</time>", "\n".join(texts))
    assert set(said) == {"0.5", "168.0"}


def test_without_the_constraint_the_tokenizer_can_run_over_the_tag() -> None:
    speller = TimeSpeller(qwen_like_tokenizer())
    texts = [babble(speller, NeverSay([]), seed, 60) for seed in range(9)]
    assert re.search(r"<time>[^0-9]", "\n".join(texts))


@pytest.mark.parametrize("ending", [[], [0]])
def test_the_likeliest_existing_time_is_said(tokenizer: Any, ending: Sequence[int]) -> None:
    """Planted: the model wants 169.9; of 168.0, 168.5 and 170.0 the first digits decide."""
    constraint = TimeSpeller(tokenizer).constraint([168_000, 168_500, 170_000])
    wanted = tokenizer("169.9</time>", add_special_tokens=False)["input_ids"]
    said = [*ending, tokenizer.convert_tokens_to_ids("<time>")]
    start = len(said)
    for token in [*wanted, 0][: len(wanted)]:
        logits = torch.zeros(len(tokenizer))
        logits[token] = 9.0
        logits[tokenizer.convert_tokens_to_ids("8")] = 5.0
        logits[tokenizer.convert_tokens_to_ids("5")] = 1.0
        said.append(int(constraint(said, logits).argmax()))
    assert tokenizer.decode(said[start:]) == "168.5</time>"


def test_the_trie_knows_every_spelling(tokenizer: Any) -> None:
    trie = build_time_trie(tokenizer, [0, 168_500])
    assert [tokenizer.decode(ids) for ids in trie.spellings.values()] == [
        "0.0</time>",
        "168.5</time>",
    ]
    for ids in trie.spellings.values():
        node = trie.root
        for token in ids:
            node = node[token]
        assert node == {}
    with pytest.raises(ValueError, match="no time"):
        build_time_trie(tokenizer, [])


def test_what_belongs_to_the_prompt_is_never_said() -> None:
    logits = torch.arange(5.0)
    assert NeverSay({4, 2})([], logits).argmax() == 3

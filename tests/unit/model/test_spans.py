"""Scores are probabilities: those of a planted belief exactly, those of a model token by token."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qvtime.errors import ModelError, OutOfMemory
from qvtime.frames import FrameBatch
from qvtime.model.engine import Engine
from qvtime.model.peaks import SAME_IOU, Patches, Peak, find_peaks, meet
from qvtime.model.pixels import grid_of
from qvtime.model.prefix import VideoPrefix, prefill
from qvtime.model.prompt import encode_question, encode_video, encode_words, time_words
from qvtime.model.reply import Occurrences
from qvtime.model.spans import find_occurrences
from qvtime.model.token_tree import TokenTree
from qvtime.model.vision import video_features
from qvtime.model.weights import LoadedModel
from qvtime.timeline import Span

Pictures = Callable[..., npt.NDArray[np.uint8]]
CENTRES_MS = tuple(range(98_500, 102_500, 500))
NEVER = "It does not happen."
IMPOSSIBLE = -1e3


@pytest.fixture(scope="module")
def prefix(loaded: LoadedModel, pictures: Pictures) -> VideoPrefix:
    return read(loaded, pictures)


def read(loaded: LoadedModel, pictures: Pictures) -> VideoPrefix:
    pixels = pictures(2 * len(CENTRES_MS), 64, 96)
    ids = encode_video(loaded.tokenizer, CENTRES_MS, grid_of(pixels).tokens_per_time)
    with torch.inference_mode():
        features = video_features(loaded.model, pixels)
        return prefill(loaded.model, ids, features, loaded.control.video_pad)


def one_at_a_time(prefix: VideoPrefix, before: Sequence[int], path: Sequence[int]) -> list[float]:
    """The log-probability of each beginning of a path, by a forward pass a token."""
    total, sums = 0.0, [0.0]
    with prefix.question():
        logits = prefix.add(before)
        for token in path:
            total += float(logits.log_softmax(-1)[token])
            sums.append(total)
            logits = prefix.add([token])
    return sums


@torch.inference_mode()
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_a_tree_weighs_what_its_paths_weigh_one_at_a_time(
    loaded: LoadedModel, pictures: Pictures, attention: str
) -> None:
    """With "eager" by transformers' own forward pass."""
    tail = encode_question(loaded.tokenizer, "when does it happen?")
    paths = [[50, 60, 70], [50, 60, 80, 90], [50, 61], [120], [120, 50, 60, 70]]
    tree = TokenTree(tail[-1])
    nodes = [tree.grow(0, path) for path in paths]
    assert len(tree.tokens) == 1 + 3 + 2 + 1 + 1 + 3
    loaded.model.set_attn_implementation({"text_config": attention})
    try:
        prefix = read(loaded, pictures)
        with prefix.question():
            prefix.add(tail[:-1])
            weights = prefix.weigh(tree)
            assert prefix.weigh(TokenTree(tail[-1])) == [0.0]
        for path, node in zip(paths, nodes, strict=True):
            expected = one_at_a_time(prefix, tail, path)
            for parent in range(len(path), -1, -1):
                assert weights[node] == pytest.approx(expected[parent], abs=1e-4)
                node = tree.parents[node]
    finally:
        loaded.model.set_attn_implementation({"text_config": "sdpa"})


@torch.inference_mode()
def test_a_tree_leaves_no_trace_even_when_it_fails(
    loaded: LoadedModel, prefix: VideoPrefix, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail = encode_question(loaded.tokenizer, "when?")
    tree = TokenTree(tail[-1])
    tree.grow(0, [50, 60])
    tree.grow(0, [70, 80])
    with prefix.question():
        prefix.add(tail[:-1])
        before = prefix.add(tail[-1:])
    with prefix.question():
        prefix.add(tail[:-1])
        first = prefix.weigh(tree)
        with monkeypatch.context() as patch:
            part = loaded.model.model.language_model.layers[2].mlp.down_proj
            patch.setattr(part, "forward", _fail)
            with pytest.raises(torch.OutOfMemoryError):
                prefix.weigh(tree)
        assert prefix.weigh(tree) == first
        assert torch.equal(prefix.add(tail[-1:]), before)


def _fail(*args: Any, **kwargs: Any) -> Any:
    raise torch.OutOfMemoryError("planted")


@torch.inference_mode()
def test_the_first_occurrence_of_a_real_model_by_brute_force(
    loaded: LoadedModel, prefix: VideoPrefix, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One reading, no pruning: P(time) P(start) P(end | start), each spelled token by token."""
    monkeypatch.setattr("qvtime.model.occurrences.LEAST_LIKELY", 0.0)
    monkeypatch.setattr("qvtime.model.occurrences.LEAST_START", 0.0)
    monkeypatch.setattr("qvtime.model.occurrences.MOST_READINGS", 1)
    monkeypatch.setattr("qvtime.model.spans.TREE_TOKENS", 20)  # the ends in several passes
    seen: dict[Patches, float] = {}

    def keep(mass: dict[Patches, float]) -> list[Peak]:
        seen.update(mass)
        return []

    monkeypatch.setattr("qvtime.model.occurrences.find_peaks", keep)
    words = loaded.tokenizer
    tail, centres = encode_question(words, "when?"), CENTRES_MS[:4]
    found = find_occurrences(prefix, words, tail, centres)
    opening = encode_words(words, "<time>")
    times = [encode_words(words, time_words(t) + "</time>") for t in centres]
    between = encode_words(words, " - <time>")
    happens = math.exp(one_at_a_time(prefix, tail, opening)[-1])
    starts = [one_at_a_time(prefix, tail, [*opening, *time])[-1] for time in times]
    assert found.happens == pytest.approx(happens, rel=1e-3)
    for first, start in enumerate(times):
        begun = [*opening, *start, *between]
        ends = [one_at_a_time(prefix, tail, [*begun, *end])[-1] for end in times[first:]]
        for more in range(len(ends)):
            expected = happens * _share(starts, first) * _share(ends, more)
            assert seen[first, first + more] == pytest.approx(expected, rel=1e-3)
    assert len(seen) == 10


def _share(log_weights: Sequence[float], place: int) -> float:
    return float(torch.tensor(log_weights).softmax(0)[place])


class Believer:
    """Stands in for a video and a model: knows a probability for every whole answer."""

    def __init__(self, tokenizer: Any, answers: dict[str, float]) -> None:
        self.answers = {
            tuple(encode_words(tokenizer, text)): share for text, share in answers.items()
        }
        self.passes = 0

    @contextmanager
    def question(self) -> Iterator[None]:
        yield

    def add(self, ids: Sequence[int]) -> None:
        assert ids

    def weigh(self, tree: TokenTree) -> list[float]:
        self.passes += 1
        paths: list[tuple[int, ...]] = [()]
        for parent, token in zip(tree.parents[1:], tree.tokens[1:], strict=True):
            paths.append((*paths[parent], token))
        return [self._log_share(path) for path in paths]

    def _log_share(self, path: tuple[int, ...]) -> float:
        share = sum(p for ids, p in self.answers.items() if ids[: len(path)] == path)
        return math.log(share) if share else IMPOSSIBLE


def say(*spans: Patches) -> str:
    """An answer that names these spans, in patches."""
    times = (tuple(time_words(CENTRES_MS[place]) for place in span) for span in spans)
    return "; ".join(f"<time>{a}</time> - <time>{b}</time>" for a, b in times) or NEVER


def believed(tokenizer: Any, answers: dict[str, float]) -> tuple[Occurrences, int]:
    """What is found for a model that gives each answer its probability; and in how many passes."""
    stub: Any = Believer(tokenizer, answers)
    return find_occurrences(stub, tokenizer, [1, 2], CENTRES_MS), stub.passes


def scores(found: Occurrences) -> dict[Patches, float]:
    place = CENTRES_MS.index
    return {(place(one.first_ms), place(one.last_ms)): one.score for one in found.spans}


def test_what_the_model_is_sure_of(tokenizer: Any) -> None:
    found, passes = believed(tokenizer, {say((1, 3)): 1.0})
    assert found.happens == pytest.approx(1)
    assert scores(found) == {(1, 3): pytest.approx(1)}
    assert passes == 3, "starts, ends, and whether there is another"
    found, passes = believed(tokenizer, {NEVER: 1.0})
    assert found.happens == pytest.approx(0)
    assert (found.spans, passes) == ((), 1)


def test_an_occurrence_that_is_only_ever_said_second_is_found(tokenizer: Any) -> None:
    found, _ = believed(tokenizer, {say((0, 1), (4, 6)): 0.6, say((0, 1)): 0.3, NEVER: 0.1})
    assert found.happens == pytest.approx(0.9)
    assert scores(found) == {(0, 1): pytest.approx(0.9), (4, 6): pytest.approx(0.6)}
    assert [one.score for one in found.spans] == sorted(scores(found).values(), reverse=True)


def test_four_occurrences_in_one_window(tokenizer: Any) -> None:
    spans = ((0, 0), (2, 3), (5, 5), (7, 7))
    assert scores(believed(tokenizer, {say(*spans): 1.0})[0]) == dict.fromkeys(
        spans, pytest.approx(1)
    )


def test_neighbouring_edges_are_the_same_occurrence(tokenizer: Any) -> None:
    found, _ = believed(
        tokenizer, {say((1, 4)): 0.4, say((1, 5)): 0.3, say((2, 4)): 0.2, NEVER: 0.1}
    )
    assert scores(found) == {(1, 4): pytest.approx(0.9)}


def test_rival_readings_share_the_probability(tokenizer: Any) -> None:
    found, _ = believed(tokenizer, {say((0, 1)): 0.5, say((5, 7)): 0.3, NEVER: 0.2})
    assert scores(found) == {(0, 1): pytest.approx(0.5), (5, 7): pytest.approx(0.3)}


def test_the_starts_of_all_readings_are_told(tokenizer: Any) -> None:
    answers = {say((1, 4)): 0.4, say((1, 5)): 0.2, say((0, 0), (6, 7)): 0.3, NEVER: 0.1}
    found, _ = believed(tokenizer, answers)
    assert found.starts == pytest.approx((0.3, 0.6, 0, 0, 0, 0, 0.3, 0), abs=1e-6)


def test_the_order_in_which_the_model_would_say_them_does_not_count(tokenizer: Any) -> None:
    found, _ = believed(tokenizer, {say((0, 1), (5, 7)): 0.5, say((5, 7), (0, 1)): 0.5})
    assert scores(found) == {(0, 1): pytest.approx(1), (5, 7): pytest.approx(1)}


def test_a_model_that_repeats_itself_ends_and_gains_nothing(tokenizer: Any) -> None:
    found, passes = believed(tokenizer, {say(*[(2, 4)] * 30): 0.7, NEVER: 0.3})
    assert scores(found) == {(2, 4): pytest.approx(0.7)}
    assert passes <= 4


SPANS = st.tuples(st.integers(0, 7), st.integers(0, 7)).map(lambda ends: (min(ends), max(ends)))


@given(data=st.data())
def test_a_score_is_the_probability_that_the_answer_names_the_span(
    tokenizer: Any, data: st.DataObject
) -> None:
    """Any belief over answers that name up to two of three spans far apart, in any order."""
    spans = ((0, 1), (3, 4), (6, 7))
    said = [(), *((a,) for a in spans), *((a, b) for a in spans for b in spans if a != b)]
    weights = data.draw(st.lists(st.integers(0, 9), min_size=len(said), max_size=len(said)))
    total = sum(weights) + 1
    weights[0] += 1
    shares = {spans: weight / total for spans, weight in zip(said, weights, strict=True)}
    found, _ = believed(tokenizer, {say(*spans): share for spans, share in shares.items() if share})
    given_scores = scores(found)
    for span in spans:
        true = sum(share for names, share in shares.items() if span in names)
        least = 2 * 0.02 + 0.005  # two ways to say it second, both too unlikely to be followed
        assert true - least <= given_scores.get(span, 0.0) <= true + 1e-6
    assert found.happens == pytest.approx(1 - shares[()])


@given(mass=st.dictionaries(SPANS, st.floats(0, 1)))
def test_peaks_never_overlap_and_hold_no_more_than_there_is(mass: dict[Patches, float]) -> None:
    peaks = find_peaks(mass)
    for place, peak in enumerate(peaks):
        assert 0 < peak.mass <= 1
        assert mass[peak.span] > 0
        assert not any(meet(peak.span, other.span) for other in peaks[place + 1 :])
    assert sum(peak.mass for peak in peaks) <= sum(mass.values()) + 1e-9
    assert [peak.mass for peak in peaks] == sorted((p.mass for p in peaks), reverse=True)
    assert find_peaks(dict(reversed(mass.items()))) == peaks


@given(one=SPANS, other=SPANS)
def test_spans_of_patches_overlap_as_spans_of_time_do(one: Patches, other: Patches) -> None:
    iou = Span(one[0], one[1] + 1).iou(Span(other[0], other[1] + 1))
    peaks = find_peaks({one: 0.5, other: 0.25} if one != other else {one: 0.75})
    assert len(peaks) == (1 if meet(one, other) else 2)
    assert peaks[0].mass == (0.75 if iou >= SAME_IOU else 0.5)


def batch(pixels: npt.NDArray[np.uint8]) -> FrameBatch:
    times = np.arange(len(pixels), dtype=np.int64) * 250
    return FrameBatch(pixels, times, times)


def test_a_look_gives_spans_and_goes_on_after_a_lack_of_memory(
    loaded: LoadedModel, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = batch(pictures(2 * len(CENTRES_MS), 64, 96))
    with Engine(loaded) as engine, engine.look(pixels, CENTRES_MS) as look:
        found = look.spans("the red circle jumps")
        assert 0 <= found.happens <= 1
        with monkeypatch.context() as patch:
            patch.setattr(
                loaded.model.model.language_model.layers[1].mlp.down_proj, "forward", _fail
            )
            with pytest.raises(OutOfMemory, match="does not fit into the memory"):
                look.spans("the red circle jumps")
        assert look.spans("the red circle jumps") == found
        with pytest.raises(ModelError, match="reads 4096"):
            look.spans("what " * 4000)
    with pytest.raises(ValueError, match="closed"):
        look.spans("the red circle jumps")

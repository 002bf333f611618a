"""Asking again costs only the tail, and changes no logit."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from qvtime.model.cache import ROOM_TOKENS, roomy_cache
from qvtime.model.generate import generate
from qvtime.model.pixels import grid_of, patches_of
from qvtime.model.prefix import VideoPrefix, prefill
from qvtime.model.prompt import encode_question, encode_video
from qvtime.model.vision import video_features
from qvtime.model.weights import LoadedModel

Pictures = Callable[..., npt.NDArray[np.uint8]]
CENTRES_MS = (167_500, 168_000, 168_500)
QUESTIONS = ("what happens?", "and where is the red circle at the end of the video?", "no")


def fresh_logits(
    stock: Any, pad: int, pixels: npt.NDArray[np.uint8], ids: Sequence[int]
) -> torch.Tensor:
    """The stock model over the whole prompt at once: logits of every token [tokens, vocabulary]."""
    grid, whole = grid_of(pixels), torch.tensor([list(ids)])
    with torch.inference_mode():
        logits: torch.Tensor = stock(
            input_ids=whole,
            pixel_values_videos=patches_of(pixels),
            video_grid_thw=torch.tensor([[grid.times, grid.rows, grid.columns]]),
            mm_token_type_ids=2 * (whole == pad).int(),
            use_cache=False,
        ).logits[0]
    return logits


class Watched:
    """A prefix of random pictures with the means to compute everything afresh."""

    def __init__(self, loaded: LoadedModel, pixels: npt.NDArray[np.uint8]) -> None:
        self.loaded, self.pixels = loaded, pixels
        tokens = grid_of(pixels).tokens_per_time
        self.ids = encode_video(loaded.tokenizer, CENTRES_MS, tokens)
        with torch.inference_mode():
            features = video_features(loaded.model, pixels)
            self.prefix: VideoPrefix = prefill(
                loaded.model, self.ids, features, loaded.control.video_pad
            )

    def tail(self, question: str) -> list[int]:
        return encode_question(self.loaded.tokenizer, question)

    def fresh(self, stock: Any, tail: Sequence[int]) -> torch.Tensor:
        return fresh_logits(stock, self.loaded.control.video_pad, self.pixels, [*self.ids, *tail])


@pytest.fixture
def watched(loaded: LoadedModel, pictures: Pictures) -> Watched:
    return Watched(loaded, pictures(6, 64, 96))


@torch.inference_mode()
def test_every_question_gets_the_logits_of_a_fresh_computation(
    watched: Watched, stock: Any
) -> None:
    for question in (*QUESTIONS, QUESTIONS[0]):
        tail = watched.tail(question)
        expected = watched.fresh(stock, tail)[-1]
        assert expected.std() > 0.3  # not the flat logits of an untrained model
        with watched.prefix.question():
            logits = watched.prefix.add(tail)
        assert (logits - expected).abs().max() < 1e-4


@torch.inference_mode()
def test_every_token_of_an_answer_gets_the_logits_of_a_fresh_computation(
    watched: Watched, stock: Any
) -> None:
    tail = watched.tail(QUESTIONS[0])
    answer = [50, 60, 70, 80, 90]
    expected = watched.fresh(stock, [*tail, *answer])[-len(answer) :]
    with watched.prefix.question():
        watched.prefix.add(tail)
        for token, wanted in zip(answer, expected, strict=True):
            assert (watched.prefix.add([token]) - wanted).abs().max() < 1e-4


@torch.inference_mode()
def test_another_video_in_between_disturbs_nothing(
    watched: Watched, stock: Any, pictures: Pictures
) -> None:
    tail = watched.tail(QUESTIONS[0])
    with watched.prefix.question():
        before = watched.prefix.add(tail)
    other = Watched(watched.loaded, pictures(6, 128, 32, 1))
    with other.prefix.question():
        other.prefix.add(other.tail(QUESTIONS[1]))
        with watched.prefix.question():
            assert torch.equal(watched.prefix.add(tail), before)
        more = other.prefix.add([50])
    expected = other.fresh(stock, [*other.tail(QUESTIONS[1]), 50])[-1]
    assert (more - expected).abs().max() < 1e-4


@torch.inference_mode()
def test_a_question_that_fails_half_way_through_the_layers_leaves_no_trace(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail = watched.tail(QUESTIONS[0])
    with watched.prefix.question():
        before = watched.prefix.add(tail)

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise torch.OutOfMemoryError("planted")

    part = watched.loaded.model.model.language_model.layers[2].mlp.down_proj
    with monkeypatch.context() as patch, watched.prefix.question():
        patch.setattr(part, "forward", fail)
        with pytest.raises(torch.OutOfMemoryError):
            watched.prefix.add(tail)
    with watched.prefix.question():
        assert torch.equal(watched.prefix.add(tail), before)


@torch.inference_mode()
def test_greedy_decoding_says_what_transformers_generates(watched: Watched, stock: Any) -> None:
    tail = watched.tail(QUESTIONS[1])
    said = generate(watched.prefix, tail, frozenset(), 12)
    whole = torch.tensor([[*watched.ids, *tail]])
    grid = grid_of(watched.pixels)
    theirs = stock.generate(
        input_ids=whole,
        attention_mask=torch.ones_like(whole),
        pixel_values_videos=patches_of(watched.pixels),
        video_grid_thw=torch.tensor([[grid.times, grid.rows, grid.columns]]),
        mm_token_type_ids=2 * (whole == watched.loaded.control.video_pad).int(),
        max_new_tokens=12,
        do_sample=False,
        eos_token_id=None,
    )
    assert said.token_ids == tuple(theirs[0, whole.shape[1] :].tolist())
    assert said.finish_reason == "length"
    fresh = watched.fresh(stock, [*tail, *said.token_ids])[-13:-1].log_softmax(-1)
    expected = [float(row[token]) for row, token in zip(fresh, said.token_ids, strict=True)]
    assert said.log_probabilities == pytest.approx(expected, abs=1e-4)


@torch.inference_mode()
def test_decoding_ends_at_a_stop_token_without_saying_it(watched: Watched) -> None:
    tail = watched.tail(QUESTIONS[1])
    free = generate(watched.prefix, tail, frozenset(), 12)
    stop = free.token_ids[-1]
    place = free.token_ids.index(stop)
    stopped = generate(watched.prefix, tail, frozenset({stop}), 12)
    assert stopped.token_ids == free.token_ids[:place]
    assert stopped.log_probabilities == free.log_probabilities[:place]
    assert stopped.finish_reason == "stop"


@torch.inference_mode()
def test_pads_and_features_must_agree(watched: Watched) -> None:
    features = video_features(watched.loaded.model, watched.pixels[:4])
    with pytest.raises(ValueError, match="18 pads for 12 features"):
        prefill(watched.loaded.model, watched.ids, features, watched.loaded.control.video_pad)


def test_the_memory_keeps_what_was_written_as_it_grows_and_shrinks() -> None:
    generator = torch.Generator().manual_seed(0)
    cache, kept = roomy_cache(1), torch.zeros(1, 2, 0, 4)
    for count, dropped in ((5, 0), (1, 0), (3, 4), (ROOM_TOKENS, 2), (7, 300), (ROOM_TOKENS, 0)):
        new = torch.randn(1, 2, count, 4, generator=generator)
        kept = torch.cat((kept, new), dim=2)
        keys, values = cache.update(new, -new, 0)
        assert torch.equal(keys, kept)
        assert torch.equal(values, -kept)
        if dropped:
            cache.layers[0].crop(-dropped)
            kept = kept[:, :, :-dropped]
        assert cache.get_seq_length() == kept.shape[2]

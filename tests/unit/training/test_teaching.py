"""Teaching sees exactly what inference sees, and its losses are zero where they must be."""

from itertools import islice, pairwise
from typing import Any

import numpy as np
import pytest
import torch

from qvtime.answer import parse_answer
from qvtime.model.prefix import prefill
from qvtime.model.prompt import encode_question, encode_video
from qvtime.model.vision import speed_up_vision, video_features
from qvtime.settings import GRANULARITIES_MS
from qvtime.timeline import Span
from qvtime.training.alignment import AttentionRecorder
from qvtime.training.batches import IGNORED, collate
from qvtime.training.export import mix
from qvtime.training.glimpses import (
    close_granularity_ms,
    take_pictures,
)
from qvtime.training.lessons import Lesson, make_lesson
from qvtime.training.losses import answer_loss
from qvtime.training.miniature import (
    ALIGNED_HEADS,
    ALIGNED_LAYERS,
    SAYING_LAYERS,
    TeachingHeads,
    build_model,
)
from qvtime.training.scene import Happening, Rest, Scene, Thing, ThingState
from qvtime.training.tokenizer import build_tokenizer
from qvtime.training.wording import corpus
from qvtime.video.sampling import close_spacing_ms

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return build_tokenizer(corpus())


@pytest.fixture(scope="module")
def lessons(tokenizer: Any) -> list[Lesson]:
    """Three that show a moment twice."""
    generator = np.random.default_rng(4)
    made = (make_lesson(tokenizer, generator, 6, 500) for _ in iter(int, 1))
    return list(islice((one for one in made if len(one.times_ms) == 7), 3))


def controls(tokenizer: Any) -> list[int]:
    ids: list[int] = tokenizer.convert_tokens_to_ids(
        ["<|endoftext|>", "<|video_pad|>", "<|vision_end|>"]
    )
    return ids


def test_the_tokenizer_is_the_same_every_time(tokenizer: Any) -> None:
    again = build_tokenizer(corpus())
    assert again.get_vocab() == tokenizer.get_vocab()


def test_a_packed_lesson_gives_the_logits_of_inference(
    tokenizer: Any, lessons: list[Lesson]
) -> None:
    """Many questions side by side, in training, are each alone with the video, as at inference."""
    model: Any = build_model(tokenizer)
    model.eval()
    speed_up_vision(model)
    batch = collate(lessons, *controls(tokenizer))
    recorder = AttentionRecorder(ALIGNED_LAYERS, ALIGNED_HEADS, SAYING_LAYERS)
    seen: dict[str, torch.Tensor] = {}
    model.model.language_model.register_forward_hook(
        lambda _module, _args, output: seen.update(hidden=output.last_hidden_state)
    )
    recorder.install(model)
    with torch.no_grad():
        answer_loss(model, TeachingHeads(), recorder, batch)
        packed = model.lm_head(seen["hidden"])
        model.model.language_model.config._attn_implementation = "sdpa"
        for row, lesson in enumerate(lessons):
            features = video_features(model, lesson.pixels)
            pad = controls(tokenizer)[1]
            prefix = prefill(model, lesson.prefix, features, pad)
            start = len(lesson.prefix)
            for tail in lesson.tails:
                with prefix.question():
                    alone = prefix.add(tail.ids)
                end = start + len(tail.ids)
                assert torch.allclose(packed[row, end - 1], alone, atol=2e-4)
                start = end


def test_a_lesson_is_built_by_the_prompt_of_inference(
    tokenizer: Any, lessons: list[Lesson]
) -> None:
    for lesson in lessons:
        words = tokenizer.decode(lesson.prefix)
        labels = [part.split(" seconds>")[0] for part in words.split("<") if " seconds>" in part]
        centres_ms = [round(float(label) * 1000) for label in labels]
        assert list(lesson.prefix) == encode_video(tokenizer, centres_ms, 9)
        for tail in lesson.tails:
            asked = tokenizer.decode(tail.ids[: tail.answer_start]).split("<|im_end|>")[0]
            assert list(tail.ids[: tail.answer_start]) == encode_question(tokenizer, asked)


def test_a_moment_that_is_asked_about_is_shown_again_closely(
    tokenizer: Any, lessons: list[Lesson]
) -> None:
    for lesson in lessons:
        (first,) = (k for k, (a, b) in enumerate(pairwise(lesson.times_ms)) if a == b)
        assert len(set(lesson.times_ms)) == 6
        assert (lesson.marks[first] == lesson.marks[first + 1]).all()
        moments = [tail for tail in lesson.tails if tail.kind in ("at", "says")]
        assert len(moments) >= 2
        assert {tail.alignments[0].patches for tail in moments} == {(first + 1,)}


@pytest.mark.parametrize("granularity_ms", GRANULARITIES_MS)
def test_close_pictures_lie_as_at_inference(granularity_ms: int) -> None:
    assert close_granularity_ms(granularity_ms) == 2 * close_spacing_ms(granularity_ms)


def test_pictures_of_a_close_patch_lie_between_those_of_the_other() -> None:
    """A square that moves steadily has come half as far in them."""
    looks = [ThingState("white", "square", x, 0.5, 0.15) for x in (0.3, 0.7)]
    one = Happening(0, 2000, 0, "white", "square", "moves to the right")
    thing = Thing((Rest(0, looks[0]), Rest(2000, looks[1])), (one,), (0.2, 0.2, 0.0, 0.0))
    scene = Scene(9000, (thing,), (one,), ((0, 0, 0), (9, 9, 9), 0.0), 0.0, 0.0)
    generator = np.random.default_rng(3)
    ways = []
    for _ in range(20):
        spacings = np.array([500, 250])
        pixels = take_pictures(scene, np.array([1000, 1000]), spacings, generator)
        places = [np.nonzero(picture.max(-1) > 128)[1].mean() for picture in pixels]
        ways.append([places[1] - places[0], places[3] - places[2]])
        assert places[0] <= places[2] <= places[3] <= places[1]
    wide, close = np.mean(ways, 0)
    assert wide == pytest.approx(0.2 * 0.25 * 96, rel=0.15)
    assert close == pytest.approx(wide / 2, rel=0.25)


def test_answers_say_times_of_the_window_and_parse(tokenizer: Any) -> None:
    generator = np.random.default_rng(11)
    kinds = set()
    for _ in range(12):
        lesson = make_lesson(tokenizer, generator, 12, 500)
        words = tokenizer.decode(lesson.prefix)
        labels = [float(p.split(" seconds>")[0]) for p in words.split("<") if " seconds>" in p]
        window = Span(round(labels[0] * 1000), round(labels[-1] * 1000) + 1)
        for tail in lesson.tails:
            answer = tokenizer.decode(tail.ids[tail.answer_start :]).removesuffix("<|im_end|>")
            parsed = parse_answer(answer, window)
            kinds.add(tail.kind)
            assert not parsed.dropped
            if tail.kind == "when":
                assert parsed.events
            if tail.kind == "never":
                assert parsed.nothing
    assert kinds == {"at", "when", "never", "list", "says"}


def test_alignments_point_at_the_patch_whose_time_is_said(tokenizer: Any) -> None:
    lesson = make_lesson(tokenizer, np.random.default_rng(8), 12, 500)
    labels = [
        "".join(
            tokenizer.decode([t])
            for t, owner in zip(lesson.prefix, lesson.owners, strict=True)
            if owner == patch
        )
        .split(" seconds>")[0]
        .removeprefix("<")
        for patch in range(len(lesson.times_ms))
    ]
    checked = named = 0
    for tail in lesson.tails:
        text = [tokenizer.decode([token]) for token in tail.ids]
        for one in tail.alignments:
            if one.place >= tail.answer_start and text[one.place] == "<time>":
                said = "".join(text[one.place + 1 : text.index("</time>", one.place)])
                assert [said] == [labels[patch] for patch in one.patches]
                checked += 1
            elif text[one.place] == " seconds":
                (patch,) = one.patches
                said = "".join(text[: one.place + 1])
                assert said.endswith(f"<{labels[patch]} seconds")
                named += 1
    assert checked
    assert named


def test_a_mix_lies_between_the_two() -> None:
    late, early = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    wanted = 0.75 * late.weight.detach() + 0.25 * early.weight.detach()
    mix(late, early, 0.25)
    assert torch.allclose(late.weight, wanted)


def test_only_answers_are_learned(tokenizer: Any, lessons: list[Lesson]) -> None:
    batch = collate(lessons, *controls(tokenizer))
    learned = batch.labels != IGNORED
    assert (batch.labels[learned] == batch.ids[learned]).all()
    assert learned.sum() == sum(
        len(tail.ids) - tail.answer_start for one in lessons for tail in one.tails
    )
    first = lessons[0]
    start = len(first.prefix) + len(first.tails[0].ids)
    assert (batch.hidden[0, 0, start, len(first.prefix) : start] == -torch.inf).all()
    assert (batch.hidden[0, 0, start, : len(first.prefix)] == 0).all()

"""Teaching sees exactly what inference sees, and its losses are zero where they must be."""

from itertools import islice, pairwise
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from qvtime.answer import parse_answer
from qvtime.model.prefix import prefill
from qvtime.model.prompt import encode_question, encode_video
from qvtime.model.vision import speed_up_vision, video_features
from qvtime.settings import GRANULARITIES_MS
from qvtime.timeline import Span
from qvtime.training.alignment import AttentionRecorder, alignment_loss, link_loss
from qvtime.training.batches import IGNORED, Batch, Glimpses, collate
from qvtime.training.export import mix
from qvtime.training.glimpses import (
    CELL_LABELS,
    close_granularity_ms,
    label_cells,
    make_glimpse,
    take_pictures,
)
from qvtime.training.lessons import Lesson, make_lesson
from qvtime.training.losses import answer_loss, cell_loss
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
        assert (lesson.going_on[first] == lesson.going_on[first + 1]).all()
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


def test_cells_name_what_is_drawn_there() -> None:
    generator = np.random.default_rng(2)
    for _ in range(20):
        glimpse = make_glimpse(generator, 500)
        pictures = glimpse.pixels.reshape(-1, 2, 96, 96, 3).astype(int)
        for patch, cells in zip(pictures, glimpse.cells, strict=True):
            for cell, (colour, shape, verb, turned, edge, word) in enumerate(cells):
                assert (colour == 6) == (shape == 5)
                assert (turned == 6) == (verb != 8)
                if colour == 6:
                    assert verb == 11
                    assert edge == 8
                if edge in (0, 1, 6, 7):  # began after the centre, or was over before it
                    assert verb == 11
                if edge in (2, 3, 4, 5):
                    assert verb != 11
                row, column = divmod(cell, 3)
                if word != 50:  # on its dark band, light letters
                    assert row == 0
                    band = patch[:, :15, column * 32 : column * 32 + 32]
                    assert band.max() > 140
                    assert np.median(band) < 110
                piece = patch[:, row * 32 : row * 32 + 32, column * 32 : column * 32 + 32]
                if colour == 5:  # white: the brightest there is
                    assert piece.min(axis=-1).max() > 90 or verb in (0, 1, 7)


@pytest.mark.parametrize(
    ("centre_ms", "edge"),
    [(1880, 0), (1950, 1), (2000, 2), (2120, 3), (2126, 8), (3380, 4), (3490, 5), (3600, 7)],
)
def test_cells_say_how_far_from_its_edge_an_event_is(centre_ms: int, edge: int) -> None:
    look = ThingState("red", "circle", 0.5, 0.5, 0.2)
    one = Happening(2000, 3500, 0, "red", "circle", "spins")
    thing = Thing((Rest(0, look), Rest(3500, look)), (one,), (0.2, 0.2, 0.0, 0.0))
    scene = Scene(9000, (thing,), (one,), ((0, 0, 0), (9, 9, 9), 0.0), 0.0, 0.0)
    cells = label_cells(scene, np.array([centre_ms]), 500)
    assert cells[0, 4, CELL_LABELS.index("edge")] == edge


def test_the_colour_that_something_turns_counts_only_where_something_turns() -> None:
    heads = TeachingHeads()
    features = torch.randn(2, 256, generator=torch.Generator().manual_seed(1))
    levels = [features] * 4
    still = Glimpses(
        torch.empty(0), torch.empty(0), torch.tensor([[0, 1, 2, 6, 8, 50], [1, 1, 11, 6, 8, 50]])
    )
    turning = Glimpses(
        torch.empty(0), torch.empty(0), torch.tensor([[0, 1, 8, 3, 8, 50], [1, 1, 11, 6, 8, 50]])
    )
    before = [cell_loss(heads, levels, batch).loss.item() for batch in (still, turning)]
    with torch.no_grad():
        for level in range(4):
            for parameter in heads.of_cells("turned", level).parameters():
                parameter.zero_()
    after = [cell_loss(heads, levels, batch).loss.item() for batch in (still, turning)]
    assert after[0] == before[0]
    assert after[1] != before[1]


def recorded(query: torch.Tensor, key: torch.Tensor) -> AttentionRecorder:
    return record(AttentionRecorder((0,), 1), query, key)


def record(
    recorder: AttentionRecorder, query: torch.Tensor, key: torch.Tensor
) -> AttentionRecorder:
    """Let layer 0 attend causally, with these queries and keys [1, 1, S, D]."""
    size = query.shape[2]
    hidden = torch.full((1, 1, size, size), -torch.inf).triu(1)
    recorder.attend(SimpleNamespace(layer_idx=0), query, key, key, hidden, scaling=0.5)
    return recorder


def aligned(
    owners: list[int],
    places: list[int],
    targets: list[list[float]],
    weights: list[float] | None = None,
    at_end: bool = False,
) -> Batch:
    """One lesson of four or more tokens, each patch's last token its end."""
    size = len(owners)
    last = [k + 1 == size or owners[k + 1] != owners[k] for k in range(size)]
    ends = [mine and owner >= 0 for mine, owner in zip(last, owners, strict=True)]
    lesson = SimpleNamespace(
        owners=torch.tensor([owners]),
        ends=torch.tensor([ends]),
        rows=torch.zeros(len(places), dtype=torch.int64),
        places=torch.tensor(places),
        targets=torch.tensor(targets),
        weights=torch.tensor(weights or [1.0] * len(places)),
        at_ends=torch.tensor([at_end] * len(places)),
        saying=torch.tensor([False] * len(places)),
    )
    return cast("Batch", lesson)


def test_the_alignment_loss_is_zero_on_the_truth_and_that_of_chance_when_blind() -> None:
    batch = aligned([-1, 0, 0, 1, 1, 2, 2, -1], [7], [[0.0, 1.0, 0.0]])
    query, key = torch.zeros(1, 1, 8, 4), torch.zeros(1, 1, 8, 4)
    loss, share = alignment_loss(recorded(query, key), batch)
    assert loss.item() == pytest.approx(np.log(8 / 2))
    assert share.item() == pytest.approx(2 / 8)
    query[0, 0, 7, 0], key[0, 0, 3:5, 0] = 100.0, 10.0
    loss, share = alignment_loss(recorded(query, key), batch)
    assert loss.item() == pytest.approx(0, abs=1e-5)
    assert share.item() == pytest.approx(1)


def test_the_alignment_loss_counts_attention_to_words_as_lost() -> None:
    batch = aligned([0, 1, -1, -1], [3], [[1.0, 0.0]])
    query, key = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
    query[0, 0, 3, 0], key[0, 0, 0, 0], key[0, 0, 2, 0] = 100.0, 10.0, 10.0
    loss, share = alignment_loss(recorded(query, key), batch)
    assert loss.item() == pytest.approx(np.log(2), abs=1e-5)
    assert share.item() == pytest.approx(0.5)


def test_the_alignment_loss_may_want_the_end_of_a_patch() -> None:
    query, key = torch.zeros(1, 1, 5, 4), torch.zeros(1, 1, 5, 4)
    query[0, 0, 4, 0], key[0, 0, :2, 0] = 100.0, 10.0  # both tokens of the first patch
    for at_end, share in ((False, 1.0), (True, 0.5)):
        batch = aligned([0, 0, 1, 1, -1], [4], [[1.0, 0.0]], at_end=at_end)
        loss, found = alignment_loss(recorded(query, key), batch)
        assert found.item() == pytest.approx(share)
        assert loss.item() == pytest.approx(-np.log(share), abs=1e-5)


def test_the_alignment_loss_counts_tokens_by_their_weights() -> None:
    batch = aligned([0, 1, -1, -1], [2, 3], [[1.0, 0.0], [1.0, 0.0]], [3.0, 1.0])
    query, key = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
    query[0, 0, 2, 0], key[0, 0, 0, 0] = 100.0, 10.0  # token 2 looks at the truth, 3 is blind
    loss, share = alignment_loss(recorded(query, key), batch)
    assert loss.item() == pytest.approx(np.log(4) / 4, abs=1e-5)
    assert share.item() == pytest.approx((3 + 0.25) / 4)


def test_the_link_loss_is_zero_on_the_token_that_found_it() -> None:
    lesson = SimpleNamespace(
        owners=torch.full((1, 4), -1),
        links=torch.tensor([[0, 3, 1]]),
    )
    query, key = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
    recorder = record(AttentionRecorder((), 1, saying_layers=(0,)), query, key)
    assert link_loss(recorder, cast("Batch", lesson)).item() == pytest.approx(np.log(4))
    query[0, 0, 3, 0], key[0, 0, 1, 0] = 100.0, 10.0
    record(recorder, query, key)
    assert link_loss(recorder, cast("Batch", lesson)).item() == pytest.approx(0, abs=1e-5)


def test_the_alignment_loss_of_a_span_wants_all_of_it() -> None:
    batch = aligned([0, 1, 2, -1], [3], [[0.5, 0.5, 0.0]])
    query, key = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
    query[0, 0, 3, 0], key[0, 0, :2, 0] = 100.0, 1.0
    whole, _ = alignment_loss(recorded(query, key), batch)
    key[0, 0, 1, 0] = 0.9
    part, _ = alignment_loss(recorded(query, key), batch)
    assert whole.item() == pytest.approx(0, abs=1e-5)
    assert part > whole

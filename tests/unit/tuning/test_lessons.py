"""What is taught is what is asked: prompts, answers and logits are those of inference."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from qvtime.answer import parse_answer
from qvtime.frames import FrameBatch
from qvtime.model.families import FAMILIES
from qvtime.model.ground import build_time_trie
from qvtime.model.habits import Habits
from qvtime.model.prefix import prefill
from qvtime.model.prompt import encode_question, encode_video, encode_words
from qvtime.model.span_forms import SPAN_FORMS
from qvtime.model.vision import video_features
from qvtime.model.weights import LoadedModel
from qvtime.timeline import Span
from qvtime.tuning.answers import Found, answer_list, answer_when, encode_answer
from qvtime.tuning.labels import LabelledVideo, inside
from qvtime.tuning.lessons import Lesson, Shown, make_lesson, make_lessons
from qvtime.tuning.losses import lesson_loss, pack, read, see
from qvtime.tuning.negatives import Negatives
from qvtime.tuning.pupil import Pupil, load_pupil
from qvtime.tuning.questions import Asker
from qvtime.tuning.recipe import Recipe
from qvtime.tuning.visits import Visit, Window
from tests.unit.tuning.conftest import video

CENTRES = (8000, 8500, 9000, 9500)
HAPPENS = ((8400, 9600, "the red circle jumps"), (7000, 8100, "the blue star spins"))
OTHERS = [
    video(*HAPPENS),
    video((0, 900, "the red circle spins"), (2000, 3000, "a dog barks."), name="b"),
]
FORMS = [Habits(), *(Habits(**family) for family in FAMILIES.values())]


def asker(tokenizer: Any, habits: Habits) -> Asker:
    return Asker(tokenizer, habits, Negatives(OTHERS), 0.4)


def lesson(tokenizer: Any, habits: Habits, seed: int = 3) -> Lesson:
    seen = inside(OTHERS[0].labels, CENTRES)
    generator = np.random.default_rng(seed)
    tails = asker(tokenizer, habits).tails(seen, CENTRES, True, "a", 6, generator)
    pixels = generator.integers(0, 256, (8, 64, 64, 3), dtype=np.uint8)
    times = np.arange(8)
    return make_lesson(
        asker(tokenizer, habits), Shown(FrameBatch(pixels, times, times)), CENTRES, tails
    )


def test_an_event_goes_on_in_the_patches_whose_centres_it_covers() -> None:
    seen = inside(OTHERS[0].labels, CENTRES)
    assert [(one.label.caption, one.patches) for one in seen] == [
        ("the red circle jumps", (1, 2, 3)),
        ("the blue star spins", (0,)),
    ]
    between = video((8600, 8800, "a blink")).labels
    assert [one.patches for one in inside(between, CENTRES)] == [(1,)]
    assert inside(video((20_000, 21_000, "later")).labels, CENTRES) == []


@pytest.mark.parametrize("habits", FORMS, ids=["own", *FAMILIES])
def test_times_are_spelled_token_for_token_as_they_are_weighed(
    tokenizer: Any, habits: Habits
) -> None:
    """`Look.spans` walks opening, start, between, end, separator, each encoded by itself."""
    form = SPAN_FORMS[habits.span_form]
    found = [Found("x", 0, 1), Found("x", 3, 3)]
    ids, spelled = encode_answer(tokenizer, answer_when(found, CENTRES, habits))
    trie = build_time_trie(tokenizer, CENTRES, form.closing).spellings
    walked: list[int] = []
    pairs = [(0, 1), (3, 3)] if form.separators else [(0, 1)]
    for number, (first, last) in enumerate(pairs):
        walked += encode_words(tokenizer, (form.separators if number else form.openings)[0])
        walked += [*trie[CENTRES[first]], *encode_words(tokenizer, form.between)]
        walked += trie[CENTRES[last]]
    assert ids[: len(walked)] == walked
    said = [(tuple(ids[p] for p in places), patch) for places, patch in spelled]
    assert said == [(trie[CENTRES[patch]], patch) for pair in pairs for patch in pair]


@pytest.mark.parametrize("habits", FORMS, ids=["own", *FAMILIES])
def test_answers_are_read_back_as_the_truth(tokenizer: Any, habits: Habits) -> None:
    window = Span(CENTRES[0], CENTRES[-1] + 1)
    found = [Found("the red circle jumps", 1, 3), Found("the blue star spins", 0, 0)]
    ids, _ = encode_answer(tokenizer, answer_when(found[:1], CENTRES, habits))
    parsed = parse_answer(tokenizer.decode(ids), window, 1)
    assert [(one.span.start_ms, one.span.end_ms) for one in parsed.events] == [(8500, 9500)]
    ids, _ = encode_answer(tokenizer, answer_list(found, CENTRES, habits))
    parsed = parse_answer(tokenizer.decode(ids), window, 1)
    assert [one.caption for one in parsed.events] == [one.caption for one in found]
    if habits.span_form != "sentence":
        ids, _ = encode_answer(tokenizer, answer_when([], CENTRES, habits))
        assert parse_answer(tokenizer.decode(ids), window).nothing


def test_a_form_without_words_for_never_is_never_asked(tokenizer: Any) -> None:
    habits = Habits(**FAMILIES["timelens"])
    with pytest.raises(ValueError, match="cannot say"):
        answer_when([], CENTRES, habits)
    for seed in range(8):
        assert "never" not in {tail.kind for tail in lesson(tokenizer, habits, seed).tails}


def test_questions_are_those_of_inference_and_answers_true(tokenizer: Any) -> None:
    habits = Habits(answer_form="", when_form="{event}", dense_form="list all events")
    kinds = set()
    for seed in range(30):
        one = lesson(tokenizer, habits, seed)
        assert list(one.prefix) == encode_video(tokenizer, CENTRES, 4)
        for tail in one.tails:
            asked = tokenizer.decode(tail.ids[: tail.answer_start]).split("<|im_end|>")[0]
            assert list(tail.ids[: tail.answer_start]) == encode_question(tokenizer, asked)
            answer = tokenizer.decode(tail.ids[tail.answer_start : -1])
            kinds.add(tail.kind)
            if tail.kind == "never":
                assert answer == "It does not happen."
                assert asked not in {"the red circle jumps", "the blue star spins"}
            if asked == "the red circle jumps":
                assert answer == "<time>8.5</time> - <time>9.5</time>"
            if tail.kind == "at" and "8.5 seconds" in asked:
                assert answer == "The red circle jumps."
    assert kinds == {"when", "never", "at", "list"}


def test_moments_are_not_asked_about_where_labels_are_not_all(tokenizer: Any) -> None:
    seen = inside(OTHERS[0].labels, CENTRES)
    for seed in range(10):
        tails = asker(tokenizer, Habits()).tails(
            seen, CENTRES, False, "a", 8, np.random.default_rng(seed)
        )
        assert {tail.kind for tail in tails} <= {"when", "never"}


def test_a_model_that_looks_closer_is_taught_moments_that_it_is_shown_twice(
    tokenizer: Any,
) -> None:
    habits = Habits(answer_form="", when_form="{event}", closer_moments=True)
    shown: list[tuple[int, ...]] = []

    def show(_video: LabelledVideo, windows: Sequence[Window], granularity_ms: int) -> list[Shown]:
        shown.extend(window.centres_ms for window in windows)
        sizes = [2 * len(window.centres_ms) for window in windows]
        return [
            Shown(FrameBatch(np.zeros((n, 64, 64, 3), np.uint8), np.arange(n), np.arange(n)))
            for n in sizes
        ]

    lessons = []
    for seed in range(30):
        visit = Visit(OTHERS[0], 500, (Window(CENTRES, 1000),), (seed,))
        lessons += make_lessons(visit, show, asker(tokenizer, habits), 6)
    twice = [one for one in lessons if len(one.times_ms) == 5]
    assert 8 <= len(twice) <= 22, "half of the windows"
    assert all(
        len(one.times_ms) == len(centres) for one, centres in zip(lessons, shown, strict=True)
    )
    for one in twice:
        (again,) = (b for a, b in pairwise(one.times_ms) if a == b)
        place = one.times_ms.index(again) + 1
        moments = [tail for tail in one.tails if tail.kind == "at"]
        if moments:
            assert [aligned.patches for aligned in moments[0].aligned] == [(place,)]
            asked = tokenizer.decode(moments[0].ids[: moments[0].answer_start])
            assert f"<{again / 1000:.1f} seconds>" in asked


def test_what_is_asked_in_vain_does_not_happen_in_the_window() -> None:
    seen = inside(OTHERS[0].labels, CENTRES)
    drawn = [Negatives(OTHERS).draw("a", seen, np.random.default_rng(seed)) for seed in range(40)]
    assert set(drawn) == {"the red circle spins", "a dog barks."}
    counts = [drawn.count(one) for one in ("the red circle spins", "a dog barks.")]
    assert counts[0] > counts[1]  # the one that is likelier confused is asked for more often
    alone = Negatives([video(*HAPPENS)])
    assert alone.draw("a", seen, np.random.default_rng(0)) is None


def test_a_packed_lesson_gives_the_logits_of_inference(loaded: LoadedModel) -> None:
    one = lesson(loaded.tokenizer, loaded.habits)
    pupil = Pupil(loaded, Recipe(steps=1), torch.float16)
    packed = pack(one, loaded.control.video_pad, torch.float32)
    with torch.no_grad():
        features = see(pupil.model, one, learns=True)
        taught = pupil.model.lm_head(read(pupil.model, packed, features))
    with pupil.answering(), torch.no_grad():
        seen = video_features(pupil.model, one.pixels)
        prefix = prefill(pupil.model, one.prefix, seen, loaded.control.video_pad)
        row = 0
        for tail in one.tails:
            for place in range(tail.answer_start, len(tail.ids)):
                with prefix.question():
                    alone = prefix.add(tail.ids[:place])
                assert torch.allclose(taught[row], alone, atol=2e-4)
                assert packed.wanted[row] == tail.ids[place]
                row += 1
    assert row == len(taught)


@pytest.mark.parametrize("learns", [True, False])
def test_everything_that_learns_has_a_gradient(folder: Path, learns: bool) -> None:
    recipe = Recipe(steps=1, vision_rate=1.0 if learns else 0.0)
    pupil = load_pupil(str(folder), "cpu", recipe)
    loss = lesson_loss(pupil, lesson(pupil.loaded.tokenizer, pupil.loaded.habits))
    loss.total.backward()  # type: ignore[no-untyped-call]
    silent = {name for name, one in pupil.named.items() if one.grad is None}
    assert not silent
    assert any(".visual." in name for name in pupil.named) == learns


def test_checkpointing_changes_no_gradient(folder: Path) -> None:
    gradients = []
    for checkpointing in (False, True):
        pupil = load_pupil(str(folder), "cpu", Recipe(steps=1, checkpointing=checkpointing))
        loss = lesson_loss(pupil, lesson(pupil.loaded.tokenizer, pupil.loaded.habits))
        loss.total.backward()  # type: ignore[no-untyped-call]
        gradients.append([one.grad for one in pupil.named.values()])
    for one, other in zip(*gradients, strict=True):
        assert one is not None
        assert torch.equal(one, other)


def test_a_dense_answer_of_qwen_is_an_object_keyed_by_spans() -> None:
    (piece,) = answer_list([Found("x", 0, 1)], (61_500, 62_000), Habits(**FAMILIES["qwen3-vl"]))
    assert json.loads(piece.words) == {"01:01.50 - 01:02.00": "x"}

"""What is read at once is as wished, and as taught, and fits; and what falls short is said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.errors import OutOfMemory, UsageError
from qvtime.model.catalogue import KNOWN_MODELS, read_config
from qvtime.model.fit import USED_SHARE, Room, Wishes, fit, patch_tokens
from qvtime.model.habits import Habits, habits_of
from qvtime.model.outline import Outline
from qvtime.model.prompt import encode_video
from qvtime.model.shape import shape_of

GB = 10**9
SHAPES = {size: shape_of(read_config(size)) for size in ("2b", "4b", "8b", "32b", "30b-a3b")}
AMPLE = Room(10**15, "cuda")


def test_a_patch_takes_no_more_tokens_than_is_reckoned(tokenizer: Any) -> None:
    """Planted: the longest time of the longest video, a token a character."""

    class Letters:
        def convert_tokens_to_ids(self, name: str) -> int:
            return 1

        def __call__(self, text: str, **_: bool) -> dict[str, Any]:
            digits = [ord(letter) for letter in text if letter in "0123456789."]
            return {"input_ids": [*digits, 0, 0, 0]}  # "<", " seconds", ">"

    day_ms = 24 * 3600 * 1000
    for spelling in (tokenizer, Letters()):
        one, two = (len(encode_video(spelling, [day_ms - 500] * count, 112)) for count in (1, 2))
        assert two - one <= patch_tokens(448 * 256)


def test_with_room_the_wish_is_met() -> None:
    shape = SHAPES["4b"]
    assert fit("x", Habits(), shape, Wishes(), AMPLE) == (Habits(), None)
    more, _ = fit("x", Habits(), shape, Wishes(tokens=200_000), AMPLE)
    assert more.window_patches == 200_000 // patch_tokens(Habits().frame_pixels)
    smaller, _ = fit("x", Habits(), shape, Wishes(tokens=16_384, frame_pixels=64 * 64), AMPLE)
    assert (smaller.window_patches, smaller.frame_pixels) == (16_384 // patch_tokens(4096), 4096)
    longer, _ = fit("x", Habits(), shape, Wishes(patches=600), AMPLE)
    assert longer.window_patches == 600


def test_no_window_is_longer_than_the_context_or_what_was_taught() -> None:
    shape = SHAPES["4b"]
    whole, said = fit("x", Habits(), shape, Wishes(tokens=262_144), AMPLE)
    assert 250_000 < whole.window_patches * patch_tokens(whole.frame_pixels) < 262_144
    assert said is None
    taught = Habits(window_patches=6, taught_patches=6)
    assert fit("x", taught, shape, Wishes(tokens=100_000), AMPLE)[0].window_patches == 6
    with pytest.raises(UsageError, match="--tokens is 262145; x reads 262144"):
        fit("x", Habits(), shape, Wishes(tokens=262_145), AMPLE)
    with pytest.raises(UsageError, match="one temporal patch takes 124"):
        fit("x", Habits(), shape, Wishes(tokens=100), AMPLE)


@given(
    st.sampled_from(sorted(SHAPES)),
    st.integers(10**8, 200 * GB),
    st.none() | st.integers(1000, 262_144),
    st.none() | st.integers(64 * 64, 1280 * 720),
)
def test_what_is_read_fits(
    size: str, free: int, tokens: int | None, frame_pixels: int | None
) -> None:
    shape, wishes = SHAPES[size], Wishes(tokens, frame_pixels)
    try:
        habits, said = fit("x", Habits(), shape, wishes, Room(free, "cuda:0"))
    except OutOfMemory:
        least = frame_pixels or 128 * 128
        assert shape.window_bytes(patch_tokens(least), 2) > 0.4 * free
        return
    except UsageError:
        assert tokens is not None
        return
    used = shape.window_bytes(habits.window_patches * patch_tokens(habits.frame_pixels))
    assert used <= USED_SHARE * free
    full, _ = fit("x", Habits(), shape, wishes, AMPLE)
    assert (said is None) == (habits == full)
    if habits.window_patches < full.window_patches and habits.frame_pixels == full.frame_pixels:
        one_more = (habits.window_patches + 1) * patch_tokens(habits.frame_pixels)
        assert shape.window_bytes(one_more) > USED_SHARE * free, "no more than needed gives way"
    if frame_pixels is not None:
        assert habits.frame_pixels == frame_pixels


def test_windows_give_way_before_pictures_do() -> None:
    shape = SHAPES["4b"]
    short, said = fit("x", Habits(), shape, Wishes(), Room(2 * GB, "cuda:0"))
    assert 8 <= short.window_patches < 128
    assert short.frame_pixels == Habits().frame_pixels
    assert said is not None
    assert "memory on cuda:0 is short" in said
    assert f"reading {short.window_patches} temporal patches at once, not 128" in said
    tight, said = fit("x", Habits(), shape, Wishes(), Room(750_000_000, "cpu"))
    assert tight.frame_pixels < Habits().frame_pixels
    assert said is not None
    assert f"of {tight.frame_pixels} px each" in said


def test_a_day_nobody_knows_the_memory_of_is_as_any_other() -> None:
    assert fit("x", Habits(), SHAPES["8b"], Wishes(), Room(None, "cpu")) == (Habits(), None)


@pytest.mark.parametrize("model", KNOWN_MODELS, ids=[model.name for model in KNOWN_MODELS])
@pytest.mark.parametrize("gigabytes", [24, 80, 141])
def test_every_known_model_on_cards_as_they_are_sold(
    model: Any, gigabytes: int, tokenizer: Any
) -> None:
    """In bfloat16: it does not fit at all, or as many patches as it is asked for by default do."""
    shape, habits = model.shape, habits_of(model.config, model.name)
    left = gigabytes * GB - shape.weight_bytes()
    if left < 0:
        assert model.size in ("32b", "30b-a3b", "235b-a22b")
        return
    fitted, _ = fit(model.name, habits, shape, Wishes(), Room(left, "cuda"))
    assert fitted.window_patches == 128
    outline = Outline(model.name, fitted, tokenizer)
    tokens = outline.window_tokens(range(0, 64_000, 500), 448, 256)
    assert tokens < patch_tokens(448 * 256) * 128

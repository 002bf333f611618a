"""How much is read at once, in words."""

from dataclasses import replace

import pytest

from qvtime.cli.settings import Reading, Running, read_settings, with_reading
from qvtime.errors import UsageError
from qvtime.settings import Settings

PLAIN = Settings(granularity_ms=500)


def test_nothing_said_is_nothing_changed() -> None:
    assert with_reading(PLAIN, Reading()) == PLAIN


@pytest.mark.parametrize(
    ("words", "count"), [("16k", 16_384), ("256K", 262_144), ("1M", 1_000_000), ("20000", 20_000)]
)
def test_tokens(words: str, count: int) -> None:
    assert with_reading(PLAIN, Reading(tokens=words, yarn=True)) == replace(
        PLAIN, window_tokens=count, yarn=True
    )


@pytest.mark.parametrize(
    ("words", "count"), [("448x256", 114_688), ("640×352", 225_280), ("9216", 9216)]
)
def test_pixels(words: str, count: int) -> None:
    assert with_reading(PLAIN, Reading(max_pixels=words)).frame_pixels == count


@pytest.mark.parametrize(("fps", "granularity_ms"), [("2", 1000), ("4", 500), ("20", 100)])
def test_pictures_a_second(fps: str, granularity_ms: int) -> None:
    assert with_reading(PLAIN, Reading(fps=fps)).granularity_ms == granularity_ms


@pytest.mark.parametrize(
    ("tokens", "pixels", "fps", "said"),
    [
        ("many", None, None, "--tokens cannot be many"),
        ("0", None, None, "--tokens cannot be 0"),
        ("16 k", None, None, "--tokens cannot be 16 k"),
        (None, "32x32", None, "--max-pixels cannot be 32x32"),
        (None, "0x9000", None, "--max-pixels cannot be 0x9000"),
        (None, "wide", None, "--max-pixels cannot be wide"),
        (None, None, "3", "--fps cannot be 3"),
        (None, None, "inf", "--fps cannot be inf"),
    ],
)
def test_what_it_cannot_be(
    tokens: str | None, pixels: str | None, fps: str | None, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        with_reading(PLAIN, Reading(tokens=tokens, max_pixels=pixels, fps=fps))


def test_each_option_has_its_place() -> None:
    reading = Reading("1", None, "30s", "16k", "64x64", True, "said.srt", "opencv")
    running = Running("cuda", "float16", "int4", "auto", "check")
    assert read_settings("m", reading, running, "none", "1GB") == Settings(
        model="m",
        granularity_ms=1000,
        window_ms=30_000,
        window_tokens=16_384,
        frame_pixels=4096,
        yarn=True,
        subtitles="said.srt",
        decoder="opencv",
        device="cuda",
        dtype="float16",
        quantize="int4",
        spread=True,
        kernels="check",
        features="none",
        features_cap_bytes=10**9,
    )


def test_two_granularities_are_one_too_many() -> None:
    with pytest.raises(UsageError, match=r"--fps 4 is --granularity 0\.5, and another"):
        with_reading(PLAIN, Reading(granularity="0.1", fps="4"))

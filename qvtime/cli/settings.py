"""Options as words become Settings."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from qvtime.cli.sizes import parse_size
from qvtime.errors import UsageError
from qvtime.frames import FRAMES_PER_PATCH
from qvtime.settings import (
    DECODERS,
    DTYPES,
    FRAMES_AS,
    GRANULARITIES_MS,
    KERNEL_MODES,
    QUANTIZATIONS,
    ClusterChoice,
    ServerChoice,
    Settings,
)
from qvtime.timestamps import parse_time

SHORTEST_WINDOW_MS = 1000
DEFAULT_GRANULARITY = "0.5"
LEAST_PIXELS = 64 * 64

_COUNT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)([km]?)", re.IGNORECASE)
_UNITS = {"": 1, "k": 1024, "m": 1_000_000}
_PICTURE = re.compile(r"([0-9]{1,5})[x×]([0-9]{1,5})")
_DEVICE = re.compile(r"auto|cpu|cuda(:[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Reading:
    """The options of what is read of a video, as words."""

    granularity: str = DEFAULT_GRANULARITY
    fps: str | None = None
    window: str | None = None
    tokens: str | None = None
    max_pixels: str | None = None
    yarn: bool = False
    subtitles: str = "auto"
    decoder: str = "pyav"


@dataclass(frozen=True, slots=True)
class Running:
    """The options of where and how a model runs, as words."""

    device: str = "auto"
    dtype: str = "auto"
    quantize: str | None = None
    device_map: str = "none"
    kernels: str = "auto"


def read_settings(
    model: str,
    reading: Reading,
    running: Running,
    features: str = "auto",
    features_cap: str = "2GB",
) -> Settings:
    """The settings of these options. UsageError for what they cannot be."""
    if not model:
        raise UsageError("--model is empty", hint="use a hub name, a folder, or demo")
    if not features:
        raise UsageError("--features is empty", hint="use auto, none, or a folder")
    settings = Settings(model=model, features=features, features_cap_bytes=parse_size(features_cap))
    return with_running(with_reading(settings, reading), running)


def with_reading(settings: Settings, options: Reading) -> Settings:
    """The settings with what is read. UsageError for what it cannot be.

    A granularity that was asked for and is not that of `fps` is an error as well.
    """
    granularity_ms = parse_time(options.granularity)
    if granularity_ms not in GRANULARITIES_MS:
        raise UsageError(
            f"--granularity cannot be {options.granularity}", hint="use 0.1, 0.5 or 1 (seconds)"
        )
    if options.fps is not None:
        granularity_ms = _granularity_of(options.fps, granularity_ms)
    window_ms = None if options.window is None else parse_time(options.window)
    if window_ms is not None and window_ms < SHORTEST_WINDOW_MS:
        raise UsageError(f"--window cannot be {options.window}", hint="use a second or more")
    if options.decoder not in DECODERS:
        raise UsageError(
            f'there is no decoder "{options.decoder}"', hint=f"use {' or '.join(DECODERS)}"
        )
    if not options.subtitles:
        raise UsageError("--subtitles is empty", hint="use auto, none, or a file")
    tokens, pixels = options.tokens, options.max_pixels
    return replace(
        settings,
        granularity_ms=granularity_ms,
        window_ms=window_ms,
        window_tokens=None if tokens is None else _count(tokens, "--tokens"),
        frame_pixels=None if pixels is None else _pixels(pixels),
        yarn=options.yarn,
        subtitles=options.subtitles,
        decoder=options.decoder,
    )


def with_running(settings: Settings, options: Running) -> Settings:
    """The settings with where and how the model runs. UsageError for what that cannot be."""
    if not _DEVICE.fullmatch(options.device):
        raise UsageError(f'there is no device "{options.device}"', "use auto, cpu, cuda or cuda:1")
    dtypes = [one for one in DTYPES if one == options.dtype]
    if not dtypes:
        raise UsageError(f"--dtype cannot be {options.dtype}", f"use {', '.join(DTYPES)}")
    kinds = [one for one in QUANTIZATIONS if one == options.quantize]
    if options.quantize is not None and not kinds:
        raise UsageError(
            f"--quantize cannot be {options.quantize}", f"use {' or '.join(QUANTIZATIONS)}"
        )
    spread = options.device_map == "auto"
    if options.device_map not in ("none", "auto"):
        raise UsageError(f"--device-map cannot be {options.device_map}", "use none or auto")
    if spread and options.device not in ("auto", "cuda"):
        raise UsageError(
            f"--device-map auto is for all GPUs, and --device is {options.device}",
            "leave one of them away",
        )
    modes = [mode for mode in KERNEL_MODES if mode == options.kernels]
    if not modes:
        raise UsageError(f"--kernels cannot be {options.kernels}", f"use {', '.join(KERNEL_MODES)}")
    return replace(
        settings,
        device=options.device,
        dtype=dtypes[0],
        quantize=kinds[0] if kinds else None,
        spread=spread,
        kernels=modes[0],
    )


def _granularity_of(fps: str, said_ms: int) -> int:
    """How long a patch of two pictures is at so many a second, in ms.

    UsageError where --granularity says another length, which is not its default.
    """
    by_fps = {f"{FRAMES_PER_PATCH * 1000 / g:g}": g for g in sorted(GRANULARITIES_MS, reverse=True)}
    granularity_ms = by_fps.get(fps.strip())
    if granularity_ms is None:
        raise UsageError(f"--fps cannot be {fps}", f"use {', '.join(by_fps)}")
    if said_ms not in (granularity_ms, parse_time(DEFAULT_GRANULARITY)):
        raise UsageError(
            f"--fps {fps} is --granularity {granularity_ms / 1000:g}, and another one is given",
            "leave one of them away",
        )
    return granularity_ms


def _count(text: str, option: str) -> int:
    match = _COUNT.fullmatch(text.strip())
    number = Decimal(match[1]) * _UNITS[match[2].lower()] if match else 0
    if number < 1:
        raise UsageError(f"{option} cannot be {text}", "write it like 16k or 200000")
    return int(number)


def _pixels(text: str) -> int:
    match = _PICTURE.fullmatch(text.strip())
    pixels = int(match[1]) * int(match[2]) if match else _count(text, "--max-pixels")
    if pixels < LEAST_PIXELS:
        raise UsageError(f"--max-pixels cannot be {text}", "use 64x64 or more")
    return pixels


def with_server(settings: Settings, url: str | None, frames_as: str) -> Settings:
    """The settings with where the model runs. UsageError for what is the server's to choose."""
    kinds = [one for one in FRAMES_AS if one == frames_as]
    if frames_as != "auto" and not kinds:
        raise UsageError(
            f"--server-frames cannot be {frames_as}", f"use auto, {' or '.join(FRAMES_AS)}"
        )
    if url is None:
        if kinds:
            raise UsageError("--server-frames is for a --server", "name one, or leave it away")
        return settings
    ours = {
        "--device": settings.device != "auto",
        "--dtype": settings.dtype != "auto",
        "--quantize": settings.quantize is not None,
        "--device-map": settings.spread,
        "--kernels": settings.kernels != "auto",
        "--yarn": settings.yarn,
        "--features": settings.features not in ("auto", "none"),
    }
    for option in (name for name, chosen in ours.items() if chosen):
        raise UsageError(
            f"{option} is for a model on this machine, and --server has it elsewhere",
            f"leave {option} away",
        )
    return replace(settings, server=ServerChoice(url, kinds[0] if kinds else None))


def with_cluster(
    settings: Settings, address: str | None, workers: int | None, limit: int | None
) -> Settings:
    """The settings with who looks at videos. UsageError for what cannot go with many."""
    if address is None:
        if workers is not None:
            raise UsageError("--workers are those of a --ray cluster", "name one: --ray local")
        return settings
    if not address:
        raise UsageError("--ray is empty", "use local, auto, or an address of Ray")
    if limit is not None:
        raise UsageError("--limit counts videos one after the other", "leave it or --ray away")
    if settings.features not in ("auto", "none"):
        raise UsageError(
            "--features are not kept by the workers of --ray", "leave one of them away"
        )
    return replace(settings, cluster=ClusterChoice(address, workers))


def check_subtitles(settings: Settings, several: bool) -> None:
    """UsageError when one file is named as the subtitles of several videos."""
    if several and settings.subtitles not in ("auto", "none"):
        raise UsageError(
            f"{settings.subtitles} can be the subtitles of one video only", "name one video"
        )

"""Options as words become Settings."""

import re
from dataclasses import replace

from qvtime.cli.sizes import parse_size
from qvtime.errors import UsageError
from qvtime.settings import (
    DECODERS,
    DTYPES,
    GRANULARITIES_MS,
    KERNEL_MODES,
    QUANTIZATIONS,
    Settings,
)
from qvtime.timestamps import parse_time

SHORTEST_WINDOW_MS = 1000

_DEVICE = re.compile(r"auto|cpu|cuda(:[0-9]{1,3})?")


def read_settings(
    model: str,
    granularity: str,
    window: str | None,
    decoder: str,
    device: str,
    features: str = "auto",
    features_cap: str = "2GB",
    subtitles: str = "auto",
    kernels: str = "auto",
) -> Settings:
    """The settings of these options. UsageError for what they cannot be."""
    granularity_ms = parse_time(granularity)
    if granularity_ms not in GRANULARITIES_MS:
        raise UsageError(
            f"--granularity cannot be {granularity}", hint="use 0.1, 0.5 or 1 (seconds)"
        )
    if decoder not in DECODERS:
        raise UsageError(f'there is no decoder "{decoder}"', hint=f"use {' or '.join(DECODERS)}")
    window_ms = None if window is None else parse_time(window)
    if window_ms is not None and window_ms < SHORTEST_WINDOW_MS:
        raise UsageError(f"--window cannot be {window}", hint="use a second or more")
    if not _DEVICE.fullmatch(device):
        raise UsageError(f'there is no device "{device}"', "use auto, cpu, cuda or cuda:1")
    modes = [mode for mode in KERNEL_MODES if mode == kernels]
    if not modes:
        raise UsageError(f"--kernels cannot be {kernels}", f"use {', '.join(KERNEL_MODES)}")
    if not model:
        raise UsageError("--model is empty", hint="use a hub name, a folder, or demo")
    if not subtitles:
        raise UsageError("--subtitles is empty", hint="use auto, none, or a file")
    if not features:
        raise UsageError("--features is empty", hint="use auto, none, or a folder")
    return Settings(
        model=model,
        decoder=decoder,
        granularity_ms=granularity_ms,
        window_ms=window_ms,
        device=device,
        features=features,
        features_cap_bytes=parse_size(features_cap),
        subtitles=subtitles,
        kernels=modes[0],
    )


def with_weights(settings: Settings, dtype: str, quantize: str | None, device_map: str) -> Settings:
    """The settings with how weights are kept. UsageError for what that cannot be."""
    dtypes = [one for one in DTYPES if one == dtype]
    if not dtypes:
        raise UsageError(f"--dtype cannot be {dtype}", f"use {', '.join(DTYPES)}")
    kinds = [one for one in QUANTIZATIONS if one == quantize]
    if quantize is not None and not kinds:
        raise UsageError(f"--quantize cannot be {quantize}", f"use {' or '.join(QUANTIZATIONS)}")
    if device_map not in ("none", "auto"):
        raise UsageError(f"--device-map cannot be {device_map}", "use none or auto")
    if device_map == "auto" and settings.device not in ("auto", "cuda"):
        raise UsageError(
            f"--device-map auto is for all GPUs, and --device is {settings.device}",
            "leave one of them away",
        )
    return replace(
        settings,
        dtype=dtypes[0],
        quantize=kinds[0] if kinds else None,
        spread=device_map == "auto",
    )


def check_subtitles(settings: Settings, several: bool) -> None:
    """UsageError when one file is named as the subtitles of several videos."""
    if several and settings.subtitles not in ("auto", "none"):
        raise UsageError(
            f"{settings.subtitles} can be the subtitles of one video only", "name one video"
        )

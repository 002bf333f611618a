"""`qvtime serve`: declares its options, and serves until it is told to stop."""

from typing import Annotated

import typer

from qvtime.cli.options import (
    Decoder,
    Device,
    DeviceMap,
    Dtype,
    FeaturesCap,
    Granularity,
    Kernels,
    MaxPixels,
    Model,
    Quantize,
    Quiet,
    Server,
    ServerFrames,
    Subtitles,
    Tokens,
    Window,
    Yarn,
)
from qvtime.settings import DEFAULT_MODEL


def serve(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...", help="Videos and folders of them. Default: this folder."
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 is any free one.")] = 8080,
    host: Annotated[
        str, typer.Option(help="Listen there. Others than this machine need a --token.")
    ] = "127.0.0.1",
    token: Annotated[
        str | None,
        typer.Option(envvar="QVTIME_TOKEN", help="Only for whoever has it: 16 characters or more."),
    ] = None,
    token_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The token is in this file, or on stdin: -."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            envvar="QVTIME_ALLOW_HOST",
            help="Answer to this name too: behind a proxy, on a network.",
        ),
    ] = None,
    index_folder: Annotated[
        str | None,
        typer.Option("--index", metavar="DIR", help="The index, where it is not in the folder."),
    ] = None,
    model: Model = DEFAULT_MODEL,
    granularity: Granularity = "0.5",
    window: Window = None,
    tokens: Tokens = None,
    max_pixels: MaxPixels = None,
    yarn: Yarn = False,
    subtitles: Subtitles = "auto",
    decoder: Decoder = "pyav",
    device: Device = "auto",
    dtype: Dtype = "auto",
    quantize: Quantize = None,
    device_map: DeviceMap = "none",
    kernels: Kernels = "auto",
    server: Server = None,
    server_frames: ServerFrames = "auto",
    features: Annotated[
        str,
        typer.Option(metavar="auto|none|DIR", help="Where vision features are kept."),
    ] = "auto",
    features_cap: FeaturesCap = "2GB",
    quiet: Quiet = False,
) -> None:
    """Open a page in which people look at videos and ask about them.

    With --model none it only shows what the index knows. The page and its API are for this
    machine alone, unless --host and --token say otherwise.
    """
    from qvtime.cli.serving import read_token, serve_site
    from qvtime.cli.settings import Reading, Running, check_subtitles, read_settings, with_server

    settings = read_settings(
        model,
        Reading(granularity, None, window, tokens, max_pixels, yarn, subtitles, decoder),
        Running(device, dtype, quantize, device_map, kernels),
        features,
        features_cap,
    )
    settings = with_server(settings, server, server_frames)
    check_subtitles(settings, several=True)
    token = read_token(token, token_file)
    serve_site(paths or [], index_folder, settings, host, port, token, allow_host or [], quiet)

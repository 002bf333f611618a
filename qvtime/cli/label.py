"""`qvtime label`: declares its options, and writes a draft of labels for each video."""

from typing import Annotated

import typer

from qvtime.cli.options import (
    Decoder,
    Device,
    DeviceMap,
    Dtype,
    Features,
    FeaturesCap,
    Fps,
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


def label(
    paths: Annotated[
        list[str], typer.Argument(metavar="VIDEO...", help="Videos, and folders of them.")
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="The file, or a folder for clip.segments.json of each; - is stdout."
            " Default: beside the video.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that exist.")] = False,
    index_folder: Annotated[
        str | None,
        typer.Option(
            "--index", metavar="DIR", help="The index. Default: the nearest above the video."
        ),
    ] = None,
    model: Model = DEFAULT_MODEL,
    granularity: Granularity = "0.5",
    fps: Fps = None,
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
    features: Features = "auto",
    features_cap: FeaturesCap = "2GB",
    quiet: Quiet = False,
) -> None:
    """Draft a segments file of a video, to be corrected by hand: training data.

    From the index, where it has the video as it is now; else the video is looked at with the
    model. Which it was is said on stderr. A file that exists is never written over, unless
    --force.
    """
    from qvtime.cli.labelling import label_videos
    from qvtime.cli.settings import Reading, Running, check_subtitles, read_settings, with_server
    from qvtime.tasks.videos import are_several

    settings = read_settings(
        model,
        Reading(granularity, fps, window, tokens, max_pixels, yarn, subtitles, decoder),
        Running(device, dtype, quantize, device_map, kernels),
        features,
        features_cap,
    )
    settings = with_server(settings, server, server_frames)
    check_subtitles(settings, are_several(paths))
    label_videos(paths, output, force, index_folder, settings, quiet)

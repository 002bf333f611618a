"""`qvtime locate`: declares its options, and hands each video's spans on as they come."""

from pathlib import Path
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
    Kernels,
    MaxPixels,
    Model,
    OutputFile,
    Plan,
    Plot,
    Quantize,
    Quiet,
    Server,
    ServerFrames,
    Subtitles,
    Tokens,
    Window,
    Yarn,
)
from qvtime.errors import UsageError, VideoError
from qvtime.settings import DEFAULT_MODEL, MIN_SCORE


def locate(
    paths_and_event: Annotated[
        list[str],
        typer.Argument(
            metavar="[PATH...] EVENT",
            help='Videos or folders of videos, and last the event: "the red car jumps".',
        ),
    ],
    files_from: Annotated[
        str | None,
        typer.Option("--files-from", help="Read more paths from a file, one a line; - is stdin."),
    ] = None,
    nul: Annotated[
        bool, typer.Option("-0", "--null", help="Those paths end with NUL (find -print0).")
    ] = False,
    top_k: Annotated[
        int | None, typer.Option("--top-k", "-k", help="At most so many spans a video, best first.")
    ] = None,
    min_score: Annotated[
        float | None,
        typer.Option(
            "--min-score",
            help="Only spans that score this or more, 0 to 1."
            f" Default: {MIN_SCORE:g}; with --no-look all.",
        ),
    ] = None,
    index_folder: Annotated[
        str | None,
        typer.Option(
            "--index",
            metavar="DIR",
            help="Search the index in this folder first, and look closely at what it finds: at"
            " most --top-k events (20).",
        ),
    ] = None,
    no_look: Annotated[
        bool, typer.Option("--no-look", help="Answer from the --index alone, at once.")
    ] = False,
    within: Annotated[
        str | None,
        typer.Option(help='Look only there: 1:00-5:00, "last 10 seconds". Default: all of it.'),
    ] = None,
    everywhere: Annotated[
        bool,
        typer.Option(
            "--everywhere",
            help="Look at all of a long video, not only where its index says that it is likely.",
        ),
    ] = False,
    plan: Plan = False,
    model: Model = DEFAULT_MODEL,
    granularity: Annotated[
        str, typer.Option(help="How fine starts and ends are, in seconds: 0.1, 0.5 or 1.")
    ] = "0.5",
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
    format_name: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            help="text, json, jsonl, srt, vtt, csv or segments. Default: text, of several videos"
            " jsonl in a pipe.",
        ),
    ] = None,
    output_file: OutputFile = None,
    clips: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Cut each span out as a file of its own, into a folder."),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Draw a row of pictures a span, with their times."),
    ] = None,
    plot: Plot = None,
    frames: Annotated[
        bool, typer.Option("--frames", help="On a terminal, show small pictures of each span.")
    ] = False,
    features: Features = "auto",
    features_cap: FeaturesCap = "2GB",
    quiet: Quiet = False,
) -> None:
    """Find every span in which an event happens, best first, each with a score.

    A score is the probability, 0 to 1, that the model names the span when it is asked. Exit code 1
    says that nothing was found in any video, 3 that some videos failed.
    """
    from qvtime.cli.clips import ClipOutput, Extras
    from qvtime.cli.locating import Run, gather
    from qvtime.cli.searching import event_of, print_found
    from qvtime.cli.settings import Reading, Running, check_subtitles, read_settings, with_server
    from qvtime.tasks.locate import Wanted

    settings = read_settings(
        model,
        Reading(granularity, fps, window, tokens, max_pixels, yarn, subtitles, decoder),
        Running(device, dtype, quantize, device_map, kernels),
        features,
        features_cap,
    )
    settings = with_server(settings, server, server_frames)
    wanted = Wanted(top_k, MIN_SCORE if min_score is None else min_score, within, everywhere)
    extras = Extras(clips, sheet, plot, frames)
    if index_folder is not None:
        narrowed = plan or within is not None
        event = event_of(index_folder, paths_and_event, files_from, narrowed, settings)
        output = ClipOutput(format_name, output_file, True, extras, settings, quiet)
        if no_look:
            code = print_found(index_folder, event, top_k, min_score, output)
            raise typer.Exit(VideoError.exit_code if output.failed else code)
        run = Run(event, settings, wanted, quiet)
        run.locate_in_index(index_folder, top_k, output)
        raise typer.Exit(VideoError.exit_code if output.failed else run.exit_code)
    if no_look:
        raise UsageError("--no-look answers from an index", "name its folder with --index")
    videos, event = gather(paths_and_event, files_from, nul)
    check_subtitles(settings, videos.several)
    run = Run(event, settings, wanted, quiet)
    if plan:
        extras.refuse("--plan")
        run.show_plans(videos, format_name, output_file)
        raise typer.Exit(run.exit_code)
    several = videos.several
    output = ClipOutput(format_name, output_file, several, extras, settings, quiet)
    if files_from is not None:
        output.spare(files_from, "list of files")
    run.locate(videos, output)
    raise typer.Exit(VideoError.exit_code if output.failed else run.exit_code)

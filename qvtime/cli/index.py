"""`qvtime index`: declares its options, and says what became of the videos."""

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
    Granularity,
    Kernels,
    MaxPixels,
    Model,
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
from qvtime.errors import UsageError
from qvtime.settings import DEFAULT_MODEL


def index(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="Video files, and folders of them."),
    ] = None,
    index_folder: Annotated[
        str | None,
        typer.Option(
            "--index", help="Keep the index in this folder. Default: .qvtime in each folder."
        ),
    ] = None,
    plan: Plan = False,
    model: Model = DEFAULT_MODEL,
    granularity: Granularity = "0.5",
    fps: Fps = None,
    window: Window = None,
    tokens: Tokens = None,
    max_pixels: MaxPixels = None,
    yarn: Yarn = False,
    decoder: Decoder = "pyav",
    device: Device = "auto",
    dtype: Dtype = "auto",
    quantize: Quantize = None,
    device_map: DeviceMap = "none",
    kernels: Kernels = "auto",
    server: Server = None,
    server_frames: ServerFrames = "auto",
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="local|ADDRESS",
            help="Let the workers of a Ray cluster look, several videos at a time.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="How many of them. Default: one a GPU, or one a core."),
    ] = None,
    subtitles: Subtitles = "auto",
    features: Features = "auto",
    features_cap: FeaturesCap = "2GB",
    recursive: Annotated[bool, typer.Option(help="Go into the folders of a folder.")] = True,
    include: Annotated[
        list[str] | None, typer.Option(help="Only what matches in a folder: *.mp4, day/*.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Leave out what matches in a folder.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Stop after work on so many videos.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try unchanged videos again that failed.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Forget the videos whose files are gone.")
    ] = False,
    format_name: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            help="Print every timeline: text, json, jsonl, srt, vtt, csv or segments.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="Write every timeline as a file in a folder (clip.srt), or all into one file.",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="With -o FOLDER: write over files that are not qvtime's."),
    ] = False,
    list_videos: Annotated[
        bool, typer.Option("--list", help="List what the index knows, and do nothing else.")
    ] = False,
    show: Annotated[
        str | None, typer.Option(metavar="VIDEO", help="Print a video's timeline from the index.")
    ] = None,
    plot: Plot = None,
    forget: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="Forget a video, or all videos in a folder."),
    ] = None,
    stats: Annotated[bool, typer.Option("--stats", help="Count what the index holds.")] = False,
    quiet: Quiet = False,
) -> None:
    """Keep a timeline of every video in a folder: what happens when, searchable.

    Again over the same folder, only what is new or has changed is looked at. Says nothing where
    no terminal listens, unless there is trouble.
    """
    from qvtime.cli.indexed import (
        check_alone,
        check_asked,
        forget_videos,
        list_index,
        show_stats,
        show_video,
    )
    from qvtime.cli.indexing import index_and_tell, output_of, show_plans
    from qvtime.cli.settings import (
        Reading,
        Running,
        check_subtitles,
        read_settings,
        with_cluster,
        with_server,
    )
    from qvtime.tasks.folders import Choices
    from qvtime.tasks.videos import are_several

    check_asked(list_videos, show, forget, stats, index_folder, output, plot)
    if list_videos or show or forget or stats:
        of_a_run = {"--plan": plan, "--prune": prune, "--retry-failed": retry_failed}
        check_alone(of_a_run | {"--limit": limit is not None, "--force": force}, show, paths)
    if show:
        file = None if output is None else Path(output)
        show_video(show, index_folder, format_name, file, plot)
    elif forget:
        forget_videos([*forget, *(paths or [])], index_folder, quiet)
    elif list_videos:
        list_index(paths or [], index_folder, format_name)
    elif stats:
        show_stats(paths or [], index_folder, format_name)
    elif not paths:
        raise UsageError("there is nothing to index", "name videos, or folders of them")
    else:
        settings = read_settings(
            model,
            Reading(granularity, fps, window, tokens, max_pixels, yarn, subtitles, decoder),
            Running(device, dtype, quantize, device_map, kernels),
            features,
            features_cap,
        )
        settings = with_server(settings, server, server_frames)
        settings = with_cluster(settings, ray, workers, limit)
        check_subtitles(settings, are_several(paths))
        printed, folder, folder_format = output_of(format_name, output, paths)
        if force and folder is None:
            raise UsageError("--force is for the files of -o FOLDER", "name one, or leave it out")
        if printed is not None:
            printed.spare(subtitles, "subtitles")
        choices = Choices(
            index_folder=index_folder,
            recursive=recursive,
            include=tuple(include or ()),
            exclude=tuple(exclude or ()),
            retry_failed=retry_failed,
            limit=limit,
            prune=prune,
            timelines=printed is not None,
            output_folder=folder,
            output_format=folder_format,
            force=force,
        )
        if plan:
            raise typer.Exit(show_plans(paths, choices, settings, format_name, output))
        index_and_tell(paths, choices, settings, printed, quiet)

"""`qvtime eval`: declares its options, compares two files, prints the measures."""

from pathlib import Path
from typing import Annotated, Literal

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
    Server,
    ServerFrames,
    Subtitles,
    Tokens,
    Window,
    Yarn,
    given_options,
)
from qvtime.errors import UsageError, VideoError
from qvtime.settings import DEFAULT_MODEL

Preset = Literal["qvhighlights", "charades-sta", "activitynet", "timelens", "vue-tr"]


RUN_ONLY = (
    *("videos", "kept_in", "top_k", "min_score", "model", "granularity", "fps", "window"),
    *("tokens", "max_pixels", "yarn", "subtitles", "decoder", "device", "dtype", "quantize"),
    *("device_map", "kernels", "server", "server_frames", "features", "features_cap"),
)
"""What says how --run asks."""


def eval_(
    context: typer.Context,
    predictions: Annotated[
        str | None, typer.Argument(metavar="PREDICTIONS", help="What was found; - is stdin.")
    ] = None,
    truth: Annotated[str | None, typer.Argument(metavar="TRUTH", help="What is true.")] = None,
    run: Annotated[
        str | None,
        typer.Option(
            metavar="DATASET",
            help="Ask this truth's queries first, with the model, and measure the answers.",
        ),
    ] = None,
    videos: Annotated[
        str | None, typer.Option(metavar="DIR", help="The videos of --run, found by name.")
    ] = None,
    kept_in: Annotated[
        Path | None,
        typer.Option(
            "--predictions",
            metavar="FILE",
            help="Where --run keeps its answers, a line each, and goes on."
            " Default: DATASET.predictions.jsonl here.",
        ),
    ] = None,
    top_k: Annotated[int, typer.Option(help="Of --run: so many spans a query at most.")] = 5,
    min_score: Annotated[
        float, typer.Option(help="Of --run: spans that score at least this. 0 ranks all.")
    ] = 0.0,
    preset: Annotated[Preset | None, typer.Option(help="Count by a benchmark's rules.")] = None,
    task: Annotated[
        Literal["auto", "moments", "dense"],
        typer.Option(help="auto: dense where both files list captions by video."),
    ] = "auto",
    passes: Annotated[
        Literal["at-least", "above"] | None,
        typer.Option(help="An IoU passes a threshold: >= or >. Default: at-least."),
    ] = None,
    rank: Annotated[
        Literal["score", "listed"] | None,
        typer.Option(help="The first prediction is by ... Default: score."),
    ] = None,
    against: Annotated[
        Literal["best", "first"] | None,
        typer.Option(help="Which of a query's true spans counts for R@n. Default: best."),
    ] = None,
    round_to: Annotated[
        float | None, typer.Option(help="Round predicted times to so many seconds.")
    ] = None,
    past_end: Annotated[
        Literal["keep", "clip"] | None,
        typer.Option(help="Predicted spans that end after the video. Default: keep."),
    ] = None,
    missing: Annotated[
        Literal["zero", "skip"] | None,
        typer.Option(help="A query without a prediction counts. Default: zero."),
    ] = None,
    format_name: Annotated[
        Literal["text", "json"] | None, typer.Option("--format", "-f", help="Default: text.")
    ] = None,
    output_file: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write to a file; .json chooses that format."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw recall over IoU and how right scores are: a .png or .svg."),
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
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Do not name the files' mistakes.")
    ] = False,
) -> None:
    """Measure predictions against the truth, as the benchmarks do.

    Reads QVHighlights, Charades-STA, ActivityNet Captions, TimeLens and VUE-TR files, segments,
    and qvtime's own JSON. Exit code 3 says that something in a file was left out.
    """
    from qvtime.cli.evaluating import (
        check_output,
        check_plot,
        deliver,
        predictions_file,
        writes_json,
    )
    from qvtime.cli.output import check_distinct
    from qvtime.cli.streams import say
    from qvtime.tasks.evaluate import evaluate, rules_of

    rules = rules_of(
        preset,
        passes=passes,
        rank=rank,
        truth=against,
        unit_s=round_to,
        past_end=past_end,
        missing=missing,
    )
    truth = _check_which(context, predictions, truth, run, videos)
    file = None if output_file is None or str(output_file) == "-" else output_file
    read = {"truth": truth} if predictions is None else {"predictions": predictions, "truth": truth}
    if file:
        check_output(file, read)
    if plot:
        check_plot(plot, read)
    kept = None if run is None else predictions_file(kept_in, run)
    check_distinct(file, plot, kept)
    in_json = writes_json(format_name, file)
    complete = True
    if run is not None and videos is not None and kept is not None:
        from qvtime.cli.predicting import run_dataset
        from qvtime.cli.settings import (
            Reading,
            Running,
            check_subtitles,
            read_settings,
            with_server,
        )
        from qvtime.tasks.locate import Wanted

        settings = read_settings(
            model,
            Reading(granularity, fps, window, tokens, max_pixels, yarn, subtitles, decoder),
            Running(device, dtype, quantize, device_map, kernels),
            features,
            features_cap,
        )
        settings = with_server(settings, server, server_frames)
        check_subtitles(settings, several=True)
        wanted = Wanted(top_k, min_score, everywhere=True)
        complete = run_dataset(run, videos, kept, settings, wanted, quiet)
        predictions = str(kept)
    outcome = evaluate(str(predictions), truth, rules, task)
    deliver(outcome, in_json, file, plot)
    for one in () if quiet else outcome.mistakes:
        for sentence in one.sentences():
            say(sentence)
    if outcome.lost or not complete:
        raise typer.Exit(VideoError.exit_code)


def _check_which(
    context: typer.Context,
    predictions: str | None,
    truth: str | None,
    run: str | None,
    videos: str | None,
) -> str:
    """The truth. UsageError for anything but two files, or a dataset with its videos."""
    if run is not None:
        if predictions is not None:
            raise UsageError(
                "--run makes the predictions itself", "leave PREDICTIONS and TRUTH out"
            )
        if not videos:
            raise UsageError("--run needs the videos of its dataset", "name a folder: --videos DIR")
        return run
    for parameter, option in given_options(context).items():
        if parameter in RUN_ONLY:
            raise UsageError(f"{option} belongs to --run", "name a dataset: --run FILE")
    if predictions is None or truth is None:
        raise UsageError("two files are compared", "name PREDICTIONS and TRUTH, or use --run")
    return truth

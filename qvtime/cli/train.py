"""`qvtime train`: declares its options, teaches, says how it goes."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from qvtime.cli.options import Decoder, Device, Quiet, Subtitles
from qvtime.errors import VideoError
from qvtime.settings import DEFAULT_MODEL


def train(
    context: typer.Context,
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="A file of labels, or a folder of such files.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for the model.")],
    model: Annotated[
        str, typer.Option("--model", "-m", envvar="QVTIME_MODEL", help="What to start from.")
    ] = DEFAULT_MODEL,
    videos: Annotated[
        str | None, typer.Option(help="The folder of the videos. Default: beside the labels.")
    ] = None,
    rehearse: Annotated[
        str | None,
        typer.Option(metavar="DATA", help="Labels of what it knows, so as not to forget it."),
    ] = None,
    rehearse_share: Annotated[
        float, typer.Option(min=0, max=0.95, help="Of the windows, those to rehearse.")
    ] = 0.5,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Default: each video is visited 8 times.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Windows a step, one after the other.")] = 12,
    questions: Annotated[int, typer.Option(min=1, help="Questions about each window.")] = 6,
    rate: Annotated[
        float | None, typer.Option(help="Learning rate. Default: 3e-4, with LoRA 1e-4.")
    ] = None,
    method: Annotated[
        Literal["full", "lora"] | None,
        typer.Option(help="All weights, or adapters. Default: full for small models."),
    ] = None,
    rank: Annotated[int, typer.Option(min=1, help="Of the adapters.")] = 16,
    vision: Annotated[
        Literal["learn", "keep"] | None,
        typer.Option(help="The vision tower. Default: learns with full, is kept with lora."),
    ] = None,
    precision: Annotated[
        Literal["float32", "bfloat16"] | None,
        typer.Option(help="Of activations. Default: bfloat16 on a GPU."),
    ] = None,
    checkpointing: Annotated[
        bool, typer.Option("--checkpointing", help="Less memory, a third more time.")
    ] = False,
    align_weight: Annotated[
        float, typer.Option(min=0, help="Of the temporal alignment loss; 0: without.")
    ] = 0.0,
    align_layers: Annotated[
        str | None,
        typer.Option(metavar="N,N...", help="Its layers, from 0. Default: two in the middle."),
    ] = None,
    align_heads: Annotated[int, typer.Option(min=1, help="So many heads of each layer.")] = 2,
    never: Annotated[
        float, typer.Option(min=0, max=1, help="Of the questions, those about what never happens.")
    ] = 0.4,
    granularity: Annotated[
        str, typer.Option(help="Of most windows, in seconds: 0.1, 0.5 or 1.")
    ] = "0.5",
    held_out: Annotated[
        float, typer.Option(min=0, max=0.9, help="Of the videos, those to measure with.")
    ] = 0.1,
    check_every: Annotated[
        int | None, typer.Option(min=1, help="Steps between measures. Default: a tenth of all.")
    ] = None,
    keep_every: Annotated[int, typer.Option(min=1, help="Steps between checkpoints.")] = 25,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same model.")] = 0,
    subtitles: Subtitles = "auto",
    decoder: Decoder = "pyav",
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Teach a model your own events: labelled videos in, a folder for --model out.

    DATA is segments JSON, QVHighlights, Charades-STA, ActivityNet Captions or TimeLens; its videos
    are found by name. A run that was stopped goes on with --resume. Exit code 3 says that
    something in the data was left out.
    """
    from qvtime.cli.settings import Reading, Running, check_subtitles, read_settings
    from qvtime.cli.streams import write_stdout
    from qvtime.cli.training import Talk, check_needed, read_layers, summary
    from qvtime.tasks.train import Wishes, train

    check_needed(context)
    settings = read_settings(
        model, Reading(granularity, subtitles=subtitles, decoder=decoder), Running(device)
    )
    check_subtitles(settings, several=True)
    wishes = Wishes(
        steps=steps,
        batch_windows=batch,
        questions=questions,
        rate=rate,
        seed=seed,
        never_share=never,
        rehearse_share=rehearse_share,
        method=method,
        rank=rank,
        vision=None if vision is None else vision == "learn",
        precision=precision,
        checkpointing=checkpointing,
        align_weight=align_weight,
        align_layers=read_layers(align_layers),
        align_heads=align_heads,
        check_every=check_every,
        keep_every=keep_every,
        held_out=held_out,
    )
    with Talk(quiet) as talk:
        taught = train(data, out, settings, wishes, videos, rehearse, resume, talk)
    if taught.leads:
        write_stdout(summary(taught))
    if taught.left_out:
        raise typer.Exit(VideoError.exit_code)

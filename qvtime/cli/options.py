"""The options that several commands have: declared once, so that they say and mean the same."""

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    str,
    typer.Option("--model", "-m", envvar="QVTIME_MODEL", help="A hub name, a folder, or demo."),
]
Granularity = Annotated[str, typer.Option(help="How fine to look, in seconds: 0.1, 0.5 or 1.")]
Window = Annotated[
    str | None,
    typer.Option(help="How much to look at at once: 30s, 2m. Default: what the model reads."),
]
Tokens = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBER",
        help="Video tokens to read at once at most: 16k, 256k. Default: what the model reads best,"
        " and less where memory is short.",
    ),
]
MaxPixels = Annotated[
    str | None,
    typer.Option("--max-pixels", metavar="WxH", help="A picture's size at most: 448x256, 100000."),
]
Fps = Annotated[
    str | None,
    typer.Option(help="Pictures a second, another way to say --granularity: 2, 4 or 20."),
]
Yarn = Annotated[
    bool,
    typer.Option(
        "--yarn", help="Stretch the model's positions (YaRN): 256k tokens at once become 1M."
    ),
]
Subtitles = Annotated[
    str,
    typer.Option(
        metavar="auto|none|FILE",
        help="What is said. auto: a file beside the video, or a track in it.",
    ),
]
Decoder = Annotated[str, typer.Option(help="What decodes: pyav or opencv.")]
Device = Annotated[str, typer.Option(help="Where to run: auto, cpu, cuda, cuda:1.")]
Dtype = Annotated[
    str,
    typer.Option(
        help="Of the weights: auto (bfloat16; float32 for tiny models and where a CPU is slow with"
        " bfloat16), bfloat16, float16, float32."
    ),
]
Quantize = Annotated[
    str | None,
    typer.Option(metavar="int8|int4", help="Keep the decoder's weights in fewer bits."),
]
DeviceMap = Annotated[
    str,
    typer.Option(metavar="none|auto", help="auto: spread the model over all GPUs."),
]
Kernels = Annotated[
    str,
    typer.Option(help="CUDA kernels: auto, cuda, reference (none), or check (both, compared)."),
]
Server = Annotated[
    str | None,
    typer.Option(
        envvar="QVTIME_SERVER",
        metavar="URL",
        help="Let a model server look (vLLM, SGLang): http://gpu1:8000. Its key: QVTIME_API_KEY.",
    ),
]
ServerFrames = Annotated[
    str,
    typer.Option(
        metavar="auto|video|images",
        help="How pictures travel there: as a video with their times, or as images between times.",
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write to a file; its ending chooses the format."),
]
Features = Annotated[
    str,
    typer.Option(
        metavar="auto|none|DIR",
        help="Where vision features are kept, so that looking again is quick."
        " auto: beside the index above a video, if there is one.",
    ),
]
Plan = Annotated[
    bool, typer.Option("--plan", help="Show what would be read and what it needs; read nothing.")
]
Plot = Annotated[
    Path | None,
    typer.Option(metavar="FILE.png|svg", help="Draw the spans and their scores as a chart."),
]
FeaturesCap = Annotated[
    str, typer.Option(metavar="SIZE", help="How much they may take; unused ones go first.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no notes.")]


def given_options(context: typer.Context) -> dict[str, str]:
    """The options that the command line has, by their parameters: {"top_k": "--top-k"}."""
    given = {}
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if option.name and source is not None and source.name == "COMMANDLINE":
            given[option.name] = option.opts[0]
    return given

"""`qvtime ask`: declares its options, and hands each answer on as it comes."""

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
    OutputFile,
    Plan,
    Quantize,
    Quiet,
    Server,
    ServerFrames,
    Subtitles,
    Tokens,
    Window,
    Yarn,
)
from qvtime.errors import VideoError
from qvtime.settings import DEFAULT_MODEL


def ask(
    video: Annotated[str, typer.Argument(metavar="VIDEO", help="A video file.")],
    questions: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="QUESTION",
            help='What to ask: "what happens at 2:48". Several cost little more than one.',
        ),
    ] = None,
    questions_file: Annotated[
        Path | None,
        typer.Option("--questions", help="Read questions from a file, one a line; - is stdin."),
    ] = None,
    plan: Plan = False,
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
    format_name: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", help="text, json, jsonl, srt, vtt, csv or segments. Default: text."
        ),
    ] = None,
    output_file: OutputFile = None,
    features: Features = "auto",
    features_cap: FeaturesCap = "2GB",
    quiet: Quiet = False,
) -> None:
    """Ask what happens in a video, at a moment, in a span, or in all of it.

    A time in the question ("at 2:48", "between 1:00 and 1:20", "the last 10 seconds") decides
    where qvtime looks; without one it looks at the whole video.
    """
    from functools import cache

    from qvtime.cli.opening import open_model
    from qvtime.cli.output import Output
    from qvtime.cli.plans import plan_as_json, print_plan
    from qvtime.cli.progress import ProgressLine, note_model
    from qvtime.cli.questions import gather_questions
    from qvtime.cli.settings import Reading, Running, read_settings, with_server
    from qvtime.cli.streams import say
    from qvtime.tasks.ask import ask_video, plan_ask
    from qvtime.tasks.preview import open_machine

    settings = read_settings(
        model,
        Reading(granularity, fps, window, tokens, max_pixels, yarn, subtitles, decoder),
        Running(device, dtype, quantize, device_map, kernels),
        features,
        features_cap,
    )
    settings = with_server(settings, server, server_frames)
    if plan:
        asked = gather_questions(questions or [], questions_file)
        machine = cache(lambda: open_machine(settings))
        as_json = plan_as_json(format_name, output_file)
        for found in plan_ask(video, asked, settings, machine):
            print_plan(video, found, as_json, found.plan.question)
        return
    output = Output(format_name, output_file, video)
    output.spare(settings.subtitles, "subtitles")
    if questions_file is not None:
        output.spare(str(questions_file), "list of questions")
    asked = gather_questions(questions or [], questions_file)
    output.expect(len(asked))
    damage: dict[str, None] = {}
    notes: list[str] = []
    with ProgressLine(quiet) as progress:
        load = progress.before("loading the model", lambda: open_model(settings, quiet))
        for report in ask_video(video, asked, settings, load, progress.show, notes.append):
            progress.hide()
            output.add(report)
            damage |= dict.fromkeys(report.damage)
    output.finish()
    note_model(settings.model, quiet)
    for sentence in () if quiet else notes:
        say(sentence)
    for sentence in damage:
        say(f"{video}: {sentence}")
    if damage:
        raise typer.Exit(VideoError.exit_code)

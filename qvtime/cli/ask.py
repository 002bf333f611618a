"""`qvtime ask`: declares its options and calls `tasks.ask`."""

from pathlib import Path
from typing import Annotated

import typer

from qvtime.settings import DEFAULT_MODEL


def ask(
    video: Annotated[str, typer.Argument(metavar="VIDEO", help="A video file.")],
    questions: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="QUESTION...",
            help='What to ask: "what happens at 2:48". Several cost little more than one.',
        ),
    ] = None,
    questions_file: Annotated[
        Path | None,
        typer.Option("--questions", help="Read questions from a file, one a line; - is stdin."),
    ] = None,
    model: Annotated[
        str,
        typer.Option("--model", "-m", envvar="QVTIME_MODEL", help="A hub name, a folder, or demo."),
    ] = DEFAULT_MODEL,
    granularity: Annotated[
        str, typer.Option(help="How fine to look, in seconds: 0.1, 0.5 or 1.")
    ] = "0.5",
    window: Annotated[
        str | None,
        typer.Option(help="How much to look at at once: 30s, 2m. Default: what the model reads."),
    ] = None,
    decoder: Annotated[str, typer.Option(help="What decodes: pyav or opencv.")] = "pyav",
    device: Annotated[str, typer.Option(help="Where to run: auto, cpu, cuda, cuda:1.")] = "auto",
    format_name: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", help="text, json, jsonl, srt, vtt, csv or segments. Default: text."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write to a file; its ending chooses the format."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no notes.")] = False,
) -> None:
    """Ask what happens in a video, at a moment, in a span, or in all of it."""
    from qvtime.cli.output import Output
    from qvtime.cli.progress import note_model, show_progress
    from qvtime.cli.questions import gather_questions
    from qvtime.cli.settings import read_settings
    from qvtime.tasks.ask import ask_video, open_engine

    settings = read_settings(model, granularity, window, decoder, device)
    asked = gather_questions(questions or [], questions_file)
    result = Output(format_name, output, len(asked))
    with show_progress(quiet) as progress:
        for report in ask_video(video, asked, settings, lambda: open_engine(settings), progress):
            result.add(report)
    result.finish()
    note_model(settings.model, quiet)

"""`qvtime eval`: declares its options, compares two files, prints the measures."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from qvtime.errors import OutputError, VideoError

Preset = Literal["qvhighlights", "charades-sta", "activitynet", "timelens", "vue-tr"]


def eval_(
    predictions: Annotated[
        str, typer.Argument(metavar="PREDICTIONS", help="What was found; - is stdin.")
    ],
    truth: Annotated[str, typer.Argument(metavar="TRUTH", help="What is true.")],
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
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Do not name the files' mistakes.")
    ] = False,
) -> None:
    """Measure predictions against the truth, as the benchmarks do.

    Reads QVHighlights, Charades-STA, ActivityNet Captions, TimeLens and VUE-TR files, segments,
    and qvtime's own JSON. Exit code 3 says that something in a file was left out.
    """
    from qvtime.cli.output import check_writable, is_same_file
    from qvtime.cli.streams import say, write_stdout
    from qvtime.store.files import write_atomically
    from qvtime.tasks.evaluate import as_json, as_text, evaluate, rules_of

    rules = rules_of(
        preset,
        passes=passes,
        rank=rank,
        truth=against,
        unit_s=round_to,
        past_end=past_end,
        missing=missing,
    )
    file = None if output_file is None or str(output_file) == "-" else output_file
    if file:
        check_writable(file)
        for name, read in (("predictions", predictions), ("truth", truth)):
            if is_same_file(file, read):
                raise OutputError(f"cannot write {file}: it is the {name}", "name another file")
    outcome = evaluate(predictions, truth, rules, task)
    in_json = file is not None and file.suffix.lower() == ".json"
    write = as_json if format_name == "json" or (format_name is None and in_json) else as_text
    if file:
        write_atomically(file, write(outcome))
    else:
        write_stdout(write(outcome))
    for one in () if quiet else outcome.mistakes:
        for sentence in one.sentences():
            say(sentence)
    if outcome.lost:
        raise typer.Exit(VideoError.exit_code)

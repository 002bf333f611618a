"""`qvtime models`: lists the checkpoints there are, and fetches one."""

from typing import Annotated, Literal

import typer

models = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@models.callback(invoke_without_command=True)
def list_(
    context: typer.Context,
    format_name: Annotated[
        Literal["text", "json"], typer.Option("--format", "-f", help="A table, or JSON.")
    ] = "text",
) -> None:
    """List the models to choose from, what they need, and which are on this machine.

    Any other Qwen3-VL on the hub, or in a folder, can be named with --model as well.
    """
    if context.invoked_subcommand is not None:
        return
    from qvtime.cli.streams import write_stdout
    from qvtime.tasks.models import as_json, as_text, list_models

    write_stdout((as_json if format_name == "json" else as_text)(list_models()))


@models.command(no_args_is_help=True)
def get(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Qwen3-VL-4B-Instruct, or owner/name.")
    ],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no notes.")] = False,
) -> None:
    """Fetch a model from the hub and print its folder.

    Broken off, it keeps the files that are whole. Only safetensors, JSON and text are fetched.
    """
    from qvtime.cli.streams import say, write_stdout
    from qvtime.tasks.models import get_model

    folder, fetched = get_model(name, quiet)
    if not fetched and not quiet:
        say("it is on this machine already")
    write_stdout(f"{folder}\n")

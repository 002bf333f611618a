"""`qvtime doctor`: declares its options, and says what this machine can run."""

from typing import Annotated

import typer

from qvtime.cli.options import Device, Kernels, Model
from qvtime.settings import DEFAULT_MODEL


def doctor(
    model: Model = DEFAULT_MODEL,
    device: Device = "auto",
    kernels: Kernels = "auto",
    in_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what this machine can run, what a run would choose on it, and why.

    Loads no model and asks no network. Exit code 5 says that a run with these options would not
    start.
    """
    from qvtime.cli.settings import Reading, Running, read_settings
    from qvtime.cli.streams import write_stdout
    from qvtime.errors import QvtimeError
    from qvtime.tasks.doctor import as_json, as_text, examine

    settings = read_settings(model, Reading(), Running(device, kernels=kernels))
    examination = examine(settings)
    write_stdout((as_json if in_json else as_text)(examination))
    if not examination.well:
        raise typer.Exit(QvtimeError.exit_code)

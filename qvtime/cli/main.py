"""`qvtime`: the commands, and the one place where errors become exit codes."""

import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer

from qvtime import __version__
from qvtime.cli.ask import ask
from qvtime.cli.text import terminal_safe_line
from qvtime.errors import QvtimeError

app = typer.Typer(
    name="qvtime",
    help="Find when things happen in a video, with Qwen3-VL.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(ask)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"qvtime {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Find when things happen in a video, with Qwen3-VL."""


def main() -> NoReturn:
    """Run the command line and exit: 0 done, 2 usage, 3 a video failed, 5 could not run."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        app()
    except QvtimeError as error:
        _tell(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has gone; there is no one to tell.
        sys.stderr.close()
        sys.exit(0)
    except MemoryError:
        sys.stderr.write("qvtime: this machine ran out of memory\n")
        sys.exit(5)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


def _tell(error: QvtimeError) -> None:
    """One line for what happened, one for what to do."""
    sys.stderr.write(f"qvtime: {terminal_safe_line(error.message)}\n")
    if error.hint:
        sys.stderr.write(f"  {terminal_safe_line(error.hint)}\n")


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM unwinds like an error, so that nothing is left behind."""
    sys.exit(143)

"""`qvtime`: the commands, and the one place where errors become exit codes."""

import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import Annotated, NoReturn

import typer

from qvtime import __version__
from qvtime.cli.ask import ask
from qvtime.cli.doctor import doctor
from qvtime.cli.eval import eval_
from qvtime.cli.index import index
from qvtime.cli.label import label
from qvtime.cli.locate import locate
from qvtime.cli.models import models
from qvtime.cli.serve import serve
from qvtime.cli.streams import (
    ReaderGone,
    fill_closed,
    forget_no_columns,
    make_stdout_unicode,
    say,
)
from qvtime.cli.train import train
from qvtime.errors import QvtimeError

COULD_NOT_RUN = QvtimeError.exit_code

app = typer.Typer(
    name="qvtime",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # file names and questions are not markup
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(no_args_is_help=True)(ask)
app.command(no_args_is_help=True)(locate)
app.command(no_args_is_help=True)(index)
app.command()(serve)
app.command(no_args_is_help=True)(label)
app.command("eval", no_args_is_help=True)(eval_)
app.command(no_args_is_help=True)(train)
app.command()(doctor)
app.add_typer(models, name="models")


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
    """Run the command line that this process was started with, and exit with its code."""
    fill_closed()
    signal.signal(signal.SIGTERM, _stop)
    make_stdout_unicode()
    forget_no_columns()
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit code of a command line (qvtime/errors.py lists them); what is wrong is on stderr."""
    try:
        app(arguments, prog_name="qvtime")
    except SystemExit as end:  # typer's way to be done, also after SIGINT, and ours after SIGTERM
        if isinstance(end.__context__, BrokenPipeError):  # typer makes 1 of it: `--help | head -1`
            return 0
        return end.code if isinstance(end.code, int) else 0
    except QvtimeError as error:
        say(error.message, error.hint)
        return error.exit_code
    except ReaderGone:
        return 0
    except MemoryError:
        say("this machine ran out of memory", "look at a shorter --window, or use a smaller model")
        return COULD_NOT_RUN
    except Exception:  # noqa: BLE001 - a bug is shown whole
        # Python's own exit code for this is 1, which here means "nothing found".
        if sys.stderr is not None:
            traceback.print_exc()
        say("this is a mistake in qvtime; please report it with the lines above")
        return COULD_NOT_RUN
    return 0


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM unwinds like an error, so that no process and no file is left behind."""
    sys.exit(128 + signal.SIGTERM)

"""What a run of `qvtime eval` writes: the measures, and what can be drawn of them."""

from pathlib import Path

from qvtime import formats
from qvtime.cli.output import check_writable, is_same_file
from qvtime.cli.streams import write_stdout
from qvtime.drawing.picture import check_ending, encode_picture
from qvtime.drawing.recall_chart import Bin, draw_recall
from qvtime.errors import OutputError, UsageError
from qvtime.store.files import write_atomically
from qvtime.tasks.evaluate import Outcome, as_json, as_text
from qvtime.video_names import is_video_name

ENDING = ".predictions.jsonl"


def writes_json(format_name: str | None, file: Path | None) -> bool:
    """Whether measures are written as JSON: as it is said, else by the file's ending. UsageError
    for an ending that names a format which measures are not written in."""
    if format_name is not None or file is None:
        return format_name == "json"
    try:
        named = formats.format_of(file)
    except UsageError:  # an ending that names no format promises nothing
        return False
    if named not in ("text", "json"):
        raise UsageError(f"measures cannot be written as {named}", "end it with .txt or .json")
    return named == "json"


def check_output(file: Path, read: dict[str, str]) -> None:
    """OutputError when the file cannot be written, is one of those that are read (by role), or a
    video."""
    _check_written(file, read)
    if is_video_name(file.name) and file.exists():
        raise OutputError(f"cannot write {file}: it is a video", "name another file")


def _check_written(file: Path, read: dict[str, str]) -> None:
    check_writable(file)
    for name, path in read.items():
        if is_same_file(file, path):
            raise OutputError(f"cannot write {file}: it is the {name}", "name another file")


def predictions_file(given: Path | None, dataset: str) -> Path:
    """Where the predictions are kept: beside nothing that is read, in this folder by default."""
    file = given or Path(f"{Path(dataset).stem}{ENDING}")
    _check_written(file, {"dataset": dataset})
    return file


def deliver(outcome: Outcome, in_json: bool, file: Path | None, plot: Path | None) -> None:
    """Print or write the measures, and draw what can be drawn; UsageError, after them, where
    nothing can."""
    written = as_json(outcome) if in_json else as_text(outcome)
    if file is None:
        write_stdout(written)
    else:
        write_atomically(file, written)
    if plot is not None:
        write_atomically(plot, _picture(outcome, plot))


def check_plot(plot: Path, read: dict[str, str]) -> None:
    """UsageError or OutputError when the chart could not be written."""
    check_ending(plot, "--plot")
    check_output(plot, read)


def _picture(outcome: Outcome, plot: Path) -> bytes:
    curves = outcome.curves
    if curves is None:
        raise UsageError(
            "--plot draws what queries came to, and these are captions by video",
            "measure them as queries: --task moments",
        )
    spans = sum(one.count for one in curves.bins)
    facts = (
        f"{curves.queries} queries  ·  {spans} spans with a score  ·  rules: {outcome.rules.name}"
    )
    bins = [Bin(one.count, one.score, one.right) for one in curves.bins]
    title = "Recall over IoU, and what scores are worth"
    return encode_picture(draw_recall(title, facts, curves.recall, bins), plot)

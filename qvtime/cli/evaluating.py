"""What a run of `qvtime eval` writes: the measures, and what can be drawn of them."""

from pathlib import Path

from qvtime.cli.output import check_writable, is_same_file
from qvtime.cli.streams import write_stdout
from qvtime.drawing.picture import check_ending, encode_picture
from qvtime.drawing.recall_chart import Bin, draw_recall
from qvtime.errors import OutputError, UsageError
from qvtime.store.files import write_atomically
from qvtime.tasks.evaluate import Outcome, as_json, as_text

ENDING = ".predictions.jsonl"


def check_output(file: Path, read: dict[str, str]) -> None:
    """OutputError when the file cannot be written, or is one of those that are read (by role)."""
    check_writable(file)
    for name, path in read.items():
        if is_same_file(file, path):
            raise OutputError(f"cannot write {file}: it is the {name}", "name another file")


def predictions_file(given: Path | None, dataset: str) -> Path:
    """Where the predictions are kept: beside nothing that is read, in this folder by default."""
    file = given or Path(f"{Path(dataset).stem}{ENDING}")
    check_output(file, {"dataset": dataset})
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

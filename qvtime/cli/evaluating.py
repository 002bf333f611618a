"""What a run of `qvtime eval` does: ask the queries of a dataset, where wanted, and measure."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from qvtime.cli.opening import open_model
from qvtime.cli.output import check_writable, is_same_file
from qvtime.cli.progress import ProgressLine, note_model
from qvtime.cli.streams import say, write_stdout
from qvtime.drawing.picture import check_ending, encode_picture
from qvtime.drawing.recall_chart import Bin, draw_recall
from qvtime.errors import OutputError, UsageError
from qvtime.settings import Settings
from qvtime.store.files import write_atomically
from qvtime.tasks.evaluate import Outcome, as_json, as_text
from qvtime.tasks.locate import Wanted
from qvtime.tasks.looking import Progress
from qvtime.tasks.predict import Query, open_predictions, predict, read_queries

MOST_NAMED = 5
ENDING = ".predictions.jsonl"


def predictions_file(given: Path | None, dataset: str) -> Path:
    """Where the predictions are kept: beside nothing that is read, in this folder by default."""
    file = given or Path(f"{Path(dataset).stem}{ENDING}")
    check_output(file, {"dataset": dataset})
    return file


def check_output(file: Path, read: dict[str, str]) -> None:
    """OutputError when the file cannot be written, or is one of those that are read (by role)."""
    check_writable(file)
    for name, path in read.items():
        if is_same_file(file, path):
            raise OutputError(f"cannot write {file}: it is the {name}", "name another file")


def run_dataset(
    dataset: str, videos: str, file: Path, settings: Settings, wanted: Wanted, quiet: bool
) -> bool:
    """Ask what has no answer yet; whether every query was answered. What was not is said.

    Raises UsageError, ModelError, OutputError.
    """
    queries = read_queries(dataset, videos)
    failed: Counter[str] = Counter()
    with open_predictions(file, settings, wanted) as predictions:
        kept = sum(query.name in predictions.names for query in queries)
        if kept and not quiet:
            say(f"{kept} of {len(queries)} queries were answered before, in {file}")
        with ExitStack() as held, ProgressLine(quiet) as progress:
            load = progress.before("loading the model", lambda: open_model(settings, quiet))
            engine = cache(lambda: held.enter_context(load()))
            places = {query.name: place for place, query in enumerate(queries, 1)}

            def show(query: Query, at: Progress) -> None:
                progress.show(at, f"{places[query.name]} of {len(queries)}, {query.name[0]}")

            run = predict(queries, predictions, settings, engine, wanted, show, _once(quiet))
            for one in run:
                if one.error is not None:
                    progress.hide()
                    failed[one.query.path or ""] += 1
                    if failed[one.query.path or ""] == 1:
                        say(one.error.message, one.error.hint)
            if engine.cache_info().currsize:
                note_model(settings.model, quiet)
    missing = dict.fromkeys(query.name[0] for query in queries if query.path is None)
    if missing:
        named = ", ".join([*missing][:MOST_NAMED])
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        say(f"{len(missing)} videos of {dataset} are not in {videos}: {named}{more}")
    return not (missing or failed)


def deliver(outcome: Outcome, in_json: bool, file: Path | None, plot: Path | None) -> None:
    """Print or write the measures, and draw what can be drawn."""
    written = as_json(outcome) if in_json else as_text(outcome)
    if plot is not None:
        write_atomically(plot, _picture(outcome, plot))
    if file is None:
        write_stdout(written)
    else:
        write_atomically(file, written)


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


def _once(quiet: bool) -> Callable[[str], None]:
    """Says each sentence once."""
    told: set[str] = set()

    def note(sentence: str) -> None:
        if not quiet and sentence not in told:
            say(sentence)
        told.add(sentence)

    return note

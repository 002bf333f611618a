"""What `qvtime eval --run` does before it measures: ask the queries of a dataset."""

from collections import Counter
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from qvtime.cli.opening import open_model
from qvtime.cli.progress import ProgressLine, note_model
from qvtime.cli.streams import noting, say
from qvtime.errors import VideoError
from qvtime.settings import Settings
from qvtime.tasks.locate import Wanted
from qvtime.tasks.looking import Progress
from qvtime.tasks.predict import Query, open_predictions, predict, read_queries

MOST_NAMED = 5


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

            run = predict(queries, predictions, settings, engine, wanted, show, noting(quiet))
            for one in run:
                if one.error is not None:
                    progress.hide()
                    video = isinstance(one.error, VideoError)  # said once, not for each query
                    about = one.query.path or "" if video else one.error.message
                    failed[about] += 1
                    if failed[about] == 1:
                        say(one.error.message, one.error.hint)
            if engine.cache_info().currsize:
                note_model(settings.model, quiet)
    missing = dict.fromkeys(query.name[0] for query in queries if query.path is None)
    if missing:
        named = ", ".join([*missing][:MOST_NAMED])
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        say(f"{len(missing)} videos of {dataset} are not in {videos}: {named}{more}")
    return not (missing or failed)

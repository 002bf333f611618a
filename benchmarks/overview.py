"""What an overview finds in hours of video that captions left out, and what it costs.

    python benchmarks/overview.py [--hours 2] [--queries 60] [--seed 77]

Made scenes of a minute each, seen by the demo model's vision tower, half a second a patch; nothing
is encoded or decoded, and no caption is asked for: an index is filled with true captions of which
a share is left out by chance. Each query is what happens somewhere, in the words of its caption. It
is reached where the places that would be looked at, within the patches that `ask` and `locate` read
(`Settings.patch_budget`), hold three quarters of it. Looking anywhere would reach about the share
that is looked at. Seconds are of the processor.
"""
# ruff: noqa: T201 (a benchmark prints)

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from qvtime.frames import FrameBatch
from qvtime.model.engine import Engine
from qvtime.model.feature_arrays import strongest
from qvtime.report import Report
from qvtime.settings import GRANULARITY_MS, Settings
from qvtime.store.fingerprint import take_fingerprint
from qvtime.store.index import open_index
from qvtime.store.overviews import Overview, OverviewMaker, OverviewStore
from qvtime.store.place import place_of
from qvtime.tasks.captions import point
from qvtime.tasks.looking import open_engine
from qvtime.tasks.overviews import overview_key
from qvtime.tasks.skim import Reach, look_closer
from qvtime.timeline import Event, Span
from qvtime.training.render import render
from qvtime.training.script import make_scene
from qvtime.video.sampling import frame_times

SCENE_MS = 60_000
SIZE_PX = 96
SETTINGS = Settings(model="demo")
REACHED_SHARE = 0.75
KEPT = (1.0, 0.75, 0.5, 0.25, 0.1)


@dataclass(frozen=True, slots=True)
class Film:
    """What happens in it, and how it looks; seconds of the processor for seeing and keeping it."""

    duration_ms: int
    events: tuple[Event, ...]
    overview: Overview
    seen_s: float
    kept_s: float


def see(engine: Engine, hours: float, seed: int) -> Film:
    """New scenes, through the vision tower, as an index would."""
    generator = np.random.default_rng(seed)
    scenes = round(3_600_000 * hours) // SCENE_MS
    maker = OverviewMaker(GRANULARITY_MS, scenes * SCENE_MS)
    events: list[Event] = []
    seen_s = kept_s = 0.0
    centres_ms = range(0, SCENE_MS, GRANULARITY_MS)
    times_ms = np.array(frame_times(centres_ms, GRANULARITY_MS))
    for number in range(scenes):
        scene, begun_ms = make_scene(generator, SCENE_MS), number * SCENE_MS
        pixels = render(scene, times_ms, SIZE_PX, generator)
        started = time.process_time()
        features = engine.encode(FrameBatch(pixels, times_ms, times_ms))
        seen = time.process_time()
        maker.add([begun_ms + centre_ms for centre_ms in centres_ms], strongest(features))
        seen_s, kept_s = seen_s + seen - started, kept_s + time.process_time() - seen
        events += [
            Event(Span(begun_ms + one.start_ms, begun_ms + one.end_ms), one.caption)
            for one in scene.happenings
        ]
    overview = maker.overview()
    if overview is None:
        raise SystemExit("a part of the film was not seen")
    return Film(scenes * SCENE_MS, tuple(events), overview, seen_s, kept_s)


def index(film: Film, folder: Path, kept: float, generator: np.random.Generator) -> Path:
    """A video with an index of so many of its captions, and its overview; the video's path."""
    folder.mkdir()
    path = folder / "film.mp4"
    path.write_bytes(b"its index says it all")
    captions = tuple(event for event in film.events if generator.random() < kept)
    fingerprint = take_fingerprint(str(path))
    with open_index(place_of(str(folder)), writing=True) as opened:
        report = Report(str(path), "", "", captions, "demo")
        opened.save_timeline(str(path), fingerprint, "{}", report)
        OverviewStore(opened.place.folder).keep(overview_key(fingerprint, "{}"), film.overview)
    return path


def search(
    film: Film, path: Path, queries: list[str], reach: Reach, likely: bool
) -> tuple[float, float, float]:
    """The share of true spans reached, of the video looked at, and seconds a query."""
    video = Span(0, film.duration_ms)
    reached = spans = looked_ms = 0
    started = time.process_time()
    for query in queries:
        places = point(str(path), query, likely=likely).within(video).places
        looked = look_closer(places, reach.granularity_ms, video, reach, SETTINGS.patch_budget)
        looked_ms += sum(one.duration_ms for one in looked)
        for truth in (event.span for event in film.events if event.caption == query):
            inside_ms = sum(one.overlap_ms(truth) for one in looked)
            reached += inside_ms >= REACHED_SHARE * truth.duration_ms
            spans += 1
    spent = (time.process_time() - started) / len(queries)
    return reached / spans, looked_ms / len(queries) / film.duration_ms, spent


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--hours", type=float, default=2)
    options.add_argument("--queries", type=int, default=60)
    options.add_argument("--seed", type=int, default=77)
    chosen = options.parse_args()
    torch.set_num_threads(1)
    generator = np.random.default_rng(chosen.seed)
    with open_engine(SETTINGS) as engine:
        film = see(engine, chosen.hours, chosen.seed)
        window_ms = engine.habits.window_patches * GRANULARITY_MS
    hours = film.duration_ms / 3_600_000
    size_mb = film.overview.looks.nbytes / 1e6 / hours
    print(
        f"{hours:g} hours, {len(film.events)} events; an hour of video: {film.seen_s / hours:.1f} s"
    )
    print(f"to see it, {film.kept_s / hours:.2f} s to keep the overview, {size_mb:.1f} MB")
    captions = sorted({event.caption for event in film.events})
    queries = [str(one) for one in generator.permutation(captions)[: chosen.queries]]
    reach = Reach(window_ms, GRANULARITY_MS)
    print("captions kept | by captions: reached, looked at | with the overview | s a query")
    with tempfile.TemporaryDirectory() as name:
        for kept in KEPT:
            path = index(film, Path(name, str(kept)), kept, generator)
            told = [search(film, path, queries, reach, likely) for likely in (False, True)]
            (said, said_share, _), (alike, alike_share, spent) = told
            print(f"{kept:13.0%} | {said:7.1%} {said_share:7.1%} | {alike:7.1%} ", end="")
            print(f"{alike_share:7.1%} | {spent:.2f}", flush=True)


if __name__ == "__main__":
    main()

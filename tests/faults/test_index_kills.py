"""kill -9 at every point of a run over a folder: whole timelines only, and the next run goes on.

A driver without heavy imports forks a run for each point. A run dies at its n-th SQLite statement,
or after so many microseconds, which lets it die within a commit or a write as well.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

DRIVER = r"""
import json, os, shutil, signal, sqlite3, sys, time, traceback
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from qvtime.answer import parse_answer
from qvtime.frames import FrameBatch, VideoInfo
from qvtime.model.habits import Habits
from qvtime.settings import Settings
from qvtime.store.index import open_index
from qvtime.store.place import place_of
from qvtime.store.search import search_events
from qvtime.subtitles import Subtitles
from qvtime.tasks import crew as tasks_crew
from qvtime.tasks.folders import Choices, index_paths
from qvtime.timeline import Span
from qvtime.video.reader import VideoReader

home = Path(sys.argv[1])
NAMES = ("a.mp4", "b.mp4")


class Grey(VideoReader):
    damage = ()
    info = VideoInfo("v", "pyav", "mp4", "h264", 96, 64, 4000, 0, 0)
    def frames_at(self, times_ms, size_px=None):
        times = np.array(times_ms, np.int64)
        return FrameBatch(np.zeros((len(times), 64, 64, 3), np.uint8), times, times)
    def embedded_subtitles(self, within=None):
        return Subtitles()
    def close(self):
        pass


class Look:
    vision_ms = prefill_ms = 0.0
    def ask(self, question, tokens):
        said = "; ".join(f"<time>{k}.0</time> - <time>{k}.5</time> dog {k} runs" for k in range(4))
        return SimpleNamespace(text=said, score=0.5, finish_reason="stop", token_ids=())
    def __enter__(self):
        return self
    def __exit__(self, *_):
        pass


class Engine:
    habits = Habits(window_patches=8, frame_pixels=64 * 64, dense_form="list")
    name = "m"
    def settings(self):
        return {}
    def look(self, frames, centres, *_, **__):
        return Look()
    def __enter__(self):
        return self
    def __exit__(self, *_):
        pass


tasks_crew.open_video = lambda *_: Grey()
true_connect = sqlite3.connect


def run(videos, log, die_at=None):
    def connect(name, *arguments, **options):
        connection = true_connect(name, *arguments, **options)
        left = [die_at]
        def count(_statement):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        if die_at is not None and ":memory:" not in str(name):
            connection.set_trace_callback(count)
        return connection
    sqlite3.connect = connect
    choices = Choices(output_folder=videos / "out")
    for done in index_paths([str(videos)], choices, Settings(model="m", features="none"), Engine):
        assert done.not_written is None, done.not_written
        os.write(log, f"{done.indexed.outcome.value} {Path(done.indexed.path).name}\n".encode())


def fresh(number):
    videos = home / str(number)
    videos.mkdir()
    for name in NAMES:
        (videos / name).write_text(name)
        os.utime(videos / name, ns=(10**18, 10**18))
    return videos


def in_a_child(videos, die_at=None, after_us=None):
    log = videos / "log"
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run(videos, os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), die_at)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    if after_us is not None:
        time.sleep(after_us / 1e6)
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status, log.read_text().splitlines() if log.exists() else []


def state(videos):
    if not place_of(str(videos)).file.exists():
        return {}
    with open_index(place_of(str(videos))) as index:
        found = {hit.event.caption for hit in search_events(index, "dog runs", 100)}
        kept = {}
        for record in index.records():
            events = index.report(record).events
            assert record.error is None and len(events) == 4, (record, events)
            kept[Path(record.path).name] = [e.caption for e in events]
        assert len(search_events(index, "dog", 100)) == 4 * len(kept)
    return kept


def check(videos, status, log):
    assert status in (0, -signal.SIGKILL), (status, log)
    try:
        kept = state(videos)
    except Exception as error:
        # A journal that a dead writer left is rolled back by the next one that may write; a
        # file whose first step was not committed has no tables yet.
        assert "is not ready to be read" in str(error), repr(error)
        kept = {}
    finished = [line.split()[-1] for line in log]
    assert set(finished) <= set(kept), (finished, kept)
    assert len(kept) <= len(finished) + 1, (finished, kept)
    for file in (videos / "out").glob("*.srt"):
        assert file.read_bytes() == GOOD, file
    status, log = in_a_child(videos)
    assert status == 0, log
    done = [line for line in log if line.startswith("done")]
    assert len(done) == len(NAMES) - len(kept), (log, kept)
    assert state(videos) == WHOLE
    assert sorted(p.name for p in (videos / "out").glob("*.srt")) == ["a.srt", "b.srt"]
    shutil.rmtree(videos)
    return len(kept)


parse_answer("<time>1.0</time> - <time>2.0</time> x", Span(0, 9000))  # patterns, for all runs
whole = fresh("whole")
started = time.perf_counter()
assert in_a_child(whole)[0] == 0
took_us = 1e6 * (time.perf_counter() - started)
WHOLE, GOOD = state(whole), (whole / "out/a.srt").read_bytes()
assert len(WHOLE) == 2 and GOOD

seen, point, status = [], 0, -signal.SIGKILL
while status == -signal.SIGKILL:
    point += 2
    videos = fresh(point)
    status, log = in_a_child(videos, die_at=point)
    seen.append(check(videos, status, log))
timed = []
for part in range(16):
    videos = fresh(f"t{part}")
    status, log = in_a_child(videos, after_us=took_us * part / 14)
    timed.append(check(videos, status, log))
print(json.dumps({"points": point, "kept": seen, "timed": timed}))
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: hundreds of runs wait for every commit otherwise."""
    in_memory = Path("/dev/shm")
    if not os.access(in_memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=in_memory) as folder:
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_killed_run_loses_the_video_in_work_at_most(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(home)],
        capture_output=True,
        text=True,
        timeout=230,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counted = json.loads(done.stdout)
    assert counted["points"] > 50, "statements were counted"
    assert {0, 1, 2} == set(counted["kept"]), "runs died before, between and after videos"
    assert counted["kept"] == sorted(counted["kept"])

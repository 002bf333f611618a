"""Memory runs out, as torch and Python say it: half is read at once, and nothing is lost."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qvtime.errors import OutOfMemory
from qvtime.model.engine import Engine
from qvtime.model.generate import generate as whole_generate
from qvtime.model.prefix import prefill as whole_prefill
from qvtime.settings import Settings
from qvtime.tasks.ask import ask_video
from qvtime.tasks.describe import describe_video
from qvtime.tasks.halving import parts_of
from qvtime.tasks.label import draft_labels
from qvtime.tasks.locate import Wanted, locate_video
from qvtime.tasks.looking import Session, open_engine
from qvtime.tasks.plan import Window, plan_question
from qvtime.timeline import Span
from qvtime.video.sampling import patch_centres
from qvtime.video.worker import open_video
from tests.videos import STEADY, Clip, make

torch.set_num_threads(1)

SHORT = str(Path(__file__).parents[3] / "samples" / "short.mp4")
DEMO = Settings(model="demo", device="cpu", features="none")
LACKS = [
    torch.OutOfMemoryError("CUDA out of memory"),
    MemoryError(),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
]


@pytest.fixture
def engine() -> Iterator[Engine]:
    with open_engine(DEMO) as engine:
        yield engine


@dataclass
class Memory:
    """Holds so many patches at once; the model that asks for more is told so."""

    holds: int
    lack: BaseException
    read: list[int] = field(default_factory=list)

    def prefill(self, model: Any, ids: Any, features: Any, *more: Any) -> Any:
        if features.grid.times > self.holds:
            raise self.lack
        self.read.append(features.grid.times)
        return whole_prefill(model, ids, features, *more)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    memory = Memory(3, LACKS[0])
    monkeypatch.setattr("qvtime.model.engine.prefill", memory.prefill)
    return memory


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> str:
    """2.4 s: five patches."""
    return str(make(Clip("steady.mp4", STEADY), tmp_path_factory.mktemp("clips")))


@pytest.mark.parametrize("lack", LACKS, ids=["cuda", "python", "cpu"])
def test_locate_goes_on_with_half_and_says_so(
    engine: Engine, memory: Memory, lack: BaseException
) -> None:
    memory.lack = lack
    said: list[str] = []
    wanted = Wanted(within="0-5s")
    report = locate_video(SHORT, "it spins", DEMO, lambda: engine, wanted, note=said.append)
    assert max(memory.read) == 3
    assert said == ["memory ran out while demo read 6 temporal patches at once; going on with 3"]
    assert report.settings["patches_at_once"] == 3
    assert report.settings["frames_per_window"] == 6
    assert report.settings["windows"] == len(report.looked)
    covered = 0
    for span in report.looked:
        assert span.start_ms <= covered
        covered = max(covered, span.end_ms)
    assert covered == 5000


def test_what_ran_out_once_is_not_tried_again(engine: Engine, memory: Memory) -> None:
    said: list[str] = []
    for _ in range(2):
        locate_video(
            SHORT, "it spins", DEMO, lambda: engine, Wanted(within="0-6s"), note=said.append
        )
    assert len(said) == 1
    assert engine.habits.window_patches == 3


def test_a_moment_is_seen_with_less_around_it(engine: Engine, memory: Memory) -> None:
    memory.holds = 2
    questions = ["what happens at 0:02?", "when does it spin between 0:01 and 0:03?"]
    said: list[str] = []
    at, between = ask_video(SHORT, questions, DEMO, lambda: engine, note=said.append)
    assert len(said) == 2, "six, then three"
    assert "going on with 1" in said[1]
    (span,) = at.looked
    assert span.start_ms < 2000 < span.end_ms
    assert between.looked[0].start_ms == 1000
    assert max(memory.read) <= 2


def test_a_moment_is_shown_once_where_its_patch_does_not_fit_twice(memory: Memory) -> None:
    memory.holds = 1
    alone = replace(DEMO, window_ms=500)
    with open_engine(alone) as engine:
        (report,) = ask_video(SHORT, ["what happens at 0:02?"], alone, lambda: engine)
    assert memory.read == [1]
    assert report.settings["patches_at_once"] == 1


def test_a_timeline_is_made_of_all_of_it(
    engine: Engine, memory: Memory, steady: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qvtime.tasks.describe.LIST_TOKENS", 4)
    said: list[str] = []
    few = replace(DEMO, max_new_tokens=4)
    with open_video(steady) as reader:
        report = describe_video(steady, Session(reader, engine), few, note=said.append)
    assert said == ["memory ran out while demo read 5 temporal patches at once; going on with 2"]
    assert report.settings["patches_at_once"] == 2
    assert report.settings["windows"] == len(memory.read) == 3


def test_a_draft_of_labels_says_so_too(
    engine: Engine, memory: Memory, steady: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qvtime.tasks.describe.LIST_TOKENS", 4)
    said: list[str] = []
    draft_labels(steady, None, replace(DEMO, max_new_tokens=4), lambda: engine, note=said.append)
    assert said == ["memory ran out while demo read 5 temporal patches at once; going on with 2"]


def test_a_lack_while_it_answers_is_no_other(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of two questions runs out: both are asked again of the halves."""
    calls: list[int] = []

    def generate(prefix: Any, tail: Any, *more: Any) -> Any:
        calls.append(prefix.tokens)
        if len(calls) == 2:
            raise torch.OutOfMemoryError
        return whole_generate(prefix, tail, *more)

    monkeypatch.setattr("qvtime.model.engine.generate", generate)
    asked = replace(DEMO, max_new_tokens=8)
    questions = ["what is seen between 0:01 and 0:03?", "who jumps between 0:01 and 0:03?"]
    reports = list(ask_video(SHORT, questions, asked, lambda: engine))
    assert [report.question for report in reports] == questions
    assert {report.settings["patches_at_once"] for report in reports} == {2}, "of five"
    first, second = (report.looked for report in reports)
    assert first == second
    assert len(first) > 1
    assert len(calls) == 2 + 2 * len(first)


def test_edges_are_looked_at_with_half(engine: Engine, memory: Memory) -> None:
    """Memory runs short after the first pass."""
    memory.holds = 6
    fine, said = replace(DEMO, granularity_ms=100), list[str]()

    def shorter(_: Any) -> None:
        memory.holds = 3

    report = locate_video(
        SHORT,
        "the yellow square spins",
        fine,
        lambda: engine,
        Wanted(min_score=0.0, top_k=1, within="3s-6s"),
        note=said.append,
        starts=shorter,
    )
    assert report.settings["patches_at_once"] == 3


def test_where_nothing_fits_it_is_one_sentence(engine: Engine, memory: Memory) -> None:
    memory.holds = 0
    with pytest.raises(OutOfMemory, match=r"does not fit into the memory .* with demo") as caught:
        locate_video(SHORT, "it spins", DEMO, lambda: engine, Wanted(within="0-3s"))
    assert caught.value.hint
    assert engine.habits.window_patches == 1


@given(st.integers(0, 10**6), st.integers(1, 10**5), st.integers(1, 128), st.booleans())
def test_parts_hold_every_patch_of_the_window(
    start_ms: int, length_ms: int, longest: int, overlaps: bool
) -> None:
    span = Span(start_ms, start_ms + length_ms)
    window = Window(span, tuple(patch_centres(span, 500)))
    parts = parts_of(window, longest, 500, overlaps)
    assert {c for part in parts for c in part.centres_ms} == set(window.centres_ms)
    assert all(1 <= len(part.centres_ms) <= longest for part in parts)
    assert (parts[0].span.start_ms, parts[-1].span.end_ms) == (span.start_ms, span.end_ms)
    assert all(a.span.end_ms >= b.span.start_ms for a, b in pairwise(parts))


@given(st.integers(0, 60_000), st.integers(2, 128), st.integers(1, 128))
def test_a_moment_stays_in_front_of_its_patch(at_ms: int, patches: int, longest: int) -> None:
    (window,) = plan_question(f"at {at_ms / 1000:.1f}s", 60_000, Settings(), patches).windows
    (part,) = parts_of(window, longest, 500, True)
    assert part.moment_ms in part.centres_ms
    assert len(part.centres_ms) == min(longest, len(window.centres_ms))
    assert window.span.start_ms <= part.span.start_ms <= part.centres_ms[0]
    assert part.centres_ms[-1] < part.span.end_ms <= window.span.end_ms

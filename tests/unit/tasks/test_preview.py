"""The plan is what is done, and says what every published model would need."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
import torch

from qvtime.frames import VideoInfo
from qvtime.model.catalogue import KNOWN_MODELS
from qvtime.model.engine import Engine
from qvtime.model.fit import USED_SHARE, patch_tokens
from qvtime.model.speed import Speed
from qvtime.settings import Settings
from qvtime.tasks.ask import ask_video, plan_ask
from qvtime.tasks.describe import describe_video, plan_describe
from qvtime.tasks.locate_plan import plan_locate
from qvtime.tasks.looking import Session, open_engine
from qvtime.tasks.preview import Machine, open_machine, preview
from qvtime.timeline import Span
from qvtime.video.worker import open_video
from tests.videos import STEADY, Clip, make

torch.set_num_threads(1)

SAMPLES = Path(__file__).parents[3] / "samples"
RALLY = str(SAMPLES / "rally.mp4")
DEMO = Settings(model="demo", device="cpu", features="none")
HOURS = VideoInfo("film.mp4", "pyav", "mp4", "h264", 1920, 1080, 7_200_000, 0, 0, claimed_fps=25.0)
GB = 10**9


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, int]:
    """How much memory is free on a machine that is quick with bfloat16; and nothing in the hub's
    cache, nor a way to it."""
    planted = {"bytes": 141 * GB}
    quick = Speed(1e12, 1e11)
    monkeypatch.setattr("qvtime.model.speed.measure_speed", lambda *layer: quick)
    monkeypatch.setattr("qvtime.model.machine.free_memory", lambda device: planted["bytes"])
    monkeypatch.setattr("qvtime.model.weights.multiplies_bfloat16", lambda device: True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    return planted


def two_hours(machine: Machine, settings: Settings) -> Any:
    span = Span(0, HOURS.duration_ms)
    plan = plan_locate(HOURS, span, settings, machine.outline)
    return preview(HOURS, plan.first_pass("it happens"), machine)


@pytest.mark.parametrize("model", KNOWN_MODELS, ids=[model.name for model in KNOWN_MODELS])
def test_every_known_model_has_a_plan_for_two_hours(model: Any, free: dict[str, int]) -> None:
    """None of them is on this machine, and none is fetched for it."""
    settings = Settings(model=model.name, device="cpu", granularity_ms=1000)
    machine = open_machine(settings)
    found = two_hours(machine, settings)
    said = found.settings()
    fits = model.shape.weight_bytes() < 0.8 * free["bytes"]
    assert (machine.short is None) == fits
    assert said["kv_bytes"] == said["tokens_per_window"] * model.shape.kv_bytes_per_token()
    assert said["tokens"] > 7200 * said["tokens_per_patch"]
    assert said["tokens_per_window"] <= 128 * patch_tokens(448 * 256)
    assert said["seconds"] > 0
    assert said["context_tokens"] == 262_144


def test_where_bfloat16_is_slow_float32_is_planned_for(
    free: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(model="Qwen/Qwen3-VL-2B-Instruct", device="cpu")
    quick = open_machine(settings)
    monkeypatch.setattr("qvtime.model.weights.multiplies_bfloat16", lambda device: False)
    slow = open_machine(settings)
    assert quick.weight_bytes is not None
    assert (quick.width, slow.width, slow.weight_bytes) == (2, 4, 2 * quick.weight_bytes)
    free["bytes"] = 8 * GB
    assert open_machine(settings).width == 2, "float32 would leave too little"


def test_a_window_may_be_the_whole_context_where_it_fits(free: dict[str, int]) -> None:
    name = "Qwen/Qwen3-VL-4B-Instruct"
    wide = Settings(model=name, device="cpu", granularity_ms=1000, window_tokens=262_144)
    half_an_hour = replace(HOURS, duration_ms=1_800_000)
    machine = open_machine(wide)
    plan = plan_locate(half_an_hour, Span(0, 1_800_000), wide, machine.outline)
    assert len(plan.windows) == 1
    assert 200_000 < plan.tokens < 262_144
    stretched = replace(wide, window_tokens=1_000_000, yarn=True)
    machine = open_machine(stretched)
    assert machine.short is not None, "a million tokens do not fit beside the 4B in 141 GB"
    free["bytes"] = 400 * GB
    machine = open_machine(stretched)
    (window,) = two_hours(machine, stretched).plan.windows
    assert window.span == Span(0, HOURS.duration_ms)


def test_what_is_planned_fits(free: dict[str, int]) -> None:
    free["bytes"] = 11 * GB
    settings = Settings(model="Qwen/Qwen3-VL-4B-Instruct", device="cpu")
    machine = open_machine(settings)
    said = two_hours(machine, settings).settings()
    assert machine.short is not None
    assert "reading " in machine.short
    assert said["window_bytes"] <= USED_SHARE * said["free_bytes"]
    assert said["window_bytes"] > 0.8 * USED_SHARE * said["free_bytes"]
    free["bytes"] = 4 * GB
    machine = open_machine(settings)
    assert machine.short is not None
    assert machine.short.startswith("Not even a short window fits")


def test_ask_looks_where_it_planned_to() -> None:
    questions = ["when does it spin between 0:01 and 0:04?"]
    planned = plan_ask(RALLY, questions, DEMO, lambda: open_machine(DEMO))
    engine: Engine
    with open_engine(DEMO) as engine:
        reports = list(ask_video(RALLY, questions, DEMO, lambda: engine))
        tokens = engine.outline.window_tokens(planned[0].plan.windows[0].centres_ms, 96, 96)
    for plan, report in zip(planned, reports, strict=True):
        assert report.looked == tuple(window.span for window in plan.plan.windows)
        assert plan.plan.question == report.question
    assert planned[0].tokens_per_window == tokens
    small = replace(DEMO, patch_budget=60)
    (skim,) = plan_ask(RALLY, ["who is it?"], small, lambda: open_machine(small))
    assert skim.plan.skims
    assert skim.settings()["coarse_ms"] == skim.plan.step_ms > 500


def test_index_reads_what_it_planned_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qvtime.tasks.describe.LIST_TOKENS", 4)
    clip = str(make(Clip("steady.mp4", STEADY), tmp_path))
    settings = replace(DEMO, window_ms=1000, max_new_tokens=4)
    planned = plan_describe(clip, settings, open_machine(settings)).settings()
    with open_engine(settings) as engine, open_video(clip) as reader:
        done = describe_video(clip, Session(reader, engine), settings).settings
    for key in ("windows", "window_ms", "granularity_ms"):
        assert planned[key] == done[key]

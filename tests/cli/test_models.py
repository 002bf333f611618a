"""`qvtime models` and `qvtime doctor`, with no network and no GPU, or with planted ones."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest

from qvtime.model import machine
from qvtime.model.machine import CGROUP, Gpu, host_memory, look_around
from qvtime.settings import Settings
from qvtime.tasks.doctor import Finding, examine
from tests.cli.conftest import SHORT, Qvtime


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("QVTIME_MODEL", raising=False)
    return tmp_path / "hub"


def test_the_list_says_what_each_needs_and_who_measured_it(qvtime: Qvtime) -> None:
    table, in_json = qvtime("models"), qvtime("models", "--format", "json")
    assert (table.code, table.stderr, in_json.code) == (0, "", 0)
    listed = {model["name"]: model for model in json.loads(in_json.stdout)["models"]}
    assert len(listed) == 16
    four = listed["Qwen/Qwen3-VL-4B-Instruct"]
    assert four["kv_bytes_per_token"] == 144 * 1024
    assert four["here"] == "no"
    assert four["window_tokens"] == 128 * (112 + 12)  # patches of 448x256 px, each with its time
    assert 4.4e9 * 2 + four["window_tokens"] * 144 * 1024 < four["memory_bytes"] < 14e9
    assert four["published"][0] == {
        "benchmark": "Charades-STA",
        "miou_percent": 55.5,
        "source": "arXiv 2511.21631, tables 2-4",
    }
    assert all(one["source"] for model in listed.values() for one in model["published"])
    for name in listed:
        assert name in table.stdout


def test_a_begun_download_is_listed_as_such(qvtime: Qvtime, empty_cache: Path) -> None:
    snapshot = empty_cache / "models--Qwen--Qwen3-VL-2B-Instruct" / "snapshots" / "0"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    row = next(line for line in qvtime("models").stdout.splitlines() if "2B-Instruct" in line)
    assert row.endswith("part")


def test_getting_without_a_network_says_so(qvtime: Qvtime) -> None:
    ran = qvtime("models", "get", "qwen3-vl-2b-instruct")
    assert (ran.code, ran.stdout) == (5, "")
    assert "Qwen/Qwen3-VL-2B-Instruct is not on this machine and the hub cannot" in ran.stderr


@pytest.mark.parametrize("name", ["../etc", "a/b/c", "/tmp", "-x/y"])
def test_what_no_hub_can_have_is_said(qvtime: Qvtime, name: str) -> None:
    ran = qvtime("models", "get", "--", name)
    assert (ran.code, ran.stdout) == (5, "")
    assert ran.stderr.startswith(f"qvtime: There is no model '{name}': that is not a name on the")


@pytest.mark.parametrize("name", ["demo", "8B", "nobody"])
def test_what_is_no_name_cannot_be_got(qvtime: Qvtime, name: str) -> None:
    assert qvtime("models", "get", name).code == 2


def test_the_doctor_finds_the_demo_model_well(qvtime: Qvtime) -> None:
    ran = qvtime("doctor", "--model", "demo", "--device", "cpu", "--json")
    assert (ran.code, ran.stderr) == (0, "")
    said = json.loads(ran.stdout)
    assert said["schema"] == "qvtime-doctor/1"
    assert said["well"] is True
    assert said["machine"]["versions"]["torch"]
    assert said["decoders"]["ffmpeg"]


def test_the_doctor_says_what_the_processor_is(monkeypatch: pytest.MonkeyPatch) -> None:
    here = replace(look_around(), gpus=())
    for cores, quick, says in ((1, True, "cpu, 1 core,"), (8, False, "cpu, 8 cores, slow with")):
        found = replace(here, cores=cores, cpu_bfloat16=quick, free_bytes=10**9)
        monkeypatch.setattr(machine, "look_around", lambda found=found: found)
        (device,) = (one for one in examine(Settings()).findings if one.what == "device")
        assert device.says.startswith(says)


def test_the_doctor_names_what_is_missing(qvtime: Qvtime) -> None:
    ran = qvtime("doctor", "--device", "cpu", "--kernels", "cuda")
    assert ran.code == 5
    assert "qvtime models get Qwen/Qwen3-VL-4B-Instruct" in ran.stdout
    assert "BAD   kernels" in ran.stdout


def test_the_doctor_chooses_by_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    here = look_around()

    def says(gigabytes: float, **more: Any) -> dict[str, str]:
        gpu = Gpu("cuda:0", "Planted", "9.0", 10**12, int(gigabytes * 1e9))
        found = replace(here, gpus=(gpu,), no_kernels=None)
        monkeypatch.setattr(machine, "look_around", lambda: found)
        return {one.what: one.says for one in examine(Settings(**more)).findings}

    assert "2B-Instruct" in says(10)["choice"]
    assert "30B-A3B-Instruct" in says(78)["choice"]
    assert "235B-A22B-Instruct" in says(600)["choice"]
    assert "only `--model demo`" in says(2)["choice"]
    assert says(10)["device"].startswith("cuda: Planted, 10.0 GB")
    assert "compiled by CuPy" in says(10)["kernels"]
    assert says(10, device="cuda:7")["device"] == "this machine has no cuda:7"


def test_the_doctor_tells_the_window_that_would_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """As much as fits into the memory, as a run would choose it."""
    here = look_around()

    def memory(gigabytes: float) -> Finding:
        gpu = Gpu("cuda:0", "Planted", "9.0", 10**12, int(gigabytes * 1e9))
        found = replace(here, gpus=(gpu,), no_kernels=None)
        monkeypatch.setattr(machine, "look_around", lambda: found)
        examined = examine(Settings(model="Qwen/Qwen3-VL-4B-Instruct"))
        (memory,) = [one for one in examined.findings if one.what == "memory"]
        return memory

    assert memory(24).state == "ok"
    assert "for 128 temporal patches at once (15872 tokens)" in memory(24).says
    short = memory(11)
    assert short.state == "note"
    read = re.search(r"reading ([0-9]+) temporal patches at once, not ([0-9]+)", short.says)
    assert read is not None
    patches, of = read.groups()
    assert 8 <= int(patches) < int(of) == 128
    assert f"for {patches} temporal patches" in short.says
    assert memory(9).state == "bad"
    assert memory(9).says.startswith("Not even a short window fits into the memory of cuda")


def test_a_container_has_the_memory_that_it_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    total, free = host_memory()
    assert total is None or free is None or 0 < free <= total
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    assert CGROUP.is_absolute()
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("400000\n")
    assert host_memory() == (1_000_000, 600_000)
    (tmp_path / "memory.max").write_text("max\n")
    assert host_memory()[0] == machine._meminfo(Path("/proc/meminfo"))[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--dtype", "int3"), "--dtype cannot be int3"),
        (("--quantize", "int2"), "--quantize cannot be int2"),
        (("--device-map", "some"), "--device-map cannot be some"),
        (("--device-map", "auto", "--device", "cpu"), "--device-map auto is for all GPUs"),
    ],
)
def test_weights_that_cannot_be(qvtime: Qvtime, options: tuple[str, ...], words: str) -> None:
    ran = qvtime("ask", SHORT, "what happens at 0:02", "--model", "demo", *options)
    assert (ran.code, ran.stdout) == (2, "")
    assert words in ran.stderr

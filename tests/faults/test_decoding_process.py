"""The decoding process crashes, hangs or outlives its parent: one sentence, nobody left over."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from qvtime.errors import DamagedVideo, VideoOverLimits
from qvtime.settings import Limits
from qvtime.video.child import Child
from qvtime.video.file import check_file
from qvtime.video.pyav import PyavSource
from qvtime.video.screen import LocalReader
from qvtime.video.worker import WorkerReader, open_video
from tests.videos import STEADY, Clip, make, read_number

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(Clip("steady.mp4", STEADY), tmp_path_factory.mktemp("clips"))


def opened(path: Path, limits: Limits | None = None) -> WorkerReader:
    reader = open_video(path, limits=limits)
    assert isinstance(reader, WorkerReader)
    return reader


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def is_gone_soon(process_id: int) -> bool:
    for _ in range(200):
        if not is_alive(process_id):
            return True
        time.sleep(0.05)
    return False


def test_the_process_gives_what_decoding_here_gives(clip: Path) -> None:
    times = sorted([*STEADY, 0, 5, 777, 99999])
    with LocalReader(PyavSource(check_file(clip), Limits())) as here, opened(clip) as there:
        ours, theirs = here.frames_at(times, (64, 32)), there.frames_at(times, (64, 32))
        batches = list(there.batches(times, (64, 32), batch_frames=7))
        assert there.info == here.info
    assert np.array_equal(ours.pixels, theirs.pixels)
    assert np.array_equal(ours.presented_ms, theirs.presented_ms)
    assert [len(batch) for batch in batches[:-1]] == [7] * (len(batches) - 1)
    assert np.array_equal(np.concatenate([batch.pixels for batch in batches]), ours.pixels)


def test_pictures_stay_what_they_were(clip: Path) -> None:
    with opened(clip) as reader:
        first = reader.frames_at([0])
        reader.frames_at([1000])
        assert read_number(first.pixels[0]) == 0
        assert len(reader.frames_at([])) == 0


def test_batches_left_half_way_do_not_disturb_others(clip: Path) -> None:
    with opened(clip) as reader:
        batches = reader.batches(list(STEADY), batch_frames=10)
        assert read_number(next(batches).pixels[0]) == 0
        assert read_number(reader.frames_at([2000]).pixels[0]) == 50
        assert [read_number(picture) for picture in next(batches).pixels] == list(range(10, 20))


def test_expected_pictures_are_decoded_once_and_others_are_not_mixed_up(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[int]] = []
    ask = Child.ask

    def counted(self: Child, times_ms: list[int], width: int, height: int) -> int:
        asked.append(times_ms)
        return ask(self, times_ms, width, height)

    monkeypatch.setattr(Child, "ask", counted)
    with opened(clip) as reader:
        truth = {time_ms: reader.frames_at([time_ms], (64, 32)).pixels for time_ms in (0, 700)}
        asked.clear()
        for expected, size, requests in ((0, (64, 32), 1), (700, (64, 32), 2), (0, (32, 32), 2)):
            reader.expect([expected], size)
            assert np.array_equal(reader.frames_at([0], (64, 32)).pixels, truth[0])
            assert len(asked) == requests
            asked.clear()
        batches = reader.batches([0, 700], (64, 32), batch_frames=1)
        next(batches)
        reader.expect([0], (64, 32))
        assert np.array_equal(next(batches).pixels, truth[700])
        assert np.array_equal(reader.frames_at([0], (64, 32)).pixels, truth[0])
        reader.expect([])


def test_what_goes_wrong_with_expected_pictures_is_said_when_they_are_asked_for(
    clip: Path,
) -> None:
    with opened(clip) as reader:
        os.kill(reader.process_id, signal.SIGSTOP)
        reader.expect([0])
        os.kill(reader.process_id, signal.SIGKILL)
        with pytest.raises(DamagedVideo):
            reader.frames_at([0])


def test_a_closed_reader_has_no_process(clip: Path) -> None:
    reader = opened(clip)
    assert is_alive(reader.process_id)
    reader.close()
    reader.close()
    assert not is_alive(reader.process_id)
    with pytest.raises(ValueError, match="closed"):
        reader.frames_at([0])


def test_a_forgotten_reader_has_no_process(clip: Path) -> None:
    reader = opened(clip)
    process_id = reader.process_id
    del reader
    assert not is_alive(process_id)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
def test_a_crash_is_a_damaged_video(clip: Path, number: signal.Signals) -> None:
    with opened(clip) as reader:
        os.kill(reader.process_id, number)
        with pytest.raises(
            DamagedVideo, match=f"the decoder died on it \\({number.name}\\)"
        ) as died:
            reader.frames_at([0])
        assert died.value.message.startswith(str(clip))
        assert not is_alive(reader.process_id)


def test_too_much_processor_time(clip: Path) -> None:
    with opened(clip) as reader:
        os.kill(reader.process_id, signal.SIGXCPU)
        with pytest.raises(VideoOverLimits, match="too much processor time"):
            reader.frames_at([0])


def test_a_decoder_that_hangs_is_ended(clip: Path) -> None:
    with opened(clip, Limits(stall_seconds=3)) as reader:
        os.kill(reader.process_id, signal.SIGSTOP)
        with pytest.raises(DamagedVideo, match=r"the decoder hangs \(nothing for 3 s\)"):
            reader.frames_at([0])
        assert not is_alive(reader.process_id)


def test_a_decoder_that_takes_too_long_is_ended(clip: Path) -> None:
    with opened(clip, Limits(decode_seconds=3)) as reader:
        os.kill(reader.process_id, signal.SIGSTOP)
        with pytest.raises(VideoOverLimits, match="takes longer than 3 s"):
            reader.frames_at([0])


def test_a_small_memory_is_said(clip: Path) -> None:
    with (
        pytest.raises(VideoOverLimits, match=r"needs more than 0\.6 GiB of memory"),
        opened(clip, Limits(memory_bytes=640 << 20)) as reader,
    ):
        reader.frames_at([0], (5900, 5900))


PARENT = """
import sys, time
from qvtime.video.worker import open_video
with open_video(sys.argv[1]) as reader:
    reader.frames_at([0])
    print(reader.process_id, flush=True)
    for _ in range(10**6):
        reader.frames_at([0, 1000, 2000])
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_when_its_parent_dies(clip: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(clip)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as parent:
        assert parent.stdout is not None
        process_id = int(parent.stdout.readline())
        assert is_alive(process_id)
        parent.send_signal(number)
        parent.wait(20)
    assert is_gone_soon(process_id)


def test_a_process_is_told_no_secrets(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QVTIME_TOKEN", "QVTIME_API_KEY", "HF_TOKEN"):
        monkeypatch.setenv(name, "open-sesame")
    monkeypatch.setenv("TZ", "Europe/Zurich")
    with opened(clip) as reader:
        told = Path(f"/proc/{reader.process_id}/environ").read_bytes()
    assert b"TZ=Europe/Zurich" in told
    assert b"open-sesame" not in told


def test_a_process_inherits_nothing_heavy(clip: Path) -> None:
    code = (
        "import sys\nimport qvtime.video.worker\nimport qvtime.video.sampling\n"
        "print([name for name in ('torch', 'transformers', 'av', 'cv2') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert run.stdout.strip() == b"[]"
    with opened(clip) as reader:
        maps = Path(f"/proc/{reader.process_id}/maps").read_text()
    assert "libavcodec" in maps
    assert "libtorch" not in maps


def test_many_videos_leave_no_descriptors(clip: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with opened(clip) as reader:
            reader.frames_at([0])
    del reader
    assert len(list(Path("/proc/self/fd").iterdir())) <= before

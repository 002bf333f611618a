"""The decoding process as its parent sees it: start it, ask it, wait for it within limits, end it.

A plain interpreter is started, not a copy of this process, so nothing of it is inherited (torch
above all) and nothing of the program's main module runs again. Pictures come back through
anonymous shared memory, which vanishes with the last process that holds it.
"""

import contextlib
import json
import mmap
import os
import select
import signal
import socket
import subprocess
import sys
import time
import weakref
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import qvtime
from qvtime import errors
from qvtime.errors import DamagedVideo, VideoError, VideoOverLimits
from qvtime.frames import Pixels
from qvtime.settings import Limits

CHUNK_BYTES = 32 << 20
"""Pictures cross in chunks of about this size; one picture may be larger."""

CHUNK_PICTURES = 1024

BOOT = (
    "import json, sys; task = json.loads(sys.argv[1]); sys.path[:] = task['sys_path'];"
    "from qvtime.video.decoding import main; main(task)"
)

SECRETS = ("_TOKEN", "_KEY", "_SECRET", "_PASSWORD")
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
    "OPENCV_LOG_LEVEL": "SILENT",
    "MALLOC_ARENA_MAX": "2",
    # Whole pictures are allocated and freed all the time; without these each costs page faults.
    "MALLOC_MMAP_THRESHOLD_": str(64 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(128 << 20),
}


def environment() -> dict[str, str]:
    """What a process that reads an untrusted file is told: no keys and no tokens."""
    return {n: v for n, v in os.environ.items() if not n.endswith(SECRETS)} | ENVIRONMENT


class Child:
    """A decoding process for one file: requests out, replies and pictures in.

    One request is under way at a time. Errors of the child are raised here, as they were there.
    """

    def __init__(self, name: str, path: Path, decoder: str, limits: Limits) -> None:
        self._name = name
        self._path = str(path)
        self._limits = limits
        self._waited_seconds = 0.0
        self._asked = self._answered = 0
        self._pending = b""
        self._bytes = max(CHUNK_BYTES, 3 * limits.frame_pixels)
        shared = os.memfd_create("qvtime-pictures")
        self._socket, far_end = socket.socketpair()
        try:
            os.ftruncate(shared, self._bytes)  # sparse: only pages that are written exist
            self._memory = mmap.mmap(shared, self._bytes)
            task = {
                "path": self._path,
                "decoder": decoder,
                "limits": asdict(limits),
                "socket": far_end.fileno(),
                "shared": shared,
                "shared_bytes": self._bytes,
                "sys_path": import_path(),
            }
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
                [sys.executable, "-I", "-c", BOOT, json.dumps(task)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(far_end.fileno(), shared),
                # A Ctrl-C at the terminal is for the parent alone, which then ends the child.
                start_new_session=True,
                env=environment(),
            )
        except BaseException:
            self._socket.close()
            raise
        finally:
            far_end.close()
            os.close(shared)
        self._end = weakref.finalize(self, _end, self._process, self._socket)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def pictures_per_chunk(self, width: int, height: int) -> int:
        """How many pictures of this size cross at once."""
        if 3 * width * height > self._bytes:
            raise ValueError(f"pictures of {width}x{height} px do not fit the shared memory")
        return max(1, min(CHUNK_PICTURES, CHUNK_BYTES // (3 * width * height)))

    def ask(self, times_ms: list[int], width: int, height: int) -> int:
        """Ask for pictures and give the request's number."""
        return self._send({"times_ms": times_ms, "width_px": width, "height_px": height})

    def ask_subtitles(self, start_ms: int, end_ms: int) -> dict[str, Any]:
        """A stretch of the subtitle track, as `decoding` describes it."""
        self._send({"subtitles": [start_ms, end_ms]})
        return self.answer()

    def _send(self, request: dict[str, Any]) -> int:
        """Send a request and give its number; an answer that nobody fetched is dropped first."""
        while self._answered < self._asked:
            self.answer()
        if not self._end.alive:
            raise ValueError(f"{self._name}: the reader is closed")
        # A child that is gone shows when its answer is awaited.
        with contextlib.suppress(OSError):
            self._socket.sendall(json.dumps(request).encode() + b"\n", socket.MSG_NOSIGNAL)
        self._asked += 1
        return self._asked

    def is_busy_with(self, number: int) -> bool:
        """Whether the request of this number is the one whose answer comes next."""
        return self._answered < self._asked == number

    def answer(self) -> dict[str, Any]:
        """The answer to the request under way."""
        message = self.receive()
        self._answered += 1
        return message

    def pictures(self, count: int, width: int, height: int) -> Pixels:
        """The latest answer's pictures, uint8 [count, height, width, 3], in the shared memory."""
        return np.ndarray((count, height, width, 3), np.uint8, buffer=self._memory)

    def receive(self) -> dict[str, Any]:
        """The child's next message that is not a beat; its errors are raised here."""
        while True:
            message: dict[str, Any] = json.loads(self._line())
            if "error" in message:
                self.kill()
                kind = getattr(errors, message["error"], VideoError)
                raise kind(message["message"].replace(self._path, self._name), message["hint"])
            if "beat" not in message:
                return message

    def kill(self) -> None:
        """End the child now, whatever it is doing; twice is fine."""
        self._end()

    def _line(self) -> bytes:
        while b"\n" not in self._pending:
            self._await()
            try:
                received = self._socket.recv(1 << 16)
            except ConnectionError:
                received = b""
            if not received:
                raise self._died()
            self._pending += received
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _await(self) -> None:
        """Wait until the child says something; what it takes is counted against the deadline.

        Only waiting counts: the caller may take as long as it likes between requests.
        """
        left = max(0.0, self._limits.decode_seconds - self._waited_seconds)
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        began = time.monotonic()
        ready = poll.poll(1000 * min(left, self._limits.stall_seconds))
        self._waited_seconds += time.monotonic() - began
        if ready:
            return
        self.kill()
        if left < self._limits.stall_seconds:
            raise VideoOverLimits(
                f"{self._name}: decoding takes longer than {self._limits.decode_seconds:g} s"
            )
        raise DamagedVideo(
            f"{self._name}: the decoder hangs (nothing for {self._limits.stall_seconds:g} s)"
        )

    def _died(self) -> VideoError:
        self._process.wait()
        status = self._process.returncode
        self.kill()
        if status == -signal.SIGXCPU:
            return VideoOverLimits(f"{self._name}: decoding it takes too much processor time")
        cause = signal.Signals(-status).name if status < 0 else f"status {status}"
        return DamagedVideo(f"{self._name}: the decoder died on it ({cause})")


def _end(process: "subprocess.Popen[bytes]", near_end: socket.socket) -> None:
    process.kill()
    near_end.close()
    process.wait()


def import_path() -> list[str]:
    """Where the child finds the same qvtime and the same packages, never the current folder."""
    home = str(Path(qvtime.__file__).resolve().parent.parent)
    return [home, *(entry for entry in sys.path if entry and entry != home)]

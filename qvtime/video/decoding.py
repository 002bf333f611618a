"""The decoding process: reads one file, writes pictures into shared memory, and can be killed.

It speaks JSON lines over a socket. First line out: the video's facts, or an error. Then one line
out for each line in: {"times_ms", "width_px", "height_px"} in; {"presented_ms", "damage"} out, with
the pictures at the start of the shared memory; or {"error", "message", "hint"}. {"subtitles":
[start in ms, end in ms]} in asks for that stretch of the subtitle track: {"cues", "source",
"dropped"} out, a cue being [start in ms, end in ms, words]. A line {"beat"} may
come at any time and says that the decoder is at work.
"""

import contextlib
import json
import mmap
import os
import queue
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from qvtime.errors import DamagedVideo, QvtimeError, UsageError
from qvtime.settings import Limits
from qvtime.subtitles import Subtitles
from qvtime.timeline import Span
from qvtime.video.confining import confine
from qvtime.video.screen import LocalReader
from qvtime.video.source import Beat, PictureSource

BEAT_SECONDS = 1.0


def main(task: dict[str, Any]) -> None:
    """Serve one video until the parent closes its end; `qvtime.video.child` makes the task."""
    line = socket.socket(fileno=task["socket"])

    def reply(message: dict[str, Any]) -> None:
        line.sendall(json.dumps(message).encode() + b"\n")

    requests: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(line, requests), daemon=True).start()
    limits = Limits(**task["limits"])
    with _errors_told(reply, task["path"], limits):
        open_source = _backend(task["decoder"])
        from qvtime.video.track import read_track  # before memory is capped

        memory = mmap.mmap(task["shared"], task["shared_bytes"])
        _confine(limits)
        path, beat = Path(task["path"]), _beat(reply)
        source = open_source(path, limits, beat)
        reply({"info": asdict(source.info), "damage": source.damage})
        read_subtitles = partial(read_track, path, limits=limits, beat=beat)
        _serve(LocalReader(source), requests, memory, reply, read_subtitles)


def _serve(
    reader: LocalReader,
    requests: "queue.SimpleQueue[str]",
    memory: mmap.mmap,
    reply: Callable[[dict[str, Any]], None],
    read_subtitles: Callable[[Span], Subtitles],
) -> None:
    while True:
        request = json.loads(requests.get())
        if "subtitles" in request:
            found = read_subtitles(Span(*request["subtitles"]))
            cues = [[cue.span.start_ms, cue.span.end_ms, cue.text] for cue in found]
            reply({"cues": cues, "source": found.source, "dropped": found.dropped})
            continue
        times = request["times_ms"]
        shape = (len(times), request["height_px"], request["width_px"], 3)
        pixels = np.ndarray(shape, np.uint8, buffer=memory)
        presented = reader.read_into(pixels, times)
        reply({"presented_ms": presented, "damage": reader.damage})


def _backend(decoder: str) -> Callable[[Path, Limits, Beat], PictureSource]:
    if decoder == "pyav":
        from qvtime.video.pyav import PyavSource

        return PyavSource
    if decoder == "opencv":
        from qvtime.video.opencv import OpencvSource

        return OpencvSource
    raise UsageError(f"there is no decoder {decoder!r}", "use pyav or opencv")


def _listen(line: socket.socket, requests: "queue.SimpleQueue[str]") -> None:
    """Pass on the parent's lines; its end closing, however it died, ends this process at once."""
    with contextlib.suppress(OSError), line.makefile("r", encoding="ascii") as requested:
        for request in requested:
            requests.put(request)
    os._exit(0)


def _confine(limits: Limits) -> None:
    """Cap this process after its imports: memory, processor time, no writing, no core dump."""
    cores = min(4, len(os.sched_getaffinity(0)))
    seconds = int(limits.decode_seconds * cores) + 10
    confine(
        {
            resource.RLIMIT_AS: limits.memory_bytes,
            resource.RLIMIT_CPU: seconds,
            resource.RLIMIT_FSIZE: 0,
            resource.RLIMIT_CORE: 0,
        }
    )
    sys.dont_write_bytecode = True


def _beat(reply: Callable[[dict[str, Any]], None]) -> Beat:
    due = time.monotonic() + BEAT_SECONDS

    def beat() -> None:
        nonlocal due
        now = time.monotonic()
        if now >= due:
            due = now + BEAT_SECONDS
            reply({"beat": True})

    return beat


@contextlib.contextmanager
def _errors_told(
    reply: Callable[[dict[str, Any]], None], path: str, limits: Limits
) -> Iterator[None]:
    """Whatever goes wrong becomes one reply; nothing is printed."""
    try:
        yield
    except QvtimeError as error:
        failure = error
    except MemoryError:
        from qvtime.video.probe import too_much_memory

        failure = too_much_memory(path, limits)
    except Exception as error:  # noqa: BLE001 - the border of the process: all of it is reported
        failure = DamagedVideo(f"{path}: the decoder failed: {type(error).__name__}: {error}")
    else:
        return
    reply({"error": type(failure).__name__, "message": failure.message, "hint": failure.hint})

"""A video as qvtime reads it: a hostile file can crash or hang its decoder, not this process.

`open_video` looks at the file from outside, and gives a reader whose decoder is a process of its
own (qvtime.video.child). Pictures are asked for in chunks that fit the memory both share; while
one is copied out, the next is decoded.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from qvtime.errors import UsageError
from qvtime.frames import FrameBatch, VideoInfo
from qvtime.settings import DECODERS, Limits
from qvtime.subtitles import ALL_TIME, Cue, Subtitles
from qvtime.timeline import Span
from qvtime.video.child import Child
from qvtime.video.file import check_file
from qvtime.video.reader import SizeRule, VideoReader, check_times, chosen_size, pieces


def open_video(
    path: str | os.PathLike[str], decoder: str = "pyav", limits: Limits | None = None
) -> VideoReader:
    """Open a video for reading; the only way in for the rest of qvtime.

    `decoder` is "pyav" or "opencv". Raises a VideoError that says in one sentence why the file
    cannot be used, UsageError when there is no such decoder. Close the reader, or use `with`.
    """
    if decoder not in DECODERS:
        raise UsageError(f"there is no decoder {decoder!r}", f"use {' or '.join(DECODERS)}")
    limits = limits or Limits()
    return WorkerReader(os.fspath(path), check_file(path), decoder, limits)


class WorkerReader(VideoReader):
    """A reader whose decoder runs in a child process."""

    def __init__(self, name: str, path: Path, decoder: str, limits: Limits) -> None:
        self._name = name
        self._child = Child(name, path, decoder, limits)
        try:
            hello = self._child.receive()
        except BaseException:
            self._child.kill()
            raise
        self._info = replace(VideoInfo(**hello["info"]), path=name)
        self._damage: tuple[str, ...] = tuple(hello["damage"])
        self._expected: tuple[int, list[int], int, int] | None = None
        """Ticket, moments, width and height of what is decoded ahead."""

    @property
    def process_id(self) -> int:
        """The decoding process, for whoever watches over processes."""
        return self._child.pid

    @property
    def info(self) -> VideoInfo:
        return self._info

    @property
    def damage(self) -> tuple[str, ...]:
        return (*self._damage, *self.spoken.damage)

    def frames_at(self, times_ms: Sequence[int], size_px: SizeRule = None) -> FrameBatch:
        times = check_times(times_ms)
        return next(self._read([times], *chosen_size(size_px, self._info)))

    def batches(
        self, times_ms: Sequence[int], size_px: SizeRule = None, batch_frames: int = 64
    ) -> Iterator[FrameBatch]:
        """As VideoReader says; the child decodes the next batch while this one is worked on."""
        size = chosen_size(size_px, self._info)
        return self._read(list(pieces(times_ms, batch_frames)), *size)

    def expect(self, times_ms: Sequence[int], size_px: SizeRule = None) -> None:
        """As VideoReader says: the child begins with the first chunk of them."""
        width, height = chosen_size(size_px, self._info)
        first = next(pieces(times_ms, self._child.pictures_per_chunk(width, height)), None)
        if first is not None:
            self._expected = (self._child.ask(first, width, height), first, width, height)

    def embedded_subtitles(self, within: Span | None = None) -> Subtitles:
        span = within or ALL_TIME
        answer = self._child.ask_subtitles(span.start_ms, span.end_ms)
        cues = (Cue(Span(start, end), text) for start, end, text in answer["cues"])
        return Subtitles(tuple(cues), answer["source"], answer["dropped"])

    def close(self) -> None:
        self._child.kill()

    def _read(self, batches: list[list[int]], width: int, height: int) -> Iterator[FrameBatch]:
        per_chunk = self._child.pictures_per_chunk(width, height)
        chunks = [
            (number, chunk)
            for number, times in enumerate(batches)
            for chunk in pieces(times, per_chunk)
        ]
        ticket = self._begin(chunks[0][1], width, height) if chunks else 0
        position = 0
        for number, times in enumerate(batches):
            pixels = np.empty((len(times), height, width, 3), np.uint8)
            presented: list[int] = []
            while position < len(chunks) and chunks[position][0] == number:
                if not self._child.is_busy_with(ticket):  # other frames were asked in between
                    ticket = self._child.ask(chunks[position][1], width, height)
                answer = self._child.answer()
                count = len(chunks[position][1])
                # Copied out, so that the next chunk can be decoded into the same memory.
                start = len(presented)
                pixels[start : start + count] = self._child.pictures(count, width, height)
                presented += answer["presented_ms"]
                self._damage = tuple(answer["damage"])
                position += 1
                if position < len(chunks):
                    ticket = self._child.ask(chunks[position][1], width, height)
            yield FrameBatch(
                pixels,
                np.array(times, np.int64),
                np.array(presented, np.int64),
                self._damage,
            )

    def _begin(self, times: list[int], width: int, height: int) -> int:
        """The ticket of these pictures, which may have been begun already."""
        expected, self._expected = self._expected, None
        if expected is not None and expected[1:] == (times, width, height):
            return expected[0]  # `_read` asks again where other pictures came in between
        return self._child.ask(times, width, height)

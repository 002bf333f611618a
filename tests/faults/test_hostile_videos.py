"""Files that are not what they seem: one clear sentence each, quickly, and nothing else touched."""

import os
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from qvtime.errors import NotAVideo, UsageError, VideoError, VideoNotFound, VideoOverLimits
from qvtime.settings import Limits
from qvtime.video.file import check_file
from qvtime.video.opencv import OpencvSource
from qvtime.video.pyav import PyavSource
from qvtime.video.screen import LocalReader
from qvtime.video.worker import open_video
from tests.videos import STEADY, Clip, make, read_number

STEADY_CLIP = Clip("steady.mp4", STEADY)


def open_here(path: Path, limits: Limits | None = None) -> LocalReader:
    return LocalReader(PyavSource(check_file(path), limits or Limits()))


def numbers(reader: LocalReader, times_ms: list[int]) -> list[int]:
    return [read_number(picture) for picture in reader.frames_at(times_ms).pixels]


DISGUISED = {
    "text.mp4": b"Dear reader,\n" * 50,
    "page.mp4": b"<!doctype html><html><body>hello</body></html>",
    "data.mp4": b'{"segments": []}',
    "archive.mp4": b"PK\x03\x04" + bytes(400),
    "zeros.mp4": bytes(4096),
    "list.mp4": b"ffconcat version 1.0\nfile steady.mp4\n",
    "stream.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsteady.mp4\n#EXT-X-ENDLIST\n",
    "drawing.mp4": b"\x1b[31mANSI art\x1b[0m\n" * 40,
    "raw.mp4": b"\x00\x00\x00\x01\x09\xf0" * 100,
}


@pytest.mark.parametrize("name", DISGUISED)
def test_other_things_named_mp4(name: str, tmp_path: Path) -> None:
    make(STEADY_CLIP, tmp_path)
    path = tmp_path / name
    path.write_bytes(DISGUISED[name])
    with pytest.raises(NotAVideo, match=name):
        open_here(path)


def test_a_still_picture_named_mp4(tmp_path: Path) -> None:
    path = tmp_path / "still.mp4"
    path.write_bytes(png(64, 48))
    with pytest.raises(NotAVideo, match=r"still\.mp4"):
        open_here(path)


def test_missing_folder_empty_and_unreadable_names(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "dangling.mp4").symlink_to(tmp_path / "nowhere")
    with pytest.raises(VideoNotFound, match=r"nothing\.mp4: there is no such file"):
        open_video(tmp_path / "nothing.mp4")
    with pytest.raises(VideoNotFound, match=r"dangling\.mp4"):
        open_video(tmp_path / "dangling.mp4")
    with pytest.raises(NotAVideo, match="is a folder"):
        open_video(tmp_path)
    with pytest.raises(NotAVideo, match="is empty"):
        open_video(tmp_path / "empty.mp4")
    with pytest.raises(VideoNotFound, match="not a path"):
        open_video("a\0b.mp4")
    with pytest.raises(UsageError, match="no decoder 'vlc'"):
        open_video(tmp_path / "empty.mp4", decoder="vlc")


@pytest.mark.timeout(10)
def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    with pytest.raises(NotAVideo, match="not a regular file"):
        open_video(pipe)


def test_names_that_other_readers_misread(tmp_path: Path) -> None:
    source = make(STEADY_CLIP, tmp_path)
    for name in (
        "-dash.mp4",
        "http:clip.mp4",
        "concat:a|b.mp4",
        "%03d.mp4",
        "né\n歌.mp4",
        "no-ending",
    ):
        path = tmp_path / name
        path.write_bytes(source.read_bytes())
        with open_here(path) as reader:
            assert numbers(reader, [1000]) == [25]
    raw = os.fsencode(tmp_path) + b"/caf\xe9-\xff.mp4"
    Path(os.fsdecode(raw)).write_bytes(source.read_bytes())
    with open_video(os.fsdecode(raw)) as opened:
        assert read_number(opened.frames_at([1000]).pixels[0]) == 25


def test_a_link_that_the_user_names_is_followed(tmp_path: Path) -> None:
    make(STEADY_CLIP, tmp_path)
    (tmp_path / "link.mp4").symlink_to("steady.mp4")
    with open_here(tmp_path / "link.mp4") as reader:
        assert numbers(reader, [1000]) == [25]


def test_audio_only(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), "fltp", "mono")
        sound.sample_rate = 16000
        container.mux(stream.encode(sound) + stream.encode(None))
    with pytest.raises(NotAVideo, match="no video in it, only audio"):
        open_here(path)


@contextmanager
def web_server() -> Iterator[tuple[int, list[str]]]:
    hits: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, hits
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("decoder", ["pyav", "opencv"])
def test_nothing_is_fetched_from_the_network(decoder: str, tmp_path: Path) -> None:
    with web_server() as (port, hits):
        url = f"http://127.0.0.1:{port}/a.ts"
        path = tmp_path / "playlist.mp4"
        for text in (
            f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n",
            f"ffconcat version 1.0\nfile '{url}'\n",
        ):
            path.write_text(text)
            with pytest.raises(NotAVideo):
                open_video(path, decoder)
        with pytest.raises(VideoNotFound):
            open_video(url, decoder)
    assert hits == []


def png(width: int, height: int) -> bytes:
    """A black PNG, made line by line."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    deflate = zlib.compressobj(1)
    line = bytes(3 * width + 1)
    data = b"".join(deflate.compress(line) for _ in range(height)) + deflate.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("claimed", [3000, 64])
def test_pictures_beyond_the_cap(claimed: int, tmp_path: Path) -> None:
    path = tmp_path / "huge.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=1)
        stream.width = stream.height = claimed
        stream.pix_fmt = "rgb24"
        stream.codec_context.open()
        packet = av.Packet(png(3000, 3000))
        packet.stream, packet.time_base = stream, Fraction(1)
        packet.pts = packet.dts = 0
        packet.is_keyframe = True
        container.mux(packet)
    with pytest.raises(VideoOverLimits, match=r"3000x3000 px, the cap is 1000000 px"):
        open_here(path, Limits(frame_pixels=1_000_000))
    with open_here(path, Limits(frame_pixels=10_000_000)) as reader:
        assert reader.frames_at([0]).pixels.shape == (1, 3000, 3000, 3)


def test_longer_than_the_caps(tmp_path: Path) -> None:
    path = make(STEADY_CLIP, tmp_path)
    with pytest.raises(VideoOverLimits, match="lasts 2 s, the cap is 1 s"):
        open_here(path, Limits(duration_ms=1000))
    with (
        open_here(path, Limits(frames=10)) as reader,
        pytest.raises(VideoOverLimits, match="more than 10 pictures"),
    ):
        reader.frames_at([0, 2000])


def test_a_header_that_lies_about_the_length(tmp_path: Path) -> None:
    path = make(STEADY_CLIP, tmp_path)
    data = bytearray(path.read_bytes())
    for box, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20), (b"stts", 12)):
        struct.pack_into(">I", data, data.index(box) + offset, 0x7FFFFFFF)
    path.write_bytes(data)
    with open_here(path) as reader:
        assert reader.info.duration_ms == 2400
        assert (reader.info.claimed_frames or 0) > 10**6
        assert numbers(reader, [0, 1000, 2360, 10**9]) == [0, 25, 59, 59]


def test_cut_off_files_are_read_to_where_they_end(tmp_path: Path) -> None:
    clip = Clip("cut.mkv", STEADY)
    whole = make(clip, tmp_path).read_bytes()
    cut = tmp_path / "cut.mkv"
    ends: list[int] = []
    for part in range(6, 20):
        cut.write_bytes(whole[: len(whole) * part // 20])
        with open_here(cut) as reader:
            end_ms = reader.info.duration_ms
            shown = numbers(reader, [time_ms for time_ms in STEADY if time_ms < end_ms])
            assert shown == list(range(len(shown)))
            if end_ms < 2100:
                assert reader.damage[0].startswith(f"ends at {end_ms / 1000:.2f} s of the 2.40 s")
        ends.append(end_ms)
    assert ends[0] < 1000 < ends[-1]
    assert all(earlier <= later for earlier, later in pairwise(ends))


def test_an_mp4_cut_off_behind_its_header(tmp_path: Path) -> None:
    clip = Clip("cut.mp4", STEADY, muxer=(("movflags", "faststart"),))
    path = make(clip, tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - (len(data) - data.index(b"mdat")) // 2])
    with open_here(path) as reader:
        assert reader.info.duration_ms < 1800
        assert "of the 2.40 s it claims" in reader.damage[0]
        assert numbers(reader, [0, 400]) == [0, 10]


def test_an_mp4_cut_off_before_its_header(tmp_path: Path) -> None:
    path = make(STEADY_CLIP, tmp_path)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(NotAVideo, match=r"steady\.mp4"):
        open_here(path)


def test_a_hole_in_the_middle_is_survived_and_counted(tmp_path: Path) -> None:
    with open_here(clip_with_a_hole(tmp_path)) as reader:
        batch = reader.frames_at(list(STEADY))
    read = [read_number(picture) for picture in batch.pixels]
    assert read[:30] == list(range(30))
    assert set(read[30:50]) <= {-1, *range(29, 51)}
    assert read[50:] == list(range(50, 60))
    assert batch.damage == ("20 packets could not be decoded",)


def test_opencv_says_where_it_gave_up(tmp_path: Path) -> None:
    with LocalReader(OpencvSource(clip_with_a_hole(tmp_path), Limits())) as reader:
        batch = reader.frames_at(list(STEADY))
    read = [read_number(picture) for picture in batch.pixels]
    assert read == [*range(30), *[29] * 30]
    assert batch.damage == ("nothing after 1.16 s could be decoded",)


def test_damage_does_not_depend_on_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip_with_a_hole(tmp_path, until=38)
    seen = []
    for cores in (1, 2, 4):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: set(range(cores)))
        with open_here(path) as reader:
            batch = reader.frames_at(list(STEADY))
        seen.append((batch.pixels.tobytes(), batch.presented_ms.tolist(), batch.damage))
    assert seen[0] == seen[1] == seen[2]


ALL_IN_TENS = (("g", "10"), ("bf", "0"), ("sc_threshold", "0"))


def clip_with_a_hole(folder: Path, until: int = 50) -> Path:
    """A clip whose pictures from the 30th on are zeros; every tenth is a keyframe."""
    path = make(Clip("hole.mp4", STEADY, options=ALL_IN_TENS), folder)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for packet in packets[30:until]:
        assert packet.pos is not None
        data[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    path.write_bytes(data)
    return path


def test_only_broken_packets(tmp_path: Path) -> None:
    path = make(STEADY_CLIP, tmp_path)
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    size = struct.unpack_from(">I", data, start - 8)[0] - 8
    data[start : start + size] = b"\xff" * size
    path.write_bytes(data)
    with pytest.raises(VideoError, match=r"decoded|no pictures") as refused:
        open_here(path)
    assert refused.value.exit_code == 3

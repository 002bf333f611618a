"""SRT and WebVTT: what is written reads back by hand, in FFmpeg, and in pysubs2."""

import html
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import av
import pysubs2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qvtime import formats
from qvtime.errors import UsageError
from qvtime.formats.cue import SHORTEST_CUE_MS
from qvtime.formats.srt import escape
from qvtime.plain_text import one_line
from qvtime.report import Report
from qvtime.timeline import Event, Span

HOUR_MS = 3_600_000
PYSUBS2_TIME = re.compile(r"\d\d:\d\d\.\d\d")
Cues = list[tuple[int, int, str]]


def report(*events: tuple[int, int, str]) -> Report:
    made = tuple(Event(Span(start, end), caption) for start, end, caption in events)
    return Report("clip.mp4", "what happens?", "it does", made, "demo")


def read_by_hand(text: str) -> Cues:
    """Cues of SRT or WebVTT, read strictly: number, times, one line, blank line."""
    body = text.removeprefix("WEBVTT\n\nNOTE written by qvtime\n").removeprefix("\n")
    blocks = body.split("\n\n") if body else []
    cues = []
    for number, block in enumerate(blocks, 1):
        index, times, line = block.rstrip("\n").split("\n")
        marked = number == 1 and not text.startswith("WEBVTT")
        assert index == ("00000001" if marked else str(number))
        found = re.fullmatch(
            r"(\d{2,}):([0-5]\d):([0-5]\d)[.,](\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)[.,](\d{3})",
            times,
        )
        assert found
        numbers = [int(group) for group in found.groups()]
        start_ms, end_ms = (
            ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest
            for hours, minutes, seconds, rest in (numbers[:4], numbers[4:])
        )
        cues.append((start_ms, end_ms, line))
    return cues


def read_by_ffmpeg(path: Path) -> Cues:
    """Cues as FFmpeg's demuxers find them."""
    with av.open(str(path)) as container:
        return [
            (packet.pts, packet.pts + packet.duration, bytes(packet).decode())
            for packet in container.demux(container.streams.subtitles[0])
            if packet.pts is not None and packet.duration is not None
        ]


NASTY = (
    "a --> b",
    "00:00:01,000 --> 00:00:02,000",
    "0:0:0.0000:0:0.0",
    "from 00:01.000 to 00:02.000",
    "first\n\nsecond\r\nthird\u2028fourth",
    "<b>bold</b> & <script>x</script> <v Bob>hi",
    "{\\an8}top {x} \\N \\h",
    "שלום \u202eevil\u202c עולם",
    "nul\x00 esc\x1b]0;x\x07 c1\x9b",
    "7",
    "WEBVTT",
    "NOTE hidden",
    "STYLE",
    "  spaces  \t",
    "",
    "\n\n",
    "\ufeffbom",
    "&amp; &lt;i&gt; &#60;",
    "\ud800lone",
    "👨\u200d👩\u200d👧 家",
    "-",
    "->->-->",
)


def test_the_text_of_both_formats() -> None:
    made = report((167_500, 169_000, "the <red> circle & co\njumps"), (3_500, 5_000, "it spins"))
    assert formats.write(made, "srt") == (
        "00000001\n00:00:03,500 --> 00:00:05,000\nit spins\n"
        "\n2\n00:02:47,500 --> 00:02:49,000\nthe ‹red› circle & co jumps\n"
    )
    assert formats.write(made, "vtt") == (
        "WEBVTT\n"
        "\nNOTE written by qvtime\n"
        "\n1\n00:00:03.500 --> 00:00:05.000\nit spins\n"
        "\n2\n00:02:47.500 --> 00:02:49.000\nthe &lt;red&gt; circle &amp; co jumps\n"
    )
    assert formats.write(report(), "srt") == ""
    assert formats.write(report(), "vtt") == "WEBVTT\n\nNOTE written by qvtime\n"


def test_any_hour_and_any_length() -> None:
    made = report((123 * HOUR_MS, 123 * HOUR_MS + 1, "late and short"))
    for name in ("srt", "vtt"):
        text = formats.write(made, name)
        assert read_by_hand(text) == [
            (123 * HOUR_MS, 123 * HOUR_MS + SHORTEST_CUE_MS, "late and short")
        ]


def test_subtitles_are_of_one_video() -> None:
    other = Report("other.mp4", "what?", "x", (), "demo")
    for name in ("srt", "vtt"):
        with pytest.raises(UsageError, match="one video"):
            formats.write((report(), other), name)
    twice = formats.write((report((5, 500, "b")), report((1, 400, "a"))), "srt")
    assert [line for _, _, line in read_by_hand(twice)] == ["a", "b"]


def check(made: Report, folder: Path) -> None:
    """Write the report in both formats and read it back in every reader."""
    expected = sorted(
        {
            (
                event.span.start_ms,
                max(event.span.end_ms, event.span.start_ms + SHORTEST_CUE_MS),
                one_line(event.caption) or "(event)",
            )
            for event in made.events
        }
    )
    times = [(start_ms, end_ms) for start_ms, end_ms, _ in expected]
    lines = [line for _, _, line in expected]
    srt, vtt = formats.write(made, "srt"), formats.write(made, "vtt")

    by_hand = read_by_hand(srt)
    assert [cue[:2] for cue in by_hand] == times
    assert [cue[2] for cue in by_hand] == [escape(line) for line in lines]
    by_hand = read_by_hand(vtt)
    assert [cue[:2] for cue in by_hand] == times
    assert [html.unescape(cue[2]) for cue in by_hand] == lines
    assert not re.search(r"<|-->", "".join(cue[2] for cue in by_hand))

    for name, text in (("srt", srt), ("vtt", vtt)):
        path = folder / f"x.{name}"
        path.write_bytes(text.encode())
        by_ffmpeg = read_by_ffmpeg(path)
        assert [cue[:2] for cue in by_ffmpeg] == times
        assert [cue[2] for cue in by_ffmpeg] == [cue[2] for cue in read_by_hand(text)]

    if all(end_ms < 100 * HOUR_MS for _, end_ms in times):  # pysubs2 misreads later ones
        events = pysubs2.SSAFile.from_string(srt, format_="srt").events
        assert [(event.start, event.end) for event in events] == times
        assert [event.plaintext for event in events] == [escape(line) for line in lines]
        if any(len(PYSUBS2_TIME.findall(line)) > 1 for line in lines):
            return  # it takes such a line for the line of times, which WebVTT does not
        events = pysubs2.SSAFile.from_string(vtt, format_="vtt").events
        assert [(event.start, event.end) for event in events] == times


@pytest.mark.parametrize("caption", NASTY)
def test_nasty_captions(caption: str, tmp_path: Path) -> None:
    check(report((1000, 2000, caption), (3000, 3001, caption), (4000, 6000, "after")), tmp_path)


moments = st.integers(0, 101 * HOUR_MS)
cues = st.tuples(moments, st.integers(1, 100_000), st.text() | st.sampled_from(NASTY)).map(
    lambda cue: (cue[0], cue[0] + cue[1], cue[2])
)


@settings(deadline=None)
@given(st.lists(cues, min_size=1, max_size=6))
def test_what_is_written_reads_back(events: list[tuple[int, int, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        check(report(*events), Path(folder))


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="no ffprobe on this machine")
@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_ffprobe_agrees(name: str, tmp_path: Path) -> None:
    captions = [caption for caption in NASTY if one_line(caption)]
    made = report(*((n * 2000, n * 2000 + 1500, caption) for n, caption in enumerate(captions)))
    path = tmp_path / f"x.{name}"
    path.write_bytes(formats.write(made, name).encode())
    command = ["ffprobe", "-v", "error", "-show_packets", "-of", "json", str(path)]
    packets = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["packets"]
    assert [(p["pts"], p["duration"]) for p in packets] == [
        (n * 2000, 1500) for n in range(len(captions))
    ]

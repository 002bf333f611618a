"""JSON, CSV, segments and text; which format a name means."""

import base64
import csv
import io
import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime import formats
from qvtime.errors import UsageError
from qvtime.evaluation.readers import read_file
from qvtime.formats.csv import COLUMNS
from qvtime.frames import VideoInfo
from qvtime.report import Report
from qvtime.timeline import Event, Span

VIDEO = VideoInfo(
    path="clip.mp4",
    decoder="pyav",
    container="mov,mp4,m4a,3gp,3g2,mj2",
    codec="h264",
    width_px=640,
    height_px=360,
    duration_ms=210_000,
    time_origin_ms=0,
    first_frame_ms=0,
    claimed_duration_ms=210_000,
    claimed_fps=25.0,
    claimed_frames=5250,
)
REPORT = Report(
    path="clip.mp4",
    question="what happens at 2:48?",
    answer="The red circle jumps at <time>00:02:47.5</time>.",
    events=(Event(Span(167_500, 169_000), "The red circle jumps", 0.93125),),
    model="demo",
    video=VIDEO,
    settings={"decoder": "pyav", "max_new_tokens": 256},
    timings_ms={"decode": 41, "answer": 312},
    looked=(Span(164_000, 172_000),),
    granularity_ms=500,
)
texts = st.text() | st.text(st.characters())  # the second with lone surrogates
spans = st.tuples(st.integers(0, 10**9), st.integers(1, 10**7)).map(
    lambda s: Span(s[0], s[0] + s[1])
)
scores = st.none() | st.floats(0, 1) | st.sampled_from((float("nan"), float("inf")))
events = st.builds(Event, spans, texts, scores, st.sampled_from(("seen", "subtitle")))
paths = st.binary(min_size=1, max_size=40).filter(lambda name: b"\0" not in name).map(os.fsdecode)
reports = st.builds(
    Report,
    paths,
    texts,
    texts,
    st.lists(events, max_size=4).map(tuple),
    texts,
    damage=st.lists(texts, max_size=2).map(tuple),
)


def refuse(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def strict(text: str) -> dict[str, object]:
    """The object in a text, as a parser reads it that keeps to the letter of JSON."""
    assert text.isascii()
    # A lone surrogate is an escape that many parsers refuse.
    assert not re.search(r"(?<!\\)(?:\\\\)*\\ud[89ab]..(?!\\ud[c-f])", text)
    document = json.loads(text, parse_constant=refuse)
    assert isinstance(document, dict)
    return document


def test_the_document() -> None:
    document = strict(formats.write(REPORT, "json"))
    assert list(document) == [
        *("schema", "video", "question", "answer", "events", "model", "granularity_ms", "looked"),
        *("settings", "damage", "timings_ms"),
    ]
    assert document["schema"] == "qvtime/1"
    assert document["events"] == [
        {
            "start_ms": 167_500,
            "end_ms": 169_000,
            "start": "00:02:47.500",
            "end": "00:02:49.000",
            "caption": "The red circle jumps",
            "score": 0.9313,
            "source": "seen",
        }
    ]
    assert document["looked"] == [
        {"start_ms": 164_000, "end_ms": 172_000, "start": "00:02:44.000", "end": "00:02:52.000"}
    ]
    video = document["video"]
    assert isinstance(video, dict)
    assert video["path"] == "clip.mp4"
    assert video["duration_ms"] == 210_000
    assert set(video) == set(VideoInfo.__slots__)


def test_the_example_in_the_docs_is_what_is_written() -> None:
    page = (Path(__file__).parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")
    for name in ("json", "srt", "vtt", "csv", "segments", "text"):
        example = re.search(rf"<!-- example:{name} -->\n```\w*\n(.*?)```", page, re.DOTALL)
        assert example, name
        assert example[1] == formats.write(REPORT, name)
    for name in formats.FORMATS:
        assert f"`{name}`" in page


def test_several_reports_are_one_object_a_line() -> None:
    for name in ("json", "jsonl"):
        lines = formats.write((REPORT, REPORT), name).splitlines()
        assert len(lines) == 2
        assert strict(lines[0]) == strict(formats.write(REPORT, "json"))
    assert len(formats.write(REPORT, "jsonl").splitlines()) == 1


def test_a_name_of_any_bytes_survives() -> None:
    name = b"caf\xe9-\xff\n\x1b.mp4"
    made = Report(os.fsdecode(name), "q", "a", (), "demo")
    video = strict(formats.write(made, "json"))["video"]
    assert isinstance(video, dict)
    assert base64.b64decode(video["path_bytes_b64"]) == name
    for format_name in formats.FORMATS:
        formats.write(made, format_name).encode()
    assert "caf\\xe9" in formats.write((made, made), "text")
    plain = strict(formats.write(Report("视频.mp4", "q", "a", (), "demo"), "json"))["video"]
    assert plain == {"path": "视频.mp4"}


@given(st.lists(reports, min_size=1, max_size=3))
def test_any_report_is_written_in_every_format(made: list[Report]) -> None:
    lines = formats.write(made, "jsonl").splitlines()
    assert len(lines) == len(made)
    for line, report in zip(lines, made, strict=True):
        document = strict(line)
        video = document["video"]
        assert isinstance(video, dict)
        name = os.fsencode(report.path)
        if "path_bytes_b64" in video:
            assert base64.b64decode(video["path_bytes_b64"]) == name
        else:
            assert video["path"].encode() == name
        assert document["question"] == report.question
        read = document["events"]
        assert isinstance(read, list)
        assert [(e["start_ms"], e["end_ms"], e["caption"]) for e in read] == [
            (e.span.start_ms, e.span.end_ms, e.caption) for e in report.events
        ]
    for format_name in ("text", "csv", "segments"):
        formats.write(made, format_name).encode()


@given(st.lists(reports, min_size=1, max_size=3))
def test_csv_reads_back(made: list[Report]) -> None:
    text = formats.write(made, "csv")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == list(COLUMNS)
    expected = [
        [r.shown_path, r.question, str(e.span.start_ms), str(e.span.end_ms), e.caption, e.source]
        for r in made
        for e in r.events
    ]
    assert [[*row[:4], row[6], row[8]] for row in rows[1:]] == expected


@given(st.lists(events, max_size=5))
def test_segments_read_back(tmp_path_factory: pytest.TempPathFactory, made: list[Event]) -> None:
    report = Report("some/clip.one.mp4", "q", "a", tuple(made), "demo")
    file = tmp_path_factory.getbasetemp() / "clip.segments.json"
    file.write_text(formats.write(report, "segments"), "utf-8")
    reading = read_file(str(file), is_truth=True)
    (entry,) = reading.entries
    assert (entry.video, reading.mistakes.counts) == ("clip.one", {})
    assert [
        (Span(round(1000 * one.start_s), round(1000 * one.end_s)), one.caption)
        for one in entry.intervals
    ] == [(e.span, e.caption) for e in sorted(report.events, key=lambda e: e.span)]


def test_text_for_people() -> None:
    made = Report(
        "clip.mp4",
        "q",
        "a\x1b[0m\nb",
        (Event(Span(0, 1), "x\ny", None, "subtitle"),),
        "demo",
        damage=("3 packets were lost",),
        looked=(Span(0, 5_000), Span(10_000, 15_000)),
    )
    assert formats.write(made, "text") == (
        "00:00:00.0 - 00:00:00.0  x y [subtitle]\n"
        "a[0m b\n"
        "(looked at 00:00:00.0 - 00:00:05.0 and 00:00:10.0 - 00:00:15.0 in 2 windows,"
        " model demo)\n"
        "damage: 3 packets were lost\n"
    )
    two = formats.write((REPORT, REPORT), "text")
    assert two.count("clip.mp4: what happens at 2:48?\n") == 2
    assert "\n\n" in two


@given(reports)
def test_text_holds_no_controls(made: Report) -> None:
    text = formats.write(made, "text")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


@pytest.mark.parametrize(
    ("name", "format_name"),
    [
        ("a.txt", "text"),
        ("a.json", "json"),
        ("a.JSONL", "jsonl"),
        ("a.srt", "srt"),
        ("a.mp4.vtt", "vtt"),
        ("/x.srt/a.csv", "csv"),
        ("a.segments.json", "segments"),
    ],
)
def test_the_ending_names_the_format(name: str, format_name: str) -> None:
    assert formats.format_of(name) == format_name
    assert formats.format_of(Path(name)) == format_name


@pytest.mark.parametrize("name", ["a", "a.mp4", "a.srt.gz", "srt", "", ".", "a."])
def test_an_unknown_ending_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(UsageError, match="names no format") as caught:
        formats.format_of(name)
    assert caught.value.hint is not None
    assert all(ending in caught.value.hint for ending in (".srt", ".json", ".csv", ".txt"))


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UsageError, match='no format "avi"') as caught:
        formats.write(REPORT, "avi")
    assert caught.value.hint is not None
    assert all(name in caught.value.hint for name in formats.FORMATS)


def test_what_lies_between_two_windows_is_not_said_to_be_looked_at() -> None:
    looked = (Span(0, 4000), Span(3000, 7000), Span(60_000, 64_000))
    report = Report("a.mp4", "q", "A.", (), "demo", looked=looked)
    assert formats.write(report, "text") == (
        "A.\n(looked at 00:00:00.0 - 00:00:07.0 and 00:01:00.0 - 00:01:04.0 in 3 windows,"
        " model demo)\n"
    )

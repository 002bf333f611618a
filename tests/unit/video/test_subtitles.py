"""Subtitles: what files and tracks say and when, whatever is wrong with them."""

import os
from pathlib import Path

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime import formats
from qvtime.errors import UsageError
from qvtime.report import Report
from qvtime.settings import Limits
from qvtime.subtitles import Cue, Spoken, Subtitles, in_order, is_own, plain_words, words_at
from qvtime.timeline import Event, Span
from qvtime.video.cue_formats import CUE_CHARACTERS, parse_cues
from qvtime.video.subtitles import read_sidecar, read_subtitles, sidecars
from tests.unit.video.cues import Said, said

SRT = """1
00:00:00,500 --> 00:00:01,000
Hello <i>you</i>

2
00:00:01,250 --> 00:00:02,000
Second line
and {\\an8}third
"""
SAID = [(500, 1000, "Hello you"), (1250, 2000, "Second line and third")]


@pytest.mark.parametrize(
    ("text", "cues", "dropped"),
    [
        (SRT, SAID, 0),
        ("\ufeff" + SRT.replace("\n", "\r\n"), SAID, 0),
        (SRT.replace("\n", "\r"), SAID, 0),
        (SRT.replace(",", "."), SAID, 0),
        (SRT.replace("1\n00", "00").replace("2\n00", "00"), SAID, 0),  # no numbers
        ("\n\n" + SRT + "\n\n\n", SAID, 0),
        ("100:00:01,200 --> 1000:00:02,000\nlate", [(360001200, 3600002000, "late")], 0),
        ("00:00:01,5 --> 00:00:02,25\nx", [(1500, 2250, "x")], 0),
        ("00:00:01 --> 00:00:02\nx", [(1000, 2000, "x")], 0),
        ("00:00:01,000-->00:00:02,000 X1:0 Y1:0\nx", [(1000, 2000, "x")], 0),
        ("00:00:01,000 -> 00:00:02,000\nx", [(1000, 2000, "x")], 0),
        ("00:00:01,000 --> 00:00:02,000\na\n\nb\n\n2\n", [(1000, 2000, "a b")], 0),
        ("00:00:01,000 --> 00:00:02,000\n7\n\n2\n00:00:03,000 --> 00:00:04,000\nx", None, 0),
        (
            "00:00:01,000 --> 00:00:02,000\n\n2\n00:00:03,000 --> 00:00:04,000\nx",
            [(3000, 4000, "x")],
            0,
        ),
        ("00:00:01,000 --> 00:00:02,000\nA --> B", [(1000, 2000, "A --› B")], 0),
        ("00:00:01,000 --> 00:00:02,000\n{x} I <3 U", [(1000, 2000, "{x} I ‹3 U")], 0),
        # Damage: dropped and counted, and never words of another cue.
        (SRT.replace("00:00:01,250", "-0:00:01,250"), SAID[:1], 1),
        (SRT.replace("00:00:01,250", "00:00:x1,250"), SAID[:1], 1),
        (SRT.replace("00:00:00,500", "00:99:00,500"), SAID[1:], 1),
        (SRT.replace("00:00:02,000", "00:00:01,250"), SAID[:1], 1),
        (SRT.replace("00:00:02,000", "00:00:00,000"), SAID[:1], 1),
        ("1\n--> \nlost\n\n" + SRT, SAID, 1),
        ("", [], 0),
        ("no cues at all", [], 0),
        ("12:00 is a time; 13:00 too", [], 0),
    ],
)
def test_subrip(text: str, cues: Said | None, dropped: int) -> None:
    wanted = [(1000, 2000, "7"), (3000, 4000, "x")] if cues is None else cues
    found, lost = parse_cues(text)
    assert (said(found), lost) == (wanted, dropped)


def test_webvtt() -> None:
    text = """WEBVTT - a title

STYLE
::cue { color: red }

NOTE nothing

first
00:00.500 --> 00:01.000 align:start position:10%
<v Bob>Hello <c.loud>you</c> <00:00.700>&amp; me &lt;time&gt;

00:00:01.250 --> 00:00:02.000
Second line
third

that is no cue
"""
    found, lost = parse_cues(text)
    assert (said(found), lost) == (
        [(500, 1000, "Hello you & me ‹time›"), (1250, 2000, "Second line third")],
        0,
    )


def test_substation() -> None:
    text = r"""[Script Info]
ScriptType: v4.00+
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,not said
Dialogue: 0,0:00:00.50,0:00:01.00,Default,,0,0,0,,Hello, {\i1}you{\i0}\Nthere\hnow
Dialogue: 0,0:00:01.25,0:00:02.00,Default,,0,0,0,,{\p1}m 0 0 l 9 9{\p0}drawn
Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\p1}m 0 0 l 9 9
Dialogue: 0,0:00:0x.00,0:00:04.00,Default,,0,0,0,,damaged
Dialogue: short
"""
    found, lost = parse_cues(text)
    assert (said(found), lost) == ([(500, 1000, "Hello, you there now"), (1250, 2000, "drawn")], 2)


words = st.text(
    st.characters(codec="utf-8", exclude_characters="<>{}\\&-\r\n", categories=["L", "P"])
)
cue_lists = st.lists(
    st.tuples(st.integers(0, 9 * 3_600_000), st.integers(1, 1000), words.filter(str.strip))
)


@given(cue_lists, st.sampled_from(["srt", "vtt", "ass"]))
def test_sound_files_are_read_as_pysubs2_reads_them(
    cues: list[tuple[int, int, str]], name: str
) -> None:
    file = pysubs2.SSAFile()
    for start_ms, length_ms, text in cues:
        start_ms = start_ms // 10 * 10  # all that SubStation holds
        file.append(pysubs2.SSAEvent(start_ms, start_ms + 10 * length_ms, f"a {text}"))
    text = file.to_string(name)
    reference = pysubs2.SSAFile.from_string(text, format_=name)
    found, lost = parse_cues(text)
    assert lost == 0
    assert said(found) == [
        (event.start, event.end, plain_words(event.plaintext)[:CUE_CHARACTERS])
        for event in reference.events
    ]


@given(
    st.text()
    | st.text("0123456789:,.-> \n{}<>\\ ")
    | st.binary().map(lambda b: b.decode("latin-1"))
)
def test_any_text_gives_plain_cues(text: str) -> None:
    for whole in (text, SRT + text, "WEBVTT\n\n" + text, "[Events]\nDialogue: " + text):
        cues, lost = parse_cues(whole)
        assert lost >= 0
        for cue in cues:
            assert cue.text
            assert cue.text == plain_words(cue.text)
            assert not set(cue.text) & set("<>\n\r\0\x1b")
            assert len(cue.text) <= CUE_CHARACTERS


@pytest.mark.parametrize(
    "piece", ["<a", "{\\a", "{", "<", "&", " ", "\\N", "1:", "-->", "\n1\n", "["]
)
def test_long_lines_take_no_longer_than_their_length(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    for start in ("", "00:00:01,000 --> 00:00:02,000\n", "WEBVTT\n\n00:01.000 --> 00:02.000\n"):
        parse_cues(start + text)
    parse_cues(f"[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,,,,,,,{text}")


@pytest.mark.parametrize(
    ("text", "encoding", "noted"),
    [
        ("naïve café – “déjà vu” was heard", "utf-8", ""),
        ("naïve café – “déjà vu” was heard", "utf-8-sig", ""),
        ("打开冰箱，拿出 milk 😀", "utf-16", " (utf-16)"),
        ("打开冰箱，拿出 milk", "gb18030", " (gb18030)"),
        ("naïve café – “déjà vu” was heard", "windows-1252", " (windows-1252)"),
    ],
)
def test_encodings(video: Path, text: str, encoding: str, noted: str) -> None:
    file = video.with_suffix(".srt")
    file.write_bytes(SRT.replace("Hello <i>you</i>", text).encode(encoding))
    found = read_subtitles(str(video))
    assert said(found) == [(500, 1000, text), SAID[1]]
    assert found.source == f"{file}{noted}"


def test_which_files_beside_a_video_are_its_subtitles(tmp_path: Path) -> None:
    ours = [
        "clip.SRT",
        "clip.mp4.vtt",
        "clip.en.sdh.srt",
        "clip.en.srt",
        "clip.pt-BR.ass",
        "clip.zh_Hans.ssa",
        "clip.en.forced.srt",
    ]
    others = ["clip2.srt", "clip.txt", "clip.trailer.srt", "clip.2.srt", "Clip.srt", "srt", "clip"]
    for name in [*ours, *others, "clip.trailer.mkv", "clip.webm"]:
        (tmp_path / name).touch()
    found = [os.path.relpath(path, tmp_path) for path in sidecars(f"{tmp_path}/clip.mp4")]
    assert found == [ours[0], ours[1], ours[3], ours[2], *ours[4:]]
    assert sidecars(f"{tmp_path}/missing/clip.mp4") == []


def test_subtitles_of_a_video_with_a_longer_name_are_not_taken(tmp_path: Path) -> None:
    for name in ("clip.mp4", "clip.final.mkv", "clip.final.en.srt", "clip.final.mkv.de.srt"):
        (tmp_path / name).touch()
    assert sidecars(f"{tmp_path}/clip.mp4") == []
    assert [Path(one).name for one in sidecars(f"{tmp_path}/clip.final.mkv")] == [
        "clip.final.en.srt",
        "clip.final.mkv.de.srt",
    ]
    (tmp_path / "clip.final.mkv").unlink()
    assert len(sidecars(f"{tmp_path}/clip.mp4")) == 2


def test_a_file_beside_a_video_of_any_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = os.fsdecode(b"caf\xe9")
    (tmp_path / f"{name}.srt").write_text(SRT)
    monkeypatch.chdir(tmp_path)
    assert sidecars(f"{name}.mp4") == [f"{name}.srt"]
    assert said(read_subtitles(f"{name}.mp4")) == SAID


def test_what_qvtime_wrote_is_not_read_back(video: Path) -> None:
    events = (Event(Span(0, 900), "a red circle"), Event(Span(900, 1900), "a blue one"))
    report = Report(str(video), "what happens?", "", events, "demo")
    for name in ("srt", "vtt"):
        written = formats.write(report, name)
        assert is_own(written)
        assert is_own("\ufeff" + written)
        assert len(parse_cues(written)[0]) == 2
        video.with_suffix(f".{name}").write_text(written)
    assert read_subtitles(str(video)) == Subtitles()
    video.with_suffix(".en.srt").write_text(SRT)
    assert said(read_subtitles(str(video))) == SAID
    assert len(read_subtitles(str(video), f"{video.with_suffix('.srt')}")) == 2  # it was asked for
    assert not is_own(SRT)
    assert not is_own("")
    assert not is_own("WEBVTT\n\n00:01.000 --> 00:02.000\nNOTE written by qvtime")


def test_choices(video: Path) -> None:
    other = video.parent / "other.txt"
    other.write_text(SRT)
    video.with_suffix(".srt").write_text(SRT.replace("Hello", "Goodbye"))
    assert said(read_subtitles(str(video)))[0][2] == "Goodbye you"
    assert read_subtitles(str(video), "none") == Subtitles()
    named = read_subtitles(str(video), str(other))
    assert (said(named), named.source, named.dropped) == (SAID, str(other), 0)


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "empty", "binary", "large", "nul"])
def test_a_file_that_gives_no_subtitles(video: Path, kind: str) -> None:
    file = video.with_suffix(".srt")
    limits = Limits(subtitle_bytes=1 << 20)
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    elif kind != "missing":
        content = {"binary": video.read_bytes(), "large": SRT.encode() * 10_000}
        file.write_bytes(content.get(kind, b""))
    named = "nul\0.srt" if kind == "nul" else str(file)
    with pytest.raises(UsageError, match="cannot read the subtitles in") as raised:
        read_subtitles(str(video), named, limits)
    assert named in raised.value.message
    found = read_subtitles(str(video), limits=limits)
    assert found.cues == ()
    if kind not in ("nul", "missing", "empty"):
        assert str(file) in found.damage[0]


def test_cues_come_in_order_and_once() -> None:
    cues = [
        Cue(Span(*times), text)
        for *times, text in ((5, 9, "b"), (0, 3, "a"), (2, 6, "a"), (8, 9, "a"))
    ]
    assert said(list(in_order(cues))) == [(0, 6, "a"), (5, 9, "b"), (8, 9, "a")]


def test_words_go_to_the_nearest_patch() -> None:
    cues = [
        Cue(Span(500, 1600), "goes on"),
        Cue(Span(1900, 2200), "second"),
        Cue(Span(2000, 2100), "twice"),
        Cue(Span(2600, 9000), "third"),
    ]
    centres = (1000, 2000, 3000)
    assert words_at(cues, centres, 100, 100) == (("goes on", "second twice", "third"), 0)
    assert words_at(cues, centres, 12, 100) == (("goes on", "twice", ""), 2)
    assert words_at(cues, centres, 100, 4) == (("goe…", "sec… twi…", "thi…"), 0)
    assert words_at([], centres, 100, 100) == (("", "", ""), 0)
    spoken = Spoken(Subtitles(tuple(cues)), limits=Limits(window_subtitle_characters=11))
    assert spoken.at((2000,), Span(1800, 2300)) == ("second twice",)
    assert spoken.at(centres, Span(1600, 1900)) == ()
    assert spoken.left_out == 0
    assert spoken.at((2000, 2600), Span(1800, 3000)) == ("second twice", "")
    assert spoken.left_out == 1


@pytest.mark.parametrize("blank", ["", "\ufeff \n\n"])
def test_a_blank_file_is_no_damage(tmp_path: Path, blank: str) -> None:
    (tmp_path / "clip.srt").write_text(blank, "utf-8")
    assert read_sidecar(str(tmp_path / "clip.mp4")) is None
    (tmp_path / "clip.en.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n")
    found = read_sidecar(str(tmp_path / "clip.mp4"))
    assert found is not None
    assert [cue.text for cue in found] == ["Hello"]

"""Names of videos: which files are some, and which mean the same one."""

import json
import os
import unicodedata

import pytest

from qvtime import formats
from qvtime.evaluation.entries import query_name
from qvtime.report import Report
from qvtime.video_names import VIDEO_ENDINGS, bare_name, is_video_name, video_name


@pytest.mark.parametrize("name", ["a.mp4", "A.WeBm", "x.y.ts", "\n.mov", "\udcff.m2ts"])
def test_names_of_videos(name: str) -> None:
    assert is_video_name(name)


@pytest.mark.parametrize(
    "name", ["mp4", ".mp4", "a.mp4.part", "a.m\u212av", "a.t\u017f", "a.mp4\n"]
)
def test_names_of_others(name: str) -> None:
    assert not is_video_name(name)


@pytest.mark.parametrize("ending", VIDEO_ENDINGS)
def test_every_ending_is_left_out(ending: str) -> None:
    assert video_name(f"a/b\\v1.{ending.upper()}") == "v1"


@pytest.mark.parametrize("name", ["RoripwjYFp8_360.0_510.0", "a.part", ".mp4", "mp4", ""])
def test_other_names_are_whole(name: str) -> None:
    assert video_name(name) == name


def test_one_spelling_of_letters_is_as_good_as_another() -> None:
    composed = "caf\u00e9"
    assert video_name(unicodedata.normalize("NFD", composed) + ".mp4") == composed  # as macOS may
    assert query_name(unicodedata.normalize("NFD", composed)) == query_name(composed)


@pytest.mark.parametrize("name", [b"caf\xe9", b"\xe4\xb8.x", b"\xff\xfe"])
@pytest.mark.parametrize("format_name", ["jsonl", "segments"])
def test_what_is_written_of_a_name_that_is_no_unicode_finds_the_file(
    name: bytes, format_name: str
) -> None:
    path = os.fsdecode(b"folder/" + name + b".mp4")
    written = json.loads(formats.write(Report(path, "", "", (), "m"), format_name))
    said = written["video"]["path"] if format_name == "jsonl" else written["video_id"]
    assert video_name(said) == video_name(path)


def test_half_a_surrogate_pair_of_a_file_is_a_name_too() -> None:
    assert video_name("\ud800.mp4") == "?"


@pytest.mark.parametrize("name", ["a.mov.mp4", "a.ts.ts", ".mp4.mp4", "a.b.mkv"])
def test_a_bare_name_is_its_own(name: str) -> None:
    bare = bare_name(name)
    assert bare != name
    assert bare_name(bare) == bare

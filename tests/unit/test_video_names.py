"""Names of videos: which files are some, and which mean the same one."""

import pytest

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


@pytest.mark.parametrize("name", ["a.mov.mp4", "a.ts.ts", ".mp4.mp4", "a.b.mkv"])
def test_a_bare_name_is_its_own(name: str) -> None:
    bare = bare_name(name)
    assert bare != name
    assert bare_name(bare) == bare

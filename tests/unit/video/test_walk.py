"""Walking folders: which files, in which order, whatever their names and whatever fails."""

import io
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvtime.errors import UsageError, VideoError, VideoNotFound
from qvtime.tasks.clips import clip_name
from qvtime.timeline import Span
from qvtime.video.walk import LONGEST_PATH_BYTES, read_file_list, walk

TREE = (
    "b.mp4",
    "a.MKV",
    "notes.txt",
    "clip.srt",
    "no-ending",
    ".hidden.mp4",
    ".qvtime/kept.mp4",
    "raw/1.mp4",
    "raw/deep/2.webm",
    "raw/deep/deeper/3.mov",
    "z/raw/4.avi",
    "z/5.ts",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name in TREE:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def below(root: Path, found: list[str]) -> list[str]:
    return [os.path.relpath(path, root) for path in found]


def test_a_folder_gives_its_videos_in_order(tree: Path) -> None:
    assert below(tree, list(walk([str(tree)]))) == [
        "a.MKV",
        "b.mp4",
        "raw/1.mp4",
        "raw/deep/2.webm",
        "raw/deep/deeper/3.mov",
        "z/5.ts",
        "z/raw/4.avi",
    ]


def test_clips_that_were_cut_are_not_searched_again(tree: Path) -> None:
    before = list(walk([str(tree)]))
    own = [clip_name(str(tree / "b.mp4"), Span(1000, 2000), ".mp4", k) for k in (1, 2)]
    own.append(clip_name("x" * 300, Span(360_000_000, 361_000_500), ".mkv"))
    for name in own:
        (tree / "z" / name).write_bytes(b"x")
    (tree / "holiday_2024-01-02_00-10-00.mp4").write_bytes(b"x")
    found = list(walk([str(tree)]))
    assert set(found) - set(before) == {str(tree / "holiday_2024-01-02_00-10-00.mp4")}
    named = str(tree / "z" / own[0])
    assert list(walk([named])) == [named]
    assert named in list(walk([str(tree)], include=["*.mp4"]))


def test_one_level_only(tree: Path) -> None:
    assert below(tree, list(walk([str(tree)], recursive=False))) == ["a.MKV", "b.mp4"]


@pytest.mark.parametrize(
    ("include", "exclude", "found"),
    [
        (["*.mp4"], [], ["b.mp4", "raw/1.mp4"]),
        (["raw"], [], ["raw/1.mp4", "raw/deep/2.webm", "raw/deep/deeper/3.mov", "z/raw/4.avi"]),
        (["/raw"], [], ["raw/1.mp4", "raw/deep/2.webm", "raw/deep/deeper/3.mov"]),
        (["raw/*.mp4"], [], ["raw/1.mp4"]),
        (["raw/*"], [], ["raw/1.mp4", "raw/deep/2.webm", "raw/deep/deeper/3.mov"]),
        (["raw/**/3.mov"], [], ["raw/deep/deeper/3.mov"]),
        (["**/[0-2].*"], [], ["raw/1.mp4", "raw/deep/2.webm"]),
        (["[!0-9].*"], [], ["a.MKV", "b.mp4"]),
        (["?.mp4", "5.ts"], ["b*"], ["raw/1.mp4", "z/5.ts"]),
        (["*.MP4"], [], []),
        ([], ["raw/"], ["a.MKV", "b.mp4", "z/5.ts"]),
        ([], ["raw/deep/", "z"], ["a.MKV", "b.mp4", "raw/1.mp4"]),
        ([], ["[z-a]*", "[", "&&[a||b--~~]"], ["all"]),
        (["z/raw"], ["raw"], []),
    ],
)
def test_globs(tree: Path, include: list[str], exclude: list[str], found: list[str]) -> None:
    everything = below(tree, list(walk([str(tree)])))
    wanted = everything if found == ["all"] else found
    assert below(tree, list(walk([str(tree)], include=include, exclude=exclude))) == wanted


def test_files_are_taken_as_they_are_named(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    named = ["no-ending", "./.hidden.mp4", "raw/../b.mp4"]
    assert list(walk(named, include=["*.mkv"], exclude=["*"])) == named
    assert list(walk(["raw//", "."], recursive=False)) == ["raw/1.mp4", "./a.MKV", "./b.mp4"]


def test_no_file_comes_twice(tree: Path) -> None:
    root = str(tree)
    (tree.parent / "link").symlink_to(tree)
    several = [
        f"{root}/z/5.ts",
        f"{root}/z/../z/5.ts",
        f"{root}/z",
        root,
        f"{root}/",
        f"{root}/../link",
    ]
    found = [os.path.realpath(path) for path in walk(several)]
    assert len(found) == len(set(found)) == 7
    assert found[0] == f"{root}/z/5.ts"


def test_links_in_a_folder_are_not_followed(tree: Path) -> None:
    before = list(walk([str(tree)]))
    (tree / "loop").symlink_to(tree)
    (tree / "self").symlink_to("self")
    (tree / "out.mp4").symlink_to("/etc/passwd")
    (tree / "gone.mp4").symlink_to("nowhere")
    assert list(walk([str(tree)])) == before


def test_links_that_are_named_are_followed(tree: Path) -> None:
    link, file_link = tree.parent / "link", tree.parent / "c"
    link.symlink_to(tree / "z")
    file_link.symlink_to(tree / "b.mp4")
    assert list(walk([str(link), str(file_link)])) == [
        f"{link}/5.ts",
        f"{link}/raw/4.avi",
        str(file_link),
    ]


def test_only_regular_files_are_videos(tree: Path) -> None:
    before = list(walk([str(tree)]))
    os.mkfifo(tree / "pipe.mp4")
    (tree / "folder.mp4").mkdir()
    assert list(walk([str(tree)])) == before


def test_names_of_any_bytes(tmp_path: Path) -> None:
    names = [b"caf\xe9-\xff.mp4", b"-dash.mp4", b"new\nline.mp4", b"%03d.mp4", b"x" * 251 + b".mp4"]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    found = [os.fsencode(path) for path in walk([str(tmp_path)])]
    assert found == [os.fsencode(tmp_path) + b"/" + name for name in sorted(names)]


def test_a_failure_does_not_stop_the_others(tree: Path) -> None:
    named = [str(tree / "missing.mp4"), str(tree / "b.mp4"), "", "nul\0.mp4", str(tree / "z")]
    failures: list[VideoError] = []
    found = list(walk(named, failed=failures.append))
    assert below(tree, found) == ["b.mp4", "z/5.ts", "z/raw/4.avi"]
    assert [type(error) for error in failures] == [VideoNotFound] * 3
    assert "missing.mp4: there is no such file" in failures[0].message

    walked = walk(named)
    assert [next(walked), next(walked), next(walked)] == found
    with pytest.raises(VideoError, match=r"missing\.mp4.*; .*nul") as raised:
        next(walked)
    assert raised.value.exit_code == 3


def test_a_folder_that_cannot_be_read_is_named(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests may run as root, whom no mode keeps out.
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("/raw"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    failures: list[VideoError] = []
    found = list(walk([str(tree)], failed=failures.append))
    assert below(tree, found) == ["a.MKV", "b.mp4", "z/5.ts"]
    assert [error.message for error in failures] == [
        f"{tree}/raw: cannot be opened: Permission denied",
        f"{tree}/z/raw: cannot be opened: Permission denied",
    ]


def test_a_deep_tree_ends(tmp_path: Path) -> None:
    depth = 1010  # Python calls itself 1000 times at most
    folder = str(tmp_path)
    try:
        for _ in range(depth):
            folder += "/d"
            os.mkdir(folder)  # noqa: PTH102 - a Path takes long here
        Path(f"{folder}/end.mp4").write_bytes(b"x")
        assert list(walk([str(tmp_path)])) == [f"{folder}/end.mp4"]
    finally:  # pytest could not remove it
        Path(f"{folder}/end.mp4").unlink(missing_ok=True)
        while folder != str(tmp_path):
            os.rmdir(folder)  # noqa: PTH106
            folder = folder.removesuffix("/d")


def test_a_walk_takes_one_path_at_a_time(tree: Path) -> None:
    taken = []

    def paths() -> Iterator[str]:
        for name in ("b.mp4", "z"):
            taken.append(name)
            yield str(tree / name)

    walked = walk(paths())
    assert next(walked) == str(tree / "b.mp4")
    assert taken == ["b.mp4"]
    assert len(list(walked)) == 2


class Trickle(io.RawIOBase):
    """A pipe that gives a few bytes at a time, and says how many it gave."""

    def __init__(self, data: bytes, seed: int = 0) -> None:
        self.data, self.given = data, 0
        self._random = random.Random(seed)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        count = min(len(view), self._random.randint(1, 7), len(self.data) - self.given)
        view[:count] = self.data[self.given : self.given + count]
        self.given += count
        return count


def trickled(data: bytes, seed: int = 0) -> tuple[io.BufferedReader, Trickle]:
    pipe = Trickle(data, seed)
    return io.BufferedReader(pipe), pipe


@given(
    st.lists(st.binary(min_size=1, max_size=20).map(lambda b: b.replace(b"\0", b"\n"))),
    st.integers(0, 5),
)
def test_a_list_ended_by_nul_gives_every_path(paths: list[bytes], seed: int) -> None:
    stream, _ = trickled(b"".join(path + b"\0" for path in paths), seed)
    assert [os.fsencode(path) for path in read_file_list(stream, nul=True)] == paths


@given(st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\0", b"").replace(b"\n", b""))))
def test_a_list_of_lines_gives_every_path(paths: list[bytes]) -> None:
    wanted = [path for path in paths if path]
    found = read_file_list(io.BytesIO(b"\n".join(paths)), nul=False)
    assert [os.fsencode(path) for path in found] == wanted


def test_the_first_path_is_out_before_the_last_is_in() -> None:
    for end, nul in ((b"\n", False), (b"\0", True)):
        stream, pipe = trickled(b"first.mp4" + end + b"later.mp4" + end * 4000)
        assert next(read_file_list(stream, nul)) == "first.mp4"
        assert pipe.given < 40


def test_a_list_with_crlf_is_said(tree: Path) -> None:
    stream = io.BytesIO(b"none.mp4\r\n")
    with pytest.raises(VideoNotFound) as raised:
        list(walk(read_file_list(stream, nul=False)))
    assert raised.value.hint == "a list has plain newlines, no CRLF"


@pytest.mark.parametrize("data", [b"a.mp4\0b.mp4\0", b"a" * (3 * LONGEST_PATH_BYTES)])
def test_what_is_no_list_is_said(data: bytes) -> None:
    with pytest.raises(UsageError) as raised:
        list(read_file_list(io.BytesIO(data), nul=False))
    assert "-0" in (raised.value.hint or "")

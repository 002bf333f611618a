"""Where an index leads: into its folder, and not through links that a stranger laid."""

import os
from pathlib import Path

import pytest

from qvtime.errors import VideoError
from qvtime.store.index import open_index
from qvtime.store.place import place_of
from qvtime.tasks.search import refuse_links


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "private.mp4").write_text("private")
    (folder / "plain.mp4").write_text("plain")
    (folder / "link.mp4").symlink_to(tmp_path / "private.mp4")
    (folder / "sub" / "up").symlink_to(tmp_path)
    open_index(place_of(str(folder)), writing=True).close()
    return folder


def test_ones_own_links_are_believed(videos: Path) -> None:
    for name in ("plain.mp4", "link.mp4", "sub/up/private.mp4", "none.mp4"):
        refuse_links(str(videos), str(videos / name))


def test_a_strangers_links_are_not_followed(videos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    someone_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: someone_else)
    refuse_links(str(videos), str(videos / "plain.mp4"))
    refuse_links(str(videos), str(videos / "none.mp4"))
    for name, link in (("link.mp4", "link.mp4"), ("sub/up/private.mp4", "sub/up")):
        with pytest.raises(VideoError, match=f"{videos / link} is a link"):
            refuse_links(str(videos), str(videos / name))
